using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;
using static Dunlin.Graphs.Tests.Ops.Numbers;

namespace Dunlin.Graphs.Tests.Ops;

/// <summary>The attention that works block by block beside the one made of products and a softmax.</summary>
public class AttentionKernelTests
{
    private const int Batch = 2, Heads = 2;

    /// <summary>Forms of attention by name: options, and shapes of the mask, given the numbers of queries and keys.</summary>
    private static AttentionOptions Options(string form, IReadOnlyList<Value> x) => form switch
    {
        "plain" => new(),
        "causal" => new() { Causal = true },
        "lengths" => new() { KeyLengths = x[4] },
        "hidden" => new() { Mask = x[3] > 0.2, Causal = true },
        "dropped" => new() { DropWeights = new(x[5], 0.3, 9, 4), Causal = true },
        _ => new() { Mask = x[3], KeyLengths = x[4], Scale = 0.4 },
    };

    private static int[] Mask(string form, int queries, int keys) => form switch
    {
        "bias of heads" => [Heads, 1, keys],
        "bias of queries" => [Batch, 1, queries, 1],
        "bias" => [Batch, Heads, queries, keys],
        _ => [queries, keys],
    };

    public static TheoryData<string, int, int, int, int> Cases
    {
        get
        {
            var cases = new TheoryData<string, int, int, int, int>();
            foreach (var form in new[] { "plain", "causal", "lengths", "hidden", "dropped", "bias", "bias of heads", "bias of queries" })
                foreach (var (queries, keys, width, valueWidth) in new[] { (1, 1, 1, 1), (5, 3, 2, 7), (97, 270, 8, 5), (200, 97, 3, 16), (0, 3, 2, 2), (3, 0, 2, 2) })
                    cases.Add(form, queries, keys, width, valueWidth);
            return cases;
        }
    }

    /// <summary>Output and gradients by q, k, v and the mask, of either computation.</summary>
    private static Tensor[] Run(string form, bool composed, DType type, int threads, params Tensor[] inputs)
    {
        var graph = new Graph();
        Value[] feeds = [.. inputs.Select((x, i) => graph.Placeholder($"x{i}", x.Type, x.Shape))];
        Value[] x = [.. feeds.Select(f => f.Type == DType.Float64 ? f.Cast(type) : f)];
        var options = Options(form, x);
        var y = x[0].ScaledDotProductAttention(x[1], x[2], composed ? options with { Dropout = w => w } : options);
        Assert.Equal(!composed, graph.Nodes.Any(n => n.Operation is Attention));
        var gradients = Gradients.Of((y * y * y).Sum(), x[0], x[1], x[2], x[3]);
        using var session = new Session(graph, new SessionOptions { Threads = threads, Kernels = KernelSets.Managed });
        return [.. session.Compile(feeds, [y.Cast(DType.Float64), .. gradients.Select((g, i) => (g?.Dense() ?? x[i].ZerosLike()).Cast(DType.Float64))]).Run(inputs)];
    }

    private static Tensor[] Inputs(string form, int queries, int keys, int width, int valueWidth) =>
    [
        Between(-2, 2, Batch, Heads, queries, width), Signed(Batch, Heads, keys, width), Signed(Batch, Heads, keys, valueWidth),
        Signed(Mask(form, queries, keys)), Integers([keys, keys / 3]), Counter(7),
    ];

    [Theory, MemberData(nameof(Cases))]
    public void It_equals_products_and_a_softmax_to_rounding(string form, int queries, int keys, int width, int valueWidth)
    {
        var inputs = Inputs(form, queries, keys, width, valueWidth);
        var expected = Run(form, composed: true, DType.Float64, 1, inputs);
        foreach (var (type, tolerance) in new[] { (DType.Float64, 1e-12), (DType.Float32, 2e-5) })
            foreach (var (e, a) in expected.Zip(Run(form, composed: false, type, 2, inputs)))
            {
                Assert.Equal(e.Shape, a.Shape);
                var scale = Math.Max(1, e.ToArray<double>().Select(Math.Abs).DefaultIfEmpty().Max());
                Assert.All(e.ToArray<double>().Zip(a.ToArray<double>()), p => Assert.Equal(p.First, p.Second, tolerance * scale));
            }
    }

    [Theory, InlineData("causal"), InlineData("bias"), InlineData("dropped")]
    public void The_number_of_threads_changes_no_bit(string form)
    {
        // Four matrices: whole ones for 1 and 2 threads, blocks of them for 3.
        var inputs = Inputs(form, 300, 280, 5, 4);
        var one = Run(form, composed: false, DType.Float32, 1, inputs);
        foreach (var threads in new[] { 2, 3 })
            Assert.All(one.Zip(Run(form, composed: false, DType.Float32, threads, inputs)), p => Assert.Equal(p.First.ToArray<double>(), p.Second.ToArray<double>()));
    }

