using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Tests.Passes;

public class FuseElementwiseTests
{
    private static readonly Tensor Fed = Tensor.From(new float[] { 0.1f, -2, 0.7f, 1, 3, -0.5f }, [2, 3]);

    [Fact]
    public void Groups_that_would_wait_for_each_other_are_not_made()
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float32, [2, 3]);
        // Each of {a1, a2} and {b1, b2, b3} is convex by itself; together they would form a circle through the two softmaxes.
        var a1 = x.Exp();
        var b1 = a1.Softmax().Tanh();
        var b2 = x.Tanh();
        var a2 = a1 + b2.Softmax();
        var b3 = b1 + b2;
        Assert.Equal(Run(graph, x, [a2, b3], "fuse-elementwise"), Run(graph, x, [a2, b3]));
    }

    private static float[] Run(Graph graph, Value x, IReadOnlyList<Value> fetches, params string[] disabled)
    {
        using var session = new Session(graph, new SessionOptions { Threads = 1, Kernels = KernelSets.Managed, DisabledPasses = disabled.ToHashSet() });
        return [.. session.Run(fetches, (x, Fed)).SelectMany(t => t.ToArray<float>())];
    }
}
