using Dunlin.Graphs.Ops;
using Dunlin.Graphs.Passes;
using Dunlin.Graphs.Tests.Ops;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Tests.Plans;

public class PassTests
{
    private static (Graph Graph, Value[] Feeds, Value[] Fetches) SmallNet()
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float64, [Shape.Unknown, 2, 6, 6]);
        var labels = graph.Placeholder("labels", DType.Int32, [Shape.Unknown]);
        var kernel = graph.Placeholder("kernel", DType.Float64, [4, 2, 3, 3]);
        var bias = graph.Placeholder("bias", DType.Float64, [4, 1, 1]);
        var weights = graph.Placeholder("weights", DType.Float64, [16, 3]);
        var scale = graph.Placeholder("scale", DType.Float64, [4]);
        var y = (x.Conv(kernel) + bias).Relu().BatchNorm(scale, scale * 2).Y.MaxPool([2, 2], Sliding.Uniform(2, stride: 2));
        var loss = ((y * 1 + 0).Flatten().Gelu().MatMul(weights) + 0.5).SoftmaxCrossEntropy(labels).Mean() + weights.Square().Sum() * 0.01;
        Value[] parameters = [kernel, bias, weights, scale];
        return (graph, [x, labels, .. parameters], [loss, .. Gradients.Of(loss, parameters).Select(g => g!.Dense())]);
    }

    private static readonly Tensor[] Feeds =
        [Numbers.Signed(5, 2, 6, 6), Numbers.Integers([0, 2, 1, 1, 0]), Numbers.Signed(4, 2, 3, 3), Numbers.Signed(4, 1, 1), Numbers.Signed(16, 3), Numbers.Signed(4)];

    private static IReadOnlyList<Tensor> Run(params string[] disabled)
    {
        var (graph, feeds, fetches) = SmallNet();
        using var session = new Session(graph, new SessionOptions { Threads = 1, Kernels = KernelSets.Managed, DisabledPasses = disabled.ToHashSet() });
        return session.Compile(feeds, fetches).Run(Feeds);
    }

    private static void Same(IReadOnlyList<Tensor> expected, IReadOnlyList<Tensor> actual)
    {
        for (var i = 0; i < expected.Count; i++)
            for (var e = 0; e < expected[i].ElementCount; e++)
                Assert.Equal(expected[i].Span<double>()[e], actual[i].Span<double>()[e], 1e-12);
    }

    public static TheoryData<string> Names => [.. PlanPasses.All.Select(p => p.Name)];

    [Theory, MemberData(nameof(Names))]
    public void Leaving_a_pass_out_changes_no_result(string pass) => Same(Run([.. PlanPasses.All.Select(p => p.Name)]), Run(pass));

    [Fact]
    public void All_passes_together_change_no_result() => Same(Run([.. PlanPasses.All.Select(p => p.Name)]), Run());

    [Fact]
    public void Groups_that_would_feed_each_other_are_not_both_fused()
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float64, [4]);
        var deviation = x.StandardDeviation(keepDimensions: true, correction: 1);
        var gradient = Gradients.Of((deviation * deviation).Sum(), x)[0]!.Dense();
        using var session = new Session(graph, new SessionOptions { Threads = 1, Kernels = KernelSets.Managed });
        // The gradient of the unbiased variance: 2 (x − mean) / (n − 1).
        Assert.Equal([-1.0, -1 / 3.0, 1 / 3.0, 1], session.Run(gradient, (x, Tensor.From([1.0, 2, 3, 4]))).ToArray<double>(), (a, b) => Math.Abs(a - b) < 1e-12);
    }

    [Fact]
    public void One_step_runs_on_several_threads_at_once()
    {
        var (graph, feeds, fetches) = SmallNet();
        using var session = new Session(graph, new SessionOptions { Threads = 2, Kernels = KernelSets.Managed });
        var step = session.Compile(feeds, fetches);
        Tensor[][] inputs = [.. Enumerable.Range(0, 4).Select(t => (Tensor[])[Numbers.Signed(5 + t % 2, 2, 6, 6), Numbers.Integers([.. Enumerable.Range(t, 5 + t % 2).Select(i => i % 3)]), .. Feeds[2..]])];
        var expected = inputs.Select(i => step.Run(i)).ToList();
        var failures = 0;
        Parallel.For(0, 4, new ParallelOptions { MaxDegreeOfParallelism = 4 }, t =>
        {
            for (var round = 0; round < 20; round++)
                if (!step.Run(inputs[t]).Zip(expected[t]).All(p => p.First.RawBytes.SequenceEqual(p.Second.RawBytes))) Interlocked.Increment(ref failures);
        });
        Assert.Equal(0, failures);
    }
}
