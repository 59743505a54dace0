using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Tests.Passes;

/// <summary>Weight gradients that are used block by block by the update, with momentum, that reads them.</summary>
public class FuseUpdatesTests
{
    /// <summary>Lengths that are no multiples of blocks or vectors, one row of blocks, one column of them.</summary>
    public static TheoryData<int, int, bool> Sizes => new() { { 512, 768, false }, { 401, 333, true }, { 7, 40_003, false }, { 30_011, 5, true } };

    [Theory, MemberData(nameof(Sizes))]
    public void Training_is_the_same_as_with_gradients_in_memory(int outputs, int inputs, bool transposed)
    {
        foreach (var type in (DType[])[DType.Float32, DType.Float64])
            foreach (var threads in (int[])[1, 2])
            {
                var (expected, _) = Train(type, outputs, inputs, transposed, threads, "fuse-updates");
                var (actual, kernels) = Train(type, outputs, inputs, transposed, threads);
                Assert.Contains(kernels, k => k.StartsWith("MatMul+Fused", StringComparison.Ordinal));
                var tolerance = type == DType.Float32 ? 1e-5 : 1e-13;
                Assert.Equal(expected, actual, (a, b) => Math.Abs(a - b) <= tolerance);
            }
    }

    [Fact]
    public void The_gradient_takes_no_memory()
    {
        long Arena(params string[] disabled)
        {
            var (session, step, feeds) = Step(DType.Float32, 512, 768, false, 1, disabled);
            using (session) return step.PlanFor(feeds).ArenaBytes;
        }
        Assert.True(Arena() < Arena("fuse-updates") - 512 * 768 * 4 + (600 << 10), $"{Arena()} and {Arena("fuse-updates")} bytes");
    }

    [Fact]
    public void A_gradient_that_is_fetched_is_computed_whole()
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float32, [4, 512]);
        var weights = graph.Variable("w", DType.Float32, [512, 512], new SameEverywhere(0.1));
        var gradient = Gradients.Of(x.MatMul(weights.Value).Square().Sum(), [weights.Value])[0]!.Dense();
        using var session = new Session(graph, new SessionOptions { Threads = 1 });
        var step = session.Compile([x], [gradient], [weights.Assign(weights.Value - 0.1 * gradient)]);
        var result = step.Run(Filled(DType.Float32, x.Shape))[0].ToArray<float>();
        Assert.Equal(0.1f - 0.1f * result[700], session.Storage(weights).Span<float>()[700], 1e-4f);
    }

    private static (double[] Weights, IReadOnlyList<string> Kernels) Train(DType type, int outputs, int inputs, bool transposed, int threads, params string[] disabled)
    {
        var (session, step, feeds) = Step(type, outputs, inputs, transposed, threads, disabled);
        using (session)
        {
            for (var i = 0; i < 3; i++) step.Run(feeds);
            return ([.. session.Graph.Variables.SelectMany(v => Doubles(session.Storage(v)))], step.PlanFor(feeds).Operations);
        }
    }

    private static (Session Session, Step Step, Tensor[] Feeds) Step(DType type, int outputs, int inputs, bool transposed, int threads, string[] disabled)
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", type, [3, inputs]);
        var weights = graph.Variable("weights", type, transposed ? [inputs, outputs] : [outputs, inputs], new SameEverywhere(0.01));
        var velocity = graph.Variable("velocity", type, weights.TensorType.Shape, new SameEverywhere(0), trainable: false);
        var y = x.MatMul(weights.Value, transposeB: !transposed);
        var gradient = Gradients.Of((y - 1).Square().Sum(), [weights.Value])[0]!.Dense();
        var moved = velocity.Value * 0.9 + gradient;
        var session = new Session(graph, new SessionOptions { Threads = threads, Kernels = KernelSets.Managed, DisabledPasses = disabled.ToHashSet() });
        return (session, session.Compile([x], [], [velocity.Assign(moved), weights.Assign(weights.Value - 1e-6 * moved)]), [Filled(type, x.Shape)]);
    }

    private static Tensor Filled(DType type, Shape shape) => type == DType.Float32
        ? Tensor.From([.. Doubles(Filled(DType.Float64, shape)).Select(d => (float)d)], shape)
        : Tensor.From([.. Enumerable.Range(0, (int)shape.ElementCount).Select(i => Math.Sin(i))], shape);

    private static IEnumerable<double> Doubles(Tensor tensor) => tensor.Type == DType.Float32 ? tensor.ToArray<float>().Select(f => (double)f) : tensor.ToArray<double>();

    private sealed record SameEverywhere(double Value) : Initializer
    {
        public override void Fill(Tensor target, ulong seed, ulong stream)
        {
            if (target.Type == DType.Float32) target.Span<float>().Fill((float)Value);
            else target.Span<double>().Fill(Value);
        }
    }
}
