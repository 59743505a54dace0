using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Testing;
using static Dunlin.Graphs.Tests.Ops.Numbers;

namespace Dunlin.Graphs.Tests.Loops;

public class LoopTests
{
    private static readonly GradientCheck.Options _twice = new() { SecondOrder = true };

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 3)]
    [InlineData(7, 2187)]
    public void A_loop_runs_as_long_as_its_condition_holds(long n, double expected)
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float64, []);
        var count = graph.Placeholder("n", DType.Int64, []);
        var power = ControlFlow.While([count.Number(0), x.OnesLike()], s => s[0] < count, s => [s[0] + 1, s[1] * x])[1];
        var derivative = Gradients.Of(power, x)[0]!.Dense();
        using var session = new Session(graph);
        var results = session.Run([power, derivative], (x, Tensor.Scalar(3.0)), (count, Tensor.Scalar(n)));
        Assert.Equal(expected, results[0].Item<double>());
        Assert.Equal(n * Math.Pow(3, n - 1), results[1].Item<double>(), 1e-9);
    }

    [Fact]
    public void Loops_are_differentiated_to_any_order()
    {
        GradientCheck.Assert((g, x) => ControlFlow.While([g.Constant(0, DType.Int64), x[0]], s => s[0] < g.Constant(3, DType.Int64), s => [s[0] + 1, (s[1] * x[1]).Sin()])[1], _twice, Signed(2, 3), Signed(3));
        GradientCheck.Assert((_, x) => ControlFlow.Fold(x[0], x[1], (sum, e) => (sum * e + x[2]).Tanh()), _twice, Signed(4, 3), Signed(3), Signed());
        GradientCheck.Assert((_, x) => ControlFlow.Map(x[0], e => e.Square() * x[1]), _twice, Signed(4, 3), Signed(3));
        GradientCheck.Assert((_, x) => ControlFlow.Scan([x[0]], [x[1]], (s, e) => ([s[0] * e[0]], [s[0] + e[0].Square()])).Outputs[0], _twice, Signed(4, 3), Signed(3));
        GradientCheck.Assert((_, x) => ControlFlow.Scan([x[0]], [x[1]], (s, e) => ([(s[0].MatMul(x[2]) + e[0]).Tanh()], [s[0]]), new() { Reverse = true }).Outputs[0], _twice, Signed(3, 2, 2), Signed(2, 2), Signed(2, 2));
        GradientCheck.Assert((g, x) => ControlFlow.Repeat(g.Constant(3, DType.Int64), [x[0]], (i, s) => [s[0].Square() * (i.Cast(DType.Float64) + 1)])[0], _twice, Signed(2));
    }

    [Fact]
    public void Third_derivatives_go_through_loops()
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float64, []);
        var power = ControlFlow.Repeat(graph.Constant(5, DType.Int64), [x.OnesLike()], (_, s) => [s[0] * x])[0];
        var y = power;
        using var session = new Session(graph);
        foreach (var expected in new[] { 80.0, 160, 240, 240, 120 })
        {
            y = Gradients.Of(y, x)[0]!.Dense();
            Assert.Equal(expected, session.Run(y, (x, Tensor.Scalar(2.0))).Item<double>(), 1e-9);
        }
    }

    [Fact]
    public void Loops_nest_and_their_trip_counts_may_depend_on_the_outer_iteration()
    {
        // s ← s · xⁱ for i = 0, 1, 2, 3: x⁶.
        static Value Nested(Graph g, Value x) => ControlFlow.Repeat(g.Constant(4, DType.Int64), [x.OnesLike()],
            (i, s) => [ControlFlow.Repeat(i, [s[0]], (_, t) => [t[0] * x])[0]])[0];
        GradientCheck.Assert((g, x) => Nested(g, x[0]), _twice, Signed(2));
        GradientCheck.Assert((g, x) => ControlFlow.Map(x[0], e => Nested(g, e)), _twice, Signed(2, 2));
        GradientCheck.Assert((_, x) => ControlFlow.Map(x[0], row => ControlFlow.Fold(row, x[1], (s, e) => s * e + x[1])), _twice, Signed(3, 2), Signed());
        GradientCheck.Assert((g, x) => ControlFlow.Fold(x[0], x[1], (s, e) => ControlFlow.While([g.Constant(0, DType.Int64), s], t => t[0] < g.Constant(2, DType.Int64), t => [t[0] + 1, (t[1] * e).Sin()])[1]), _twice, Signed(3, 2), Signed(2));
    }

    [Fact]
    public void Shapes_may_change_between_iterations()
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float64, [2]);
        var (grown, length) = (ControlFlow.While([x, x.Sum()], s => s[1] < graph.Constant(20, DType.Float64),
            s => [Operations.Concat([s[0], s[0] * 2], 0), s[1] * 2], new() { Shapes = [[Shape.Unknown], []] })[0], 0);
        var gradient = Gradients.Of(grown.Sum(), x)[0]!.Dense();
        using var session = new Session(graph);
        var results = session.Run([grown, gradient], (x, Tensor.From([1.0, 2])));
        Assert.Equal([1, 2, 2, 4, 2, 4, 4, 8, 2, 4, 4, 8, 4, 8, 8, 16], results[0].ToArray<double>()[..16]);
        Assert.Equal([27.0, 27], results[1].ToArray<double>());
        Assert.Equal(0, length);
    }

    [Fact]
    public void A_scan_can_end_early_and_give_what_it_has()
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float64, [Shape.Unknown]);
        var (_, outputs) = ControlFlow.ScanWhile([x], [graph.Constant(0, DType.Float64)], s => s[0] < graph.Constant(10, DType.Float64), (s, e) => ([s[0] + e[0]], [e[0].Square()]));
        var gradient = Gradients.Of(outputs[0].Sum(), x)[0]!.Dense();
        using var session = new Session(graph);
        foreach (var (fed, squares) in new (double[], double[])[] { ([6, 5, 4], [36, 25]), ([1, 2], [1, 4]), ([20, 1, 1], [400]), ([], []) })
        {
            var results = session.Run([outputs[0], gradient], (x, Tensor.From(fed)));
            Assert.Equal(squares, results[0].ToArray<double>());
            Assert.Equal(fed.Select((f, i) => i < squares.Length ? 2 * f : 0), results[1].ToArray<double>());
        }
    }

    [Fact]
    public void Only_the_chosen_branch_runs()
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float64, []);
        var y = ControlFlow.If(x > graph.Constant(0, DType.Float64), () => x.Log(), () => (x / graph.Constant(0, DType.Float64)).CheckFinite("a quotient"));
        using var session = new Session(graph);
        var step = session.Compile([x], [y, Gradients.Of(y, x)[0]!.Dense()]);
        var results = step.Run(Tensor.Scalar(2.0));
        Assert.Equal(Math.Log(2), results[0].Item<double>(), 1e-15);
        Assert.Equal(0.5, results[1].Item<double>(), 1e-15);
        Assert.Throws<NonFiniteException>(() => step.Run(Tensor.Scalar(-1.0)));
    }

    [Fact]
    public void Branches_are_differentiated_to_any_order()
    {
        static Value Function(Value x, Value y) => ControlFlow.If(x.Sum() > x.Number(0), () => (x * y).Sin(), () => x.Square());
        GradientCheck.Assert((_, x) => Function(x[0], x[1]), _twice, Between(0.5, 1, 2, 3), Signed(3));
        GradientCheck.Assert((_, x) => Function(x[0], x[1]), _twice, Between(-1, -0.5, 2, 3), Signed(3));
        GradientCheck.Assert((_, x) => ControlFlow.Map(x[0], e => Function(e, x[1])), _twice, Signed(5, 3), Signed(3));
    }

    [Fact]
    public void A_loop_that_does_not_end_is_stopped_at_its_limit()
    {
        var graph = new Graph();
        var y = ControlFlow.While(graph.Constant(0), _ => graph.Constant(Tensor.Scalar(true)), s => s + 1, new() { Limit = 1000, Name = "search" });
        using var session = new Session(graph);
        Assert.Contains("search has not ended after 1000 iterations", Assert.Throws<DunlinException>(() => session.Run(y)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Mistakes_are_named_while_the_graph_is_built()
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float32, [2]);
        Assert.Contains("state 0", Assert.Throws<ShapeException>(() => ControlFlow.While(x, s => s.Sum() < s.Number(1), s => Operations.Concat([s, s], 0))).Message, StringComparison.Ordinal);
        Assert.Contains("Bool scalar", Assert.Throws<ShapeException>(() => ControlFlow.While(x, s => s < s.Number(1), s => s)).Message, StringComparison.Ordinal);
        Value? leaked = null;
        ControlFlow.Map(x, e => leaked = e * 2);
        Assert.Contains("let the body return it", Assert.Throws<DunlinException>(() => leaked! + 1).Message, StringComparison.Ordinal);
        var v = graph.Variable("v", DType.Float32, [], new Zero());
        Assert.Contains("can't be assigned within", Assert.Throws<DunlinException>(() => ControlFlow.Map(x, e => v.Assign(e))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void States_may_trade_places()
    {
        var graph = new Graph();
        var n = graph.Placeholder("n", DType.Int64, []);
        var fibonacci = ControlFlow.Repeat(n, [graph.Constant(0, DType.Int64), graph.Constant(1, DType.Int64)], (_, s) => [s[1], s[0] + s[1]]);
        var swapped = ControlFlow.Repeat(n, [graph.Constant(1), graph.Constant(2)], (_, s) => [s[1], s[0]]);
        using var session = new Session(graph);
        Assert.Equal([55L, 89], session.Run(fibonacci, (n, Tensor.Scalar(10L))).Select(t => t.Item<long>()));
        Assert.Equal([2f, 1], session.Run(swapped, (n, Tensor.Scalar(3L))).Select(t => t.Item<float>()));
    }

    private sealed record Zero : Initializer
    {
        public override void Fill(Tensor target, ulong seed, ulong stream) => target.Span<float>().Clear();
    }
}
