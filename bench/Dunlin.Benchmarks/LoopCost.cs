using System.Diagnostics;
using Dunlin.Graphs;
using Dunlin.Tensors;
using static Dunlin.Graphs.Ops.Operations;

namespace Dunlin.Benchmarks;

/// <summary>What an iteration of a loop costs that does next to nothing: it counts.</summary>
internal static class LoopCost
{
    private const long Iterations = 10_000;

    /// <summary>Microseconds an iteration, the median of some runs: forward alone, and with the gradient of a product of as many factors.</summary>
    public static (double Forward, double Backward) Measure()
    {
        var graph = new Graph();
        var count = graph.Placeholder("count", DType.Int64, Shape.Scalar);
        var x = graph.Placeholder("x", DType.Float32, Shape.Scalar);
        var counted = ControlFlow.While(count.Number(0), i => i < count, i => i + 1);
        var power = ControlFlow.While([count.Number(0), x.OnesLike()], s => s[0] < count, s => [s[0] + 1, s[1] * x])[1];
        using var session = new Session(graph, new SessionOptions { Threads = 1 });
        Tensor[] feeds = [Tensor.Scalar(Iterations), Tensor.Scalar(1f)];
        return (Median(session.Compile([count, x], [counted]), feeds), Median(session.Compile([count, x], [Gradients.Of(power, x)[0]!.Dense()]), feeds));
    }

    private static double Median(Step step, Tensor[] feeds)
    {
        var times = new List<double>();
        for (var i = 0; i < 200; i++)
        {
            var begin = Stopwatch.GetTimestamp();
            step.Run(feeds);
            times.Add(Stopwatch.GetElapsedTime(begin).TotalMicroseconds / Iterations);
        }
        times.Sort();
        return times[times.Count / 2];
    }
}
