using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Testing;
using static Dunlin.Graphs.Tests.Ops.Numbers;

namespace Dunlin.Graphs.Tests.Loops.Lists;

public class TensorArrayTests
{
    private static readonly GradientCheck.Options _twice = new() { SecondOrder = true };
    private static readonly TensorType _pair = new(DType.Float64, [2]);

    private static Value Number(Graph graph, long n) => graph.Constant(n, DType.Int64);

    [Fact]
    public void Lists_are_what_lists_of_dot_net_are()
    {
        var (random, graph) = (new Random(1), new Graph());
        var x = graph.Placeholder("x", DType.Float64, [2]);
        var (list, model) = (TensorArray.Empty(graph, _pair), new List<double>());
        var (known, wanted) = (new List<(TensorArray List, List<double> Model)>(), new List<(Value Value, double[] Expected)>());
        for (var i = 0; i < 120; i++)
        {
            var (factor, place) = (random.Next(100), random.Next(Math.Max(1, model.Count)));
            switch (random.Next(6))
            {
                case 0 or 1:
                    (list, model) = (list.Append(x * factor), [.. model, factor]);
                    break;
                case 2 when model.Count > 0:
                    (list, model) = (list.Write(Number(graph, place), x * factor), [.. model]);
                    model[place] = factor;
                    break;
                case 3 when model.Count > 0:
                    wanted.Add((list.Read(Number(graph, place)), [model[place], 2 * model[place]]));
                    break;
                case 4 when known.Count > 0:
                    // An older list is still what it was, and may grow in another direction.
                    (list, model) = known[random.Next(known.Count)];
                    break;
                default:
                    (list, model) = random.Next(12) == 0 ? (TensorArray.Zeros(Number(graph, 3), _pair), [0, 0, 0]) : (list, model);
                    break;
            }
            known.Add((list, model));
            wanted.Add((list.Count.Cast(DType.Float64), [model.Count]));
            wanted.Add((list.Stack(model.Count), [.. model.SelectMany(m => new[] { m, 2 * m })]));
        }
        using var session = new Session(graph);
        foreach (var (result, (_, expected)) in session.Run([.. wanted.Select(w => w.Value)], (x, Tensor.From([1.0, 2]))).Zip(wanted)) Assert.Equal(expected, result.ToArray<double>());
    }

