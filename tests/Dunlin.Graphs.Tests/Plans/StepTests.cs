using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Tests.Plans;

public class StepTests
{
    private static readonly SessionOptions OneThread = new() { Threads = 1, Kernels = KernelSets.Managed };

    private sealed record Numbers(params float[] Elements) : Initializer
    {
        public override void Fill(Tensor target, ulong seed, ulong stream)
        {
            for (var i = 0; i < Elements.Length; i++) target.Span<float>()[i] = Elements[i];
        }
    }

    [Fact]
    public void Momentum_follows_its_recurrence_in_the_variables_own_memory()
    {
        var graph = new Graph();
        var w = graph.Variable("w", DType.Float32, [3], new Numbers(1, 2, 3));
        var v = graph.Variable("v", DType.Float32, [3], new Numbers(0, 0, 0), trainable: false);
        var loss = (w.Value.Square() * 0.5).Sum();
        var g = Gradients.Of(loss, [w])[0]!.Dense();
        var newV = v.Value * 0.9 + g;
        var update = w.Assign(w.Value - newV * 0.1);
        using var session = new Session(graph, OneThread);
        var step = session.Compile([], [loss], [update, v.Assign(newV)]);
        double[] expectedW = [1, 2, 3], expectedV = [0, 0, 0];
        for (var t = 0; t < 5; t++)
        {
            var expectedLoss = expectedW.Sum(x => x * x / 2);
            for (var i = 0; i < 3; i++)
            {
                expectedV[i] = 0.9 * expectedV[i] + expectedW[i];
                expectedW[i] -= 0.1 * expectedV[i];
            }
            Assert.Equal(expectedLoss, step.Run()[0].Item<float>(), 1e-5);
        }
        for (var i = 0; i < 3; i++) Assert.Equal(expectedW[i], session.Storage(w).Span<float>()[i], 1e-5);
        Assert.DoesNotContain(step.PlanFor([]).Operations, o => o.StartsWith("Assign", StringComparison.Ordinal));
    }

    [Fact]
    public void A_step_with_given_results_allocates_nothing()
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float32, [Shape.Unknown, 3]);
        var w = graph.Variable("w", DType.Float32, [3], new Numbers(1, 2, 3));
        var loss = ((x * w.Value).Tanh().Sum([1]) - 1).Square().Mean();
        var update = w.Assign(w.Value - Gradients.Of(loss, [w])[0]!.Dense() * 0.1);
        using var session = new Session(graph, OneThread);
        var step = session.Compile([x], [loss], [update]);
        Tensor[] feeds = [Tensor.From(new float[] { 1, 2, 3, 4, 5, 6 }, [2, 3])], results = [Tensor.Zeros(DType.Float32, [])];
        for (var i = 0; i < 50; i++) step.Run(feeds, results);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++) step.Run(feeds, results);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Only_what_the_fetches_need_is_run()
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float32, [2]);
        var unfed = graph.Placeholder("unfed", DType.Float32, [2]);
        var y = x.Exp();
        var z = y + unfed;
        using var session = new Session(graph, OneThread);
        Assert.Equal(MathF.E, session.Run(y, (x, Tensor.From(new float[] { 1, 1 }))).Span<float>()[0], 1e-6f);
        Assert.Equal(7, session.Run(z, (y, Tensor.From(new float[] { 3, 3 })), (unfed, Tensor.From(new float[] { 4, 4 }))).Span<float>()[0]);
        Assert.Contains("unfed", Assert.Throws<DunlinException>(() => session.Run(z, (x, Tensor.From(new float[] { 1, 1 })))).Message, StringComparison.Ordinal);
    }
}
