using System.Diagnostics;
using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Benchmarks;

/// <summary>What an iteration of a loop costs that does next to nothing.</summary>
internal static class LoopCost
{
    /// <summary>Microseconds an iteration, the median of some runs: forward alone, and with a gradient.</summary>
    /// <param name="What">What an iteration does.</param>
    /// <param name="Iterations">How many there are in a run.</param>
    /// <param name="Forward">Forward alone.</param>
    /// <param name="Backward">With the gradient.</param>
    public sealed record Cost(string What, long Iterations, double Forward, double Backward);

    /// <summary>Measures loops of one shape and loops whose shapes change.</summary>
    public static IEnumerable<Cost> Measure()
    {
        yield return Measure("one shape: counts; a product with gradient", 10_000, 200, (count, _) => ControlFlow.While(count.Number(0), i => i < count, i => i + 1), (count, x) => ControlFlow.While([count.Number(0), x.OnesLike()],
            s => s[0] < count, s => [s[0] + 1, s[1] * x])[1]);
        yield return Measure("shapes 2 to 9, again and again", 1000, 20, Growing(period: 8));
        yield return Measure("ever-new shapes: one element more each time", 1000, 5, Growing(period: int.MaxValue));
        yield return Measure("a list: appends, and reads what it has appended", 10_000, 20, (count, x) =>
        {
            var first = TensorArray.Empty(count.Graph, x.TensorType).Append(x);
            return ControlFlow.Repeat(count, [x, first], (i, s) => first.With(s[1]) is var list && list.Read(i) * x is var y ? [y, list.Append(y)] : [])[0];
        });
    }

    /// <summary>A state that grows by an element each time, and begins anew after some.</summary>
    private static Func<Value, Value, Value> Growing(int period) => (count, x) => ControlFlow.Repeat(count, [x.Reshape([1])], (i, s) =>
    {
        var grown = Operations.Concat([s[0], x.Reshape([1])], 0);
        return [period == int.MaxValue ? grown : ControlFlow.If((i % i.Number(period)).EqualTo(i.Number(period - 1)), () => grown.StridedSlice(0..1), () => grown)];
    }, new() { Shapes = [[Shape.Unknown]] })[0].Sum();

    private static Cost Measure(string what, long iterations, int runs, Func<Value, Value, Value> function, Func<Value, Value, Value>? differentiated = null)
    {
        var graph = new Graph();
        var count = graph.Placeholder("count", DType.Int64, Shape.Scalar);
        var x = graph.Placeholder("x", DType.Float32, Shape.Scalar);
        using var session = new Session(graph, new SessionOptions { Threads = 1 });
        Tensor[] feeds = [Tensor.Scalar(iterations), Tensor.Scalar(1f)];
        var (forward, backward) = (function(count, x), Gradients.Of((differentiated ?? function)(count, x), x)[0]!.Dense());
        return new(what, iterations, Median(session.Compile([count, x], [forward]), feeds, runs), Median(session.Compile([count, x], [backward]), feeds, runs));
    }

    private static double Median(Step step, Tensor[] feeds, int runs)
    {
        var times = new List<double>();
        for (var i = 0; i < runs; i++)
        {
            var begin = Stopwatch.GetTimestamp();
            step.Run(feeds);
            times.Add(Stopwatch.GetElapsedTime(begin).TotalMicroseconds / feeds[0].Item<long>());
        }
        times.Sort();
        return times[times.Count / 2];
    }
}
