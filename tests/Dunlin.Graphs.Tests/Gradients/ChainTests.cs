using System.Diagnostics;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Xunit.Abstractions;

namespace Dunlin.Graphs.Tests.Differentiation;

public class ChainTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Ten_thousand_operations_in_a_row_are_differentiated_and_planned_on_a_small_stack(bool elementwise)
    {
        Exception? failure = null;
        // A quarter of what a thread has otherwise.
        var thread = new Thread(() =>
        {
            try { Run(elementwise, 10_000); }
            catch (Exception e) { failure = e; }
        }, 256 * 1024);
        thread.Start();
        thread.Join();
        Assert.Null(failure);
    }

    private void Run(bool elementwise, int nodes)
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float64, [3]);
        var y = x;
        for (var i = 0; i < nodes; i++) y = elementwise ? y * 1.0001 : y.Reverse(0);
        var clock = Stopwatch.StartNew();
        var reverse = Gradients.Of(y.Sum(), x)[0]!.Dense();
        var backward = clock.Elapsed;
        var forward = Gradients.Forward(y, x, x.OnesLike())!;
        var forwards = clock.Elapsed - backward;
        using var session = new Session(graph, new SessionOptions { Threads = 1 });
        var results = session.Run([reverse, forward], (x, Tensor.From([0.1, 0.2, 0.3])));
        output.WriteLine($"{nodes} element-wise {elementwise}: reverse {backward.TotalMilliseconds:F0} ms, forward {forwards.TotalMilliseconds:F0} ms, plan and run {(clock.Elapsed - backward - forwards).TotalMilliseconds:F0} ms");
        var factor = elementwise ? Math.Pow(1.0001, nodes) : 1;
        Assert.All(results.SelectMany(r => r.ToArray<double>()), v => Assert.Equal(factor, v, 1e-9));
    }
}
