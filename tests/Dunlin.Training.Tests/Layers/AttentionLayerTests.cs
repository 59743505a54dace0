using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Training.Layers;

namespace Dunlin.Training.Tests.Layers;

public class AttentionLayerTests
{
    private static readonly Tensor Input = TestSession.Numbers([2, 5, 6]);

    private static float[] Run(Graph graph, Value value)
    {
        using var session = new Session(graph, TestSession.Options);
        return session.Run(value).ToArray<float>();
    }

    [Fact]
    public void One_head_is_attention_between_linear_maps()
    {
        var graph = new Graph();
        var x = graph.Constant(Input);
        var y = new BuildContext(graph, training: false).Apply(new MultiHeadAttention(6, heads: 1), x);
        Value Map(string name, Value v) => v.MatMul(graph.FindVariable($"multi_head_attention/{name}/weight")!.Value, transposeB: true);
        var expected = Map("output", Map("query", x).ScaledDotProductAttention(Map("key", x), Map("value", x)));
        Assert.Equal(Run(graph, expected), Run(graph, y), (a, b) => Math.Abs(a - b) < 1e-5);
    }

    [Fact]
    public void Padding_and_what_comes_later_do_not_change_what_is_real()
    {
        var changed = Input.Clone();
        changed.Span<float>()[(3 * 6)..(5 * 6)].Fill(9);
        float[] First(Tensor input, bool causal)
        {
            var graph = new Graph();
            Layer block = new TransformerEncoderBlock(6, 2, causal: causal);
            if (!causal) block = ((TransformerEncoderBlock)block).Within(graph.Constant(Tensor.From([3, 5])));
            return Run(graph, new BuildContext(graph, training: false).Apply(block, graph.Constant(input)))[..(3 * 6)];
        }
        foreach (var causal in new[] { false, true }) Assert.Equal(First(Input, causal), First(changed, causal));
    }

    [Fact]
    public void A_view_over_a_memory_shares_the_layers_variables_and_has_the_queries_length()
    {
        var graph = new Graph();
        var context = new BuildContext(graph, training: false);
        var attention = new MultiHeadAttention(6, 3);
        context.Apply(attention, graph.Constant(Input));
        var variables = graph.Variables.Count;
        var y = context.Apply(attention.Over(graph.Constant(TestSession.Numbers([2, 9, 6])), graph.Constant(Tensor.From([9, 4]))), graph.Constant(Input));
        Assert.Equal([2, 5, 6], y.Shape);
        Assert.Equal((8, 8), (variables, graph.Variables.Count));
    }

    [Theory, InlineData(true), InlineData(false)]
    public void A_block_learns_and_takes_unknown_lengths(bool first)
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float32, [Shape.Unknown, Shape.Unknown, 6]);
        var y = new BuildContext(graph, training: true, counter: graph.Constant(1, DType.Int64)).Apply(new TransformerEncoderBlock(6, 2, dropout: 0.1) { NormalizesFirst = first }, x);
        Assert.Equal(x.Shape, y.Shape);
        var gradients = Gradients.Of(y.Square().Mean(), graph.Variables);
        Assert.Equal(16, gradients.Count);
        using var session = new Session(graph, TestSession.Options);
        Assert.All(gradients, g => Assert.Contains(session.Run(g!.Dense(), (x, Input)).ToArray<float>(), v => v != 0 && float.IsFinite(v)));
    }

    [Fact]
    public void Positions_are_sines_and_cosines_of_falling_rates()
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float32, [Shape.Unknown, Shape.Unknown, 4]);
        var y = new BuildContext(graph, training: false).Apply(new SinusoidalPositions(), x);
        using var session = new Session(graph, TestSession.Options);
        var p = session.Run(y, (x, Tensor.Zeros(DType.Float32, [2, 3, 4]))).ToArray<float>();
        for (var i = 0; i < p.Length; i++)
        {
            var (t, d) = (i / 4 % 3, i % 4);
            var angle = t / Math.Pow(10_000, d / 2 * 2 / 4.0);
            Assert.Equal(d % 2 == 0 ? Math.Sin(angle) : Math.Cos(angle), p[i], 1e-6);
        }
    }

    [Fact]
    public void Heads_that_do_not_divide_the_features_and_odd_features_are_refused()
    {
        Assert.Contains("features is a multiple of the 2 heads, not 7", Assert.Throws<InvalidValueException>(() => new MultiHeadAttention(7, 2)).Message, StringComparison.Ordinal);
        var graph = new Graph();
        Assert.Throws<ShapeException>(() => new BuildContext(graph, training: false).Apply(new SinusoidalPositions(), graph.Placeholder("x", DType.Float32, [1, 2, 3])));
    }
}
