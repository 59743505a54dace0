using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;
using Dunlin.Training;

namespace Dunlin.Strategies.Tests;

/// <summary>A bucket goes as soon as its gradients are there, in the middle of the backward pass, and nobody waits for it before there is nothing else to do.</summary>
public class OverlapTests
{
    private const int Layers = 6;

    [Fact]
    public void Buckets_start_while_the_backward_pass_goes_on()
    {
        var orders = new string[2][];
        new DataParallel(2, new() { BucketBytes = 4096 }).Run(worker =>
        {
            var graph = new Graph();
            var x = graph.Placeholder("x", DType.Float32, [8, 32]);
            Variable[] weights = [.. Enumerable.Range(0, Layers).Select(i => graph.Variable($"w{i}", DType.Float32, [32, 32], Initializers.Constant(0.1)))];
            var y = weights.Aggregate(x, (h, w) => h.MatMul(w).Tanh());
            var gradients = Gradients.Of(y.Sum(), weights).Select(g => g!).ToList();
            var combined = worker.Combine(gradients, new WorkerShare([x], graph.Constant(Tensor.From([1f])).Reshape([]), 8));
            using var session = new Session(graph, new SessionOptions { Kernels = KernelSets.Managed, Threads = 1, Communicators = _ => worker.Communicator });
            using var step = session.Compile([x], [], [.. weights.Zip(combined, (w, g) => w.Assign(w - g.Dense()))]);
            orders[worker.Rank] = [.. step.PlanFor([Tensor.Zeros(DType.Float32, [8, 32])]).Kernels.Select(k => k.Operation)];
        });
        Assert.Equal(orders[0], orders[1]);
        var products = Places(orders[0], "MatMul").Concat(Places(orders[0], "MatMulGradient")).Order().ToList();
        var starts = Places(orders[0], "AllReduceStart");
        var waits = Places(orders[0], "AllReduceWait");
        Assert.Equal((Layers, Layers), (starts.Count, waits.Count));
        // Behind the start of all buckets but the last, products are still to come: at least one for each layer that is left.
        for (var bucket = 0; bucket < Layers - 1; bucket++)
            Assert.True(products.Count(p => p > starts[bucket]) >= Layers - 1 - bucket, $"bucket {bucket} starts too late: {string.Join(", ", orders[0])}");
        Assert.True(waits.Min() > products.Max(), string.Join(", ", orders[0]));
    }

    private static List<int> Places(string[] order, string operation) => [.. Enumerable.Range(0, order.Length).Where(i => order[i].StartsWith(operation, StringComparison.Ordinal))];
}
