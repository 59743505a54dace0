using Dunlin.Graphs.Ops;
using Dunlin.Graphs.Tests.Ops;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Tests.Differentiation;

public class ForwardTests
{
    public static TheoryData<string> Operations => [.. OperationCases.All.Select(c => c.Operation).Distinct()];

    [Theory, MemberData(nameof(Operations))]
    public void Forward_mode_is_the_adjoint_of_reverse_mode_and_agrees_with_finite_differences(string operation)
    {
        foreach (var (index, check) in OperationCases.All.Index().Where(c => c.Item.Operation == operation))
        {
            var graph = new Graph();
            Value[] xs = [.. check.Inputs.Select((x, i) => graph.Placeholder($"x{i}", x.Type, x.Shape))];
            Value[] smooth = [.. xs.Where(x => x.Type.IsFloat())];
            var y = check.Function(graph, xs);
            Tensor[] v = [.. smooth.Select((x, i) => RandomTensors.Normal(x.Shape, (uint)i + 1))];
            var w = RandomTensors.Normal(y.Shape, 0);
            var forward = Gradients.Forward([y], smooth, [.. v.Select(t => graph.Constant(t))])[0] ?? y.ZerosLike();
            var reverse = Gradients.Of(y, graph.Constant(w), smooth);
            using var session = new Session(graph, new SessionOptions { Threads = 1, Kernels = KernelSets.Managed });
            var moved = session.Compile(xs, [forward]).Run(check.Inputs)[0];
            Assert.Equal(y.Shape, moved.Shape);
            var back = session.Compile(xs, [.. smooth.Select((x, i) => reverse[i]?.Dense() ?? x.ZerosLike())]).Run(check.Inputs);
            var (left, right) = (RandomTensors.Dot(moved, w), v.Zip(back).Sum(p => RandomTensors.Dot(p.First, p.Second)));
            Assert.True(Math.Abs(left - right) <= 1e-10 * (1 + Math.Abs(left)), $"Case {index} of {operation}: <Jv, w> = {left}, <v, Jᵀw> = {right}.");
            var step = session.Compile(xs, [y]);
            const double Delta = 1e-5;
            var (above, below) = (step.Run(Moved(check.Inputs, v, Delta))[0], step.Run(Moved(check.Inputs, v, -Delta))[0]);
            for (var e = 0; e < moved.ElementCount; e++)
            {
                var (expected, actual) = ((above.Span<double>()[e] - below.Span<double>()[e]) / (2 * Delta), moved.Span<double>()[e]);
                Assert.True(Math.Abs(actual - expected) <= 1e-6 * Math.Max(1, Math.Max(Math.Abs(expected), Math.Abs(actual))),
                    $"Case {index} of {operation}, element {e}: forward mode gives {actual}, differences {expected}.");
            }
        }
    }

    [Fact]
    public void Only_some_of_the_sources_may_move()
    {
        var (graph, xs, tensors) = Sources(2);
        var y = (xs[0] * xs[1]).Sin() + xs[1];
        var both = Gradients.Forward([y], xs, [xs[0].OnesLike(), xs[1].OnesLike()])[0]!;
        var parts = xs.Select(x => Gradients.Forward(y, x, x.OnesLike())!).Aggregate((a, b) => a + b);
        using var session = new Session(graph);
        var results = session.Compile(xs, [both, parts]).Run(tensors);
        Assert.Equal(results[0].ToArray<double>(), results[1].ToArray<double>(), (a, b) => Math.Abs(a - b) < 1e-14);
    }

    [Fact]
    public void Interior_values_are_sources_like_others_and_derivatives_are_total_both_ways()
    {
        var (graph, xs, tensors) = Sources(1);
        var inner = xs[0].Exp();
        var y = inner * inner + xs[0];
        Value[] sources = [xs[0], inner];
        Tensor[] v = [RandomTensors.Normal([3], 1), RandomTensors.Normal([3], 2)];
        var w = RandomTensors.Normal([3], 3);
        var forward = Gradients.Forward([y], sources, [.. v.Select(t => graph.Constant(t))])[0]!;
        var reverse = Gradients.Of([y], [graph.Constant(w)], sources);
        using var session = new Session(graph);
        var results = session.Compile(xs, [forward, .. reverse.Select(g => g!.Dense())]).Run(tensors);
        Assert.Equal(RandomTensors.Dot(results[0], w), RandomTensors.Dot(results[1], v[0]) + RandomTensors.Dot(results[2], v[1]), 1e-12);
        // The gradient of an interior value does not see how it came about.
        var x = tensors[0].ToArray<double>();
        for (var i = 0; i < 3; i++) Assert.Equal(2 * Math.Exp(x[i]) * w.Span<double>()[i], results[2].Span<double>()[i], 1e-12);
    }

    [Fact]
    public void Several_results_are_differentiated_at_once_as_the_sum_of_each()
    {
        var (graph, xs, tensors) = Sources(2);
        Value[] ys = [xs[0] * xs[1], xs[0].Exp()];
        Value[] dys = [xs[0].OnesLike(), xs[1]];
        var together = Gradients.Of(ys, dys, xs);
        var apart = ys.Zip(dys).Select(p => Gradients.Of(p.First, p.Second, xs)).ToList();
        using var session = new Session(graph);
        var results = session.Compile(xs, [together[0]!.Dense(), together[1]!.Dense(), apart[0][0]!.Dense() + apart[1][0]!.Dense(), apart[0][1]!.Dense()]).Run(tensors);
        Assert.Null(apart[1][1]);
        Assert.Equal(results[0].ToArray<double>(), results[2].ToArray<double>());
        Assert.Equal(results[1].ToArray<double>(), results[3].ToArray<double>());
    }

    [Fact]
    public void A_tangent_of_another_shape_is_refused()
    {
        var (graph, xs, _) = Sources(1);
        var error = Assert.Throws<ShapeException>(() => Gradients.Forward(xs[0].Exp(), xs[0], graph.Constant(1.0, DType.Float64)));
        Assert.Contains("tangent of x0", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Results_that_do_not_move_have_no_tangent()
    {
        var (_, xs, _) = Sources(2);
        Assert.Equal([null, null], Gradients.Forward([xs[1].Exp(), xs[0].StopGradient()], [xs[0]], [xs[0]]));
    }

    private static Tensor[] Moved(Tensor[] inputs, Tensor[] directions, double by)
    {
        var next = 0;
        return [.. inputs.Select(x =>
        {
            if (!x.Type.IsFloat()) return x;
            var moved = x.Clone();
            var direction = directions[next++].Span<double>();
            for (var i = 0; i < direction.Length; i++) moved.Span<double>()[i] += by * direction[i];
            return moved;
        })];
    }

    private static (Graph, Value[], Tensor[]) Sources(int count)
    {
        var graph = new Graph();
        return (graph, [.. Enumerable.Range(0, count).Select(i => graph.Placeholder($"x{i}", DType.Float64, [3]))],
            [.. Enumerable.Range(0, count).Select(i => RandomTensors.Normal([3], (uint)i + 10))]);
    }
}