    [Fact]
    public void Memory_grows_with_the_places_and_not_with_their_square()
    {
        const int places = 2048, width = 16;
        long Arena(bool composed)
        {
            var graph = new Graph();
            var x = graph.Placeholder("x", DType.Float32, [1, 2, places, width]);
            var y = x.ScaledDotProductAttention(x + 1, x * 2, composed ? new() { Causal = true, Dropout = w => w } : new() { Causal = true });
            using var session = new Session(graph, new SessionOptions { Threads = 2, Kernels = KernelSets.Managed });
            return session.Compile([x], [y, Gradients.Of(y.Square().Sum(), x)[0]!.Dense()]).PlanFor([Tensor.Zeros(DType.Float32, x.Shape)]).ArenaBytes;
        }
        Assert.True(Arena(composed: true) > 2L * places * places * sizeof(float));
        Assert.InRange(Arena(composed: false), 1, places * places * sizeof(float) / 4);
    }

    [Fact]
    public void Scores_may_be_huge_and_keys_hidden_by_an_infinite_bias()
    {
        var (q, k, v) = (Tensor.From([1e4, -1e4], [2, 1]), Tensor.From([1e4, 2e4, -1e4], [3, 1]), Tensor.From([1.0, 2, 3], [3, 1]));
        Assert.Equal([2.0, 3], Evaluate.Of(x => x[0].ScaledDotProductAttention(x[1], x[2]), q, k, v).ToArray<double>());
        var bias = Tensor.From([0, double.NegativeInfinity, 0, double.NegativeInfinity, double.NegativeInfinity, double.NegativeInfinity], [2, 3]);
        Assert.Equal([1.0, 0], Evaluate.Of(x => x[0].ScaledDotProductAttention(x[1], x[2], new() { Mask = x[3] }), q, k, v, bias).ToArray<double>());
        var gradient = Evaluate.Of(x => Gradients.Of(x[0].ScaledDotProductAttention(x[1], x[2], new() { Mask = x[3] }).Sum(), x[2])[0]!.Dense(), q, k, v, bias);
        Assert.Equal([1.0, 0, 0], gradient.ToArray<double>());
    }

    [Fact]
    public void NaN_is_not_hidden()
    {
        var y = Evaluate.Of(x => x[0].ScaledDotProductAttention(x[1], x[2]), Tensor.From([double.NaN, 1], [2, 1]), Signed(3, 1), Signed(3, 1)).ToArray<double>();
        Assert.True(double.IsNaN(y[0]) && double.IsFinite(y[1]));
    }

    [Theory, InlineData(-1), InlineData(4)]
    public void A_length_that_is_not_from_0_to_the_keys_is_refused(int length)
    {
        var e = Assert.Throws<DunlinException>(() => Evaluate.Of(x => x[0].ScaledDotProductAttention(x[1], x[2], new() { KeyLengths = x[3] }), Signed(1, 2, 2), Signed(1, 3, 2), Signed(1, 3, 2), Integers([length])));
        Assert.Contains($"length 0 is {length}, but there are 3 keys", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Many_examples_at_once_are_one_operation_also_with_masks()
    {
        Tensor[] inputs = [Signed(3, 2, 4, 2), Signed(3, 2, 5, 2), Signed(2, 5, 3), Signed(3, 4, 5), Integers([5, 0, 3, 2, 1, 4], 3, 2)];
        Value[] Each(IReadOnlyList<Value> x)
        {
            var y = x[0].ScaledDotProductAttention(x[1], x[2], new() { Mask = x[3], KeyLengths = x[4] });
            return [y, .. Gradients.Of(y.Square().Sum(), x[0], x[1], x[2], x[3]).Select(g => g!.Dense())];
        }
        var graph = new Graph();
        Value[] xs = [.. inputs.Select((t, i) => graph.Placeholder($"x{i}", t.Type, t.Shape))];
        var mapped = Vectorize.Map(Each, xs, [0, 0, null, 0, 0]);
        var first = graph.Nodes.Count;
        IReadOnlyList<Value>[] alone = [.. Enumerable.Range(0, 3).Select(e => Each([.. xs.Select((x, i) => i == 2 ? x : x.StridedSlice(e..(e + 1)).Squeeze(0))]))];
        Assert.Equal(2, graph.Nodes.Take(first).Count(n => n.Operation is Attention));
        using var session = new Session(graph, new SessionOptions { Threads = 1, Kernels = KernelSets.Managed });
        var results = session.Compile(xs, [.. mapped, .. Enumerable.Range(0, 5).Select(o => Operations.Stack([.. alone.Select(a => a[o])]))]).Run(inputs);
        for (var o = 0; o < 5; o++)
            Assert.All(results[o].ToArray<double>().Zip(results[o + 5].ToArray<double>()), p => Assert.Equal(p.First, p.Second, 1e-12));
    }
}
