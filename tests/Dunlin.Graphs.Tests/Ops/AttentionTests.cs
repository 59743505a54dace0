using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Testing;
using static Dunlin.Graphs.Tests.Ops.Numbers;

namespace Dunlin.Graphs.Tests.Ops;

public class AttentionTests
{
    private const int Batch = 2, Heads = 2, Queries = 5, Keys = 4, Width = 3;

    private static readonly Tensor Query = Signed(Batch, Heads, Queries, Width);
    private static readonly Tensor Key = Between(-2, 2, Batch, Heads, Keys, Width);
    private static readonly Tensor Payload = Between(-1, 3, Batch, Heads, Keys, Width);

    private static double[] Attention(Func<IReadOnlyList<Value>, AttentionOptions> options, params Tensor[] more) =>
        Evaluate.Of(x => x[0].ScaledDotProductAttention(x[1], x[2], options(x)), [Query, Key, Payload, .. more]).ToArray<double>();

    /// <summary>By the formula; <paramref name="bias"/> of −∞ hides a key.</summary>
    private static double[] Naive(Func<int, int, int, int, double> bias, double scale)
    {
        var (q, k, v) = (Query.ToArray<double>(), Key.ToArray<double>(), Payload.ToArray<double>());
        var y = new double[q.Length];
        for (var m = 0; m < Batch * Heads; m++)
            for (var i = 0; i < Queries; i++)
            {
                double[] weights = [.. Enumerable.Range(0, Keys).Select(j => Math.Exp(bias(m / Heads, m % Heads, i, j)
                    + scale * Enumerable.Range(0, Width).Sum(d => q[(m * Queries + i) * Width + d] * k[(m * Keys + j) * Width + d])))];
                for (var d = 0; d < Width; d++)
                    y[(m * Queries + i) * Width + d] = weights.Sum() == 0 ? 0 : Enumerable.Range(0, Keys).Sum(j => weights[j] * v[(m * Keys + j) * Width + d]) / weights.Sum();
            }
        return y;
    }

    private static void Same(double[] expected, double[] actual) => Assert.All(expected.Zip(actual), p => Assert.Equal(p.First, p.Second, 1e-12));

    public static TheoryData<int?> Blocks => [null, 1, 2, 5, 9];

    [Theory, MemberData(nameof(Blocks))]
    public void Attention_follows_its_formula_whatever_the_blocks(int? block)
    {
        var none = double.NegativeInfinity;
        var root = 1 / Math.Sqrt(Width);
        Same(Naive((_, _, _, _) => 0, root), Attention(_ => new() { QueryBlock = block }));
        Same(Naive((_, _, _, _) => 0, 0.3), Attention(_ => new() { Scale = 0.3, QueryBlock = block }));
        Same(Naive((_, _, i, j) => j <= i ? 0 : none, root), Attention(_ => new() { Causal = true, QueryBlock = block }));
        int[] lengths = [3, 0];
        Same(Naive((n, _, i, j) => j < lengths[n] && j <= i ? 0 : none, root), Attention(x => new() { Causal = true, KeyLengths = x[3], QueryBlock = block }, Integers(lengths)));
        var seen = Tensor.From([.. Enumerable.Range(0, Queries * Keys).Select(i => i % 3 == 0)], [Queries, Keys]);
        Same(Naive((_, _, i, j) => seen.ToArray<bool>()[i * Keys + j] ? 0 : none, root), Attention(x => new() { Mask = x[3], QueryBlock = block }, seen));
        var bias = Between(-1, 1, Heads, 1, Keys);
        Same(Naive((_, h, i, j) => j <= i ? bias.ToArray<double>()[h * Keys + j] : none, root), Attention(x => new() { Mask = x[3], Causal = true, QueryBlock = block }, bias));
    }

    [Theory, InlineData(null), InlineData(2)]
    public void Its_gradients_agree_with_finite_differences(int? block)
    {
        Tensor[] inputs = [Signed(1, 2, 3, 2), Signed(1, 2, 3, 2), Between(0, 1, 1, 2, 3, 2), Signed(3, 3), Integers([2])];
        GradientCheck.Assert((_, x) => x[0].ScaledDotProductAttention(x[1], x[2], new() { Causal = true, Mask = x[3], KeyLengths = x[4], QueryBlock = block }).Square(),
            new GradientCheck.Options { SecondOrder = true }, inputs);
    }

    [Fact]
    public void The_number_of_places_may_be_unknown_unless_there_are_blocks()
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float32, [Shape.Unknown, Shape.Unknown, 4]);
        Assert.Equal(x.Shape, x.ScaledDotProductAttention(x, x, new() { Causal = true }).Shape);
        Assert.Contains("known number of queries", Assert.Throws<ShapeException>(() => x.ScaledDotProductAttention(x, x, new() { QueryBlock = 2 })).Message, StringComparison.Ordinal);
        Assert.Contains("mask is Bool or Float32", Assert.Throws<ShapeException>(() => x.ScaledDotProductAttention(x, x, new() { Mask = graph.Constant(1, DType.Int32) })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sixteen_bits_hold_masked_scores()
    {
        foreach (var (type, tolerance) in new[] { (DType.Float16, 0.01), (DType.BFloat16, 0.05) })
        {
            var y = Evaluate.Of(x =>
            {
                Value[] half = [.. x.Select(v => v.Cast(type))];
                return half[0].ScaledDotProductAttention(half[1], half[2], new() { Causal = true }).Cast(DType.Float64);
            }, Query, Key, Payload).ToArray<double>();
            Assert.All(Attention(_ => new() { Causal = true }).Zip(y), p => Assert.Equal(p.First, p.Second, tolerance));
        }
    }
}
