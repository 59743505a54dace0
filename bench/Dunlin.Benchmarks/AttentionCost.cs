using System.Diagnostics;
using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Benchmarks;

/// <summary>What attention costs, by the operation that never holds all weights and by products and a softmax.</summary>
internal static class AttentionCost
{
    /// <summary>The median milliseconds of a run, and the bytes of intermediate values.</summary>
    /// <param name="composed">Whether it is made of products and a softmax.</param>
    /// <param name="shape">[N, H, T, D] of queries, keys and values.</param>
    /// <param name="causal">Whether a place sees only itself and those before it.</param>
    /// <param name="backward">Whether the gradients by all three are wanted too.</param>
    /// <param name="dropout">The share of the weights that is dropped.</param>
    /// <param name="threads">Threads.</param>
    /// <param name="kernels">The kernel set.</param>
    public static (double Milliseconds, long Bytes) Measure(bool composed, Shape shape, bool causal, bool backward, double dropout, int threads, IKernelSet kernels)
    {
        // Code is compiled well only once it has run a while: a few runs of many places would be measured half of them in the first, slow form.
        _ = Measure(composed, [shape[0], shape[1], Math.Min(128, shape[2]), shape[3]], causal, backward, dropout, threads, kernels, seconds: 1, fewest: 60);
        return Measure(composed, shape, causal, backward, dropout, threads, kernels, seconds: 1, fewest: 3);
    }

    private static (double Milliseconds, long Bytes) Measure(bool composed, Shape shape, bool causal, bool backward, double dropout, int threads, IKernelSet kernels, double seconds, int fewest)
    {
        var graph = new Graph();
        Value[] x = [.. "qkv".Select(name => graph.Placeholder(name.ToString(), DType.Float32, shape))];
        var drop = dropout > 0 ? new AttentionDropout(graph.Constant(Tensor.Scalar(1L)), dropout, 1, 1) : null;
        var y = x[0].ScaledDotProductAttention(x[1], x[2], new() { Causal = causal, DropWeights = drop, Dropout = composed ? w => w : null });
        Value[] fetches = backward ? [y.Sum(), .. Gradients.Of(y.Square().Sum(), x).Select(g => g!.Dense())] : [y];
        using var session = new Session(graph, new SessionOptions { Threads = threads, Kernels = kernels });
        var step = session.Compile(x, fetches);
        Tensor[] feeds = [.. x.Select((_, i) => Normal(shape, (ulong)i + 1))];
        Tensor[] results = [.. fetches.Select(f => Tensor.Zeros(DType.Float32, f.Shape))];
        step.Run(feeds, results);
        var times = new List<double>();
        for (var clock = Stopwatch.StartNew(); times.Count < fewest || (clock.Elapsed.TotalSeconds < seconds && times.Count < 1000);)
        {
            var begin = Stopwatch.GetTimestamp();
            step.Run(feeds, results);
            times.Add(Stopwatch.GetElapsedTime(begin).TotalMilliseconds);
        }
        times.Sort();
        return (times[times.Count / 2], step.PlanFor(feeds).ArenaBytes);
    }

    private static Tensor Normal(Shape shape, ulong seed)
    {
        var tensor = Tensor.Uninitialized(DType.Float32, shape);
        Philox.FillNormal(tensor.Span<float>(), new PhiloxKey(seed), 0, 0, 1);
        return tensor;
    }
}