    [Fact]
    public void Parts_are_taken_apart_and_put_together()
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float64, [6]);
        var parts = TensorArray.Split(x, graph.Constant(Tensor.From([3L, 0, 2, 1])));
        var (rows, lengths) = parts.Append(x * 10).Concat();
        var gathered = TensorArray.Unstack(x).Gather(graph.Constant(Tensor.From([5L, 0, 0])));
        using var session = new Session(graph);
        var results = session.Run([rows, lengths, parts.Read(Number(graph, 2)), gathered, parts.Count], (x, Tensor.From([1.0, 2, 3, 4, 5, 6])));
        Assert.Equal([1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60], results[0].ToArray<double>());
        Assert.Equal([3L, 0, 2, 1, 6], results[1].ToArray<long>());
        Assert.Equal([4.0, 5], results[2].ToArray<double>());
        Assert.Equal([6.0, 1, 1], results[3].ToArray<double>());
        Assert.Equal(4, results[4].Item<long>());
    }

    [Fact]
    public void An_empty_list_has_the_shape_that_was_declared()
    {
        var graph = new Graph();
        var n = graph.Placeholder("n", DType.Int64, []);
        var x = graph.Placeholder("x", DType.Float64, [2, 3]);
        var none = TensorArray.Empty(graph, x.TensorType);
        var stacked = none.With(ControlFlow.Repeat(n, [x, none], (_, s) => [s[0] * 2, none.With(s[1]).Append(s[0])])[1]).Stack();
        using var session = new Session(graph);
        foreach (var count in new[] { 0, 3 }) Assert.Equal(Shape.Of(count, 2, 3), session.Run(stacked, (n, Tensor.Scalar((long)count)), (x, Signed(2, 3))).Shape);
    }

    /// <summary>y₀ = x; yᵢ₊₁ = sin(yᵢ · w) + yᵢ₋₂, with all y in a list that is a state: what one iteration writes, others read.</summary>
    private static Value Recurrence(Graph g, Value x, Value w, Func<TensorArray, Func<Value, TensorArray, TensorArray>, TensorArray> loop)
    {
        var first = TensorArray.Empty(g, x.TensorType).Append(x).Append(x.Sin()).Append(x * w);
        return loop(first, (i, list) =>
        {
            var y = (list.Read(i + 2) * w).Sin() + list.Read(i);
            return list.Append(y).Write(i + 1, list.Read(i + 1) * y);
        }).Stack(7);
    }

    [Fact]
    public void Gradients_go_through_lists_that_are_states()
    {
        static TensorArray Repeat(Graph g, TensorArray first, Func<Value, TensorArray, TensorArray> body) =>
            first.With(ControlFlow.Repeat(Number(g, 4), [first], (i, s) => [body(i, first.With(s[0]))])[0]);
        static TensorArray While(Graph g, TensorArray first, Func<Value, TensorArray, TensorArray> body) => first.With(ControlFlow.While([Number(g, 0), first], s => s[0] < Number(g, 4),
            s => [s[0] + 1, body(s[0], first.With(s[1]))])[1]);
        static TensorArray Scan(Graph g, TensorArray first, Func<Value, TensorArray, TensorArray> body) =>
            first.With(ControlFlow.Scan([g.Range(0, 4, type: DType.Int64)], [first], (s, x) => ([body(x[0], first.With(s[0]))], [])).States[0]);
        foreach (var loop in new[] { Repeat, While, Scan })
        {
            GradientCheck.Assert((g, x) => Recurrence(g, x[0], x[1], (first, body) => loop(g, first, body)), _twice, Signed(2), Signed(2));
            AssertForward((g, x) => Recurrence(g, x[0], x[1], (first, body) => loop(g, first, body)), Signed(2), Signed(2));
        }
    }

    [Fact]
    public void A_list_from_outside_is_read_in_a_body()
    {
        static Value Of(Graph g, IReadOnlyList<Value> x)
        {
            var table = TensorArray.Unstack(x[0].Sin());
            var sum = ControlFlow.Scan([x[1]], [x[2]], (s, i) => ([s[0] * table.Read(i[0]) + x[2]], [table.Read(i[0]) * s[0]]));
            return sum.States[0] + sum.Outputs[0].Sum([0]) + ControlFlow.Repeat(Number(g, 3), [x[2]], (i, s) => [s[0] + table.Read(i).Square()])[0];
        }
        GradientCheck.Assert(Of, _twice, Signed(3, 2), Tensor.From([2L, 0, 2, 1]), Signed(2));
        AssertForward(Of, Signed(3, 2), Tensor.From([2L, 0, 2, 1]), Signed(2));
    }

    [Fact]
    public void Lists_nest_with_loops_and_branches()
    {
        static Value Of(Graph g, IReadOnlyList<Value> x)
        {
            var none = TensorArray.Empty(g, _pair);
            var outer = none.With(ControlFlow.Scan([x[0]], [none], (s, e) =>
            {
                var inner = none.With(ControlFlow.Repeat(none.With(s[0]).Count + 1, [s[0]], (i, t) =>
                {
                    var list = none.With(t[0]);
                    return [ControlFlow.If(list.Count > Number(g, 2), () => list.Write(i % i.Number(3), list.Read(i % i.Number(3)) * e[0]), () => list.Append(e[0].Sin() * x[1]))];
                })[0]);
                return ([inner], []);
            }).States[0]);
            return outer.Stack(3).Sin();
        }
        GradientCheck.Assert(Of, _twice, Signed(3, 2), Signed(2));
        AssertForward(Of, Signed(3, 2), Signed(2));
    }

    [Fact]
    public void Elements_may_differ_in_length()
    {
        static Value Of(Graph g, IReadOnlyList<Value> x)
        {
            var none = TensorArray.Empty(g, new(DType.Float64, [Shape.Unknown]));
            var all = none.With(ControlFlow.Repeat(Number(g, 3), [none, x[0]], (i, s) =>
                [none.With(s[0]).Append(s[1].Sin()), Operations.Concat([s[1], none.With(s[0]).Append(x[1]).Read(i) * x[1]], 0)], new() { Shapes = [[], [Shape.Unknown]] })[0]);
            return all.Concat().Rows.Square().Sum() + all.Read(Number(g, 1)).Sum();
        }
        GradientCheck.Assert(Of, _twice, Signed(2), Signed(1));
        AssertForward(Of, Signed(2), Signed(1));
    }

    [Fact]
    public void A_list_that_a_loop_reads_in_any_order_is_differentiated_in_linear_time()
    {
        // Were a list copied for every element that is read or written, 20,000 iterations would take minutes.
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float64, []);
        var n = graph.Placeholder("n", DType.Int64, []);
        var zeros = TensorArray.Zeros(n, x.TensorType);
        var filled = zeros.With(ControlFlow.Repeat(n, [zeros], (i, s) => [zeros.With(s[0]).Write(n - 1 - i, x)])[0]);
        var sum = ControlFlow.Repeat(n, [x.ZerosLike()], (i, s) => [s[0] + filled.Read(i).Square()])[0];
        using var session = new Session(graph);
        var results = session.Run([sum, Gradients.Of(sum, x)[0]!.Dense()], (x, Tensor.Scalar(2.0)), (n, Tensor.Scalar(20_000L)));
        Assert.Equal([80_000.0, 80_000], results.Select(r => r.Item<double>()));
    }

    [Fact]
    public void Mistakes_are_named()
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float64, [3, 2]);
        var i = graph.Placeholder("i", DType.Int64, []);
        var list = TensorArray.Unstack(x);
        string Message(Value value, long index)
        {
            using var session = new Session(graph);
            return Assert.ThrowsAny<DunlinException>(() => session.Run(value, (x, Signed(3, 2)), (i, Tensor.Scalar(index)))).Message;
        }
        using (graph.Scope("lookup")) Assert.Equal("lookup/ReadList: there is no element 3: the list has 3, 0 to 2.", Message(list.Read(i), 3));
        Assert.Contains("there is no element -1: the list has 3", Message(list.Write(i, x.Sum([0])).Count, -1), StringComparison.Ordinal);
        Assert.Contains("there is no element 0: the list has 0.", Message(TensorArray.Empty(graph, _pair).Read(i), 0), StringComparison.Ordinal);
        Assert.Contains("In iteration 3 of search", Message(ControlFlow.Repeat(i, [x], (k, s) => [s[0] + list.Read(k)], new() { Name = "search" })[0], 5), StringComparison.Ordinal);
        Assert.Contains("3 elements where 4 were declared", Message(list.Stack(4), 0), StringComparison.Ordinal);
        Assert.Contains("a list can't have -2 elements", Message(TensorArray.Zeros(i, _pair).Count, -2), StringComparison.Ordinal);
        Assert.Contains("lengths 1, 1 are to make up the 3 rows", Message(TensorArray.Split(x, graph.Constant(Tensor.From([1L, 1]))).Count, 0), StringComparison.Ordinal);
        Assert.Contains("Float64[2] where Float64[3] is expected", Message(new TensorArray(list, new(DType.Float64, [3])).Read(i), 0), StringComparison.Ordinal);
        var open = new TensorArray(TensorArray.Split(x, graph.Constant(Tensor.From([1L, 2]))), new(DType.Float64, [Shape.Unknown, 2]));
        var message = Message(open.Stack(), 0);
        Assert.Contains("element 0 is Float64[1, 2] and element 1 is Float64[2, 2]", message, StringComparison.Ordinal);
        var error = Assert.Throws<ShapeException>(() => list.Append(x)).Message;
        Assert.Contains("Float64[2]", error, StringComparison.Ordinal);
        Assert.Contains("Float64[3, 2]", error, StringComparison.Ordinal);
        Assert.Throws<ShapeException>(() => new TensorArray(x, _pair));
    }

    /// <summary>Forward mode against the gradient: ⟨Jt, r⟩ = ⟨t, Jᵀr⟩ for weights r.</summary>
    private static void AssertForward(Func<Graph, IReadOnlyList<Value>, Value> function, params Tensor[] inputs)
    {
        var graph = new Graph();
        Value[] x = [.. inputs.Select((t, i) => graph.Placeholder($"x{i}", t.Type, t.Shape))];
        Value[] smooth = [.. x.Where(v => v.Type == DType.Float64)];
        Value[] tangents = [.. smooth.Select(v => v * 0.5 + 1)];
        var y = function(graph, x);
        var weights = y.Cos() + 2;
        var forward = (Gradients.Forward([y], smooth, tangents)[0]! * weights).Sum();
        var backward = Gradients.Of(y, weights, smooth).Select((g, i) => (g!.Dense() * tangents[i]).Sum()).Aggregate((a, b) => a + b);
        using var session = new Session(graph);
        var results = session.Run([forward, backward], [.. x.Zip(inputs)]);
        Assert.Equal(results[1].Item<double>(), results[0].Item<double>(), 1e-9);
    }
}
