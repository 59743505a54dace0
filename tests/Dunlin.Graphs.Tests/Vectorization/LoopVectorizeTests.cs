using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using static Dunlin.Graphs.Tests.Ops.Numbers;

namespace Dunlin.Graphs.Tests.Vectorization;

/// <summary>Branches and loops of many examples at once against the same of one after the other.</summary>
public class LoopVectorizeTests
{
    private static Value Number(Graph graph, long n) => graph.Constant(n, DType.Int64);

    /// <summary>
    /// Compares values, gradients of the mapped function and the mapped gradient with what one example after the other gives, and says how many
    /// loops and branches there are in the graph of the values.
    /// </summary>
    /// <param name="function">Of an example and of w, which all share.</param>
    /// <param name="examples">Along the first dimension.</param>
    private static int Check(Func<Graph, Value, Value, Value> function, Tensor examples)
    {
        var graph = new Graph();
        var (x, w) = (graph.Placeholder("x", DType.Float64, examples.Shape), graph.Placeholder("w", DType.Float64, [2]));
        var count = examples.Shape[0];
        Value One(int e) => function(graph, x.StridedSlice(e..(e + 1)).Squeeze(0), w);
        // The gradient by the example stands for the mapped gradients too.
        Value Gradient(Value e) => Gradients.Of(function(graph, e, w).Square().Sum(), e)[0]!.Dense();
        var before = graph.Nodes.Count;
        var mapped = Vectorize.Map(e => function(graph, e, w), x);
        var nodes = graph.Nodes.Skip(before).Count(n => n.Operation is Loop or If) - 1;
        var single = Operations.Stack([.. Enumerable.Range(0, count).Select(One)]);
        Value[] Of(Value y) => [y, .. Gradients.Of(y.Sin().Sum(), x, w).Select((g, i) => g?.Dense() ?? (i == 0 ? x : w).ZerosLike())];
        var second = Gradients.Of(Of(mapped)[1].Square().Sum(), x)[0]!.Dense();
        var secondSingle = Gradients.Of(Of(single)[1].Square().Sum(), x)[0]!.Dense();
        Value[] actual = [.. Of(mapped), second, Vectorize.Map(Gradient, x), Gradients.Forward(mapped, x, x.Cos())!];
        Value[] expected = [.. Of(single), secondSingle, Operations.Stack([.. Enumerable.Range(0, count).Select(e => Gradient(x.StridedSlice(e..(e + 1)).Squeeze(0)))]), Gradients.Forward(single, x, x.Cos())!];
        using var session = new Session(graph, new() { Threads = 1 });
        var results = session.Run([.. actual, .. expected], (x, examples), (w, Tensor.From([0.7, -0.4])));
        for (var i = 0; i < actual.Length; i++)
        {
            Assert.Equal(results[actual.Length + i].Shape, results[i].Shape);
            foreach (var (a, e) in results[i].ToArray<double>().Zip(results[actual.Length + i].ToArray<double>())) Assert.True(Math.Abs(a - e) <= 1e-9 * (1 + Math.Abs(e)), $"result {i}: {a}, expected {e}");
        }
        return nodes;
    }

    [Fact]
    public void A_branch_on_what_is_the_same_for_all_is_one_branch()
    {
        foreach (var sign in new[] { 1.0, -1 })
            Assert.Equal(1, Check((_, x, w) => ControlFlow.If(w.Sum() * sign > 0, () => (x * w).Sin(), () => x.Square() + w), Signed(3, 2)));
    }

    [Fact]
    public void Each_example_takes_its_own_branch()
    {
        var examples = Tensor.From([0.5, 0.25, -0.5, -2, 1, 2, -1, 0.5], [4, 2]);
        Assert.Equal(2, Check((_, x, w) => ControlFlow.If(x.Sum() > 0, () => (x * w).Sin(), () => x.Square() * w + x), examples));
        // All on one side.
        Check((_, x, w) => ControlFlow.If(x.Sum() > -100, () => (x * w).Sin(), () => x.Square()), examples);
        Check((_, x, w) => ControlFlow.If(x.Sum() < -100, () => (x * w).Sin(), () => x.Square()), examples);
        Check((_, x, w) => ControlFlow.If(x.Sum() > 0, () => ControlFlow.If(w.Sum() * x.Sum() > 0.1, () => x, () => x.Exp()), () => ControlFlow.If(x.Sum() > -1, () => x * 3, () => w)), examples);
    }

    [Fact]
    public void A_branch_never_sees_an_example_that_does_not_take_it()
    {
        // √x and log x have infinite slopes and no values beyond 0: chosen among afterwards, they would make gradients NaN.
        Check((_, x, w) => ControlFlow.If(x.Sum() > 0, () => x.Sum().Sqrt() * w + x.Sum().Log().CheckFinite("a logarithm"), () => x * w), Tensor.From([0.5, 0.25, 0, 0, -1, 0.5], [3, 2]));
    }

    [Fact]
    public void Examples_go_round_together()
    {
        Assert.Equal(1, Check((g, x, w) => ControlFlow.Repeat(Number(g, 3), [x], (i, s) => [(s[0] * w + i.Cast(DType.Float64)).Sin()])[0], Signed(3, 2)));
        Assert.Equal(1, Check((g, x, w) => ControlFlow.While([Number(g, 0), x], s => s[0] < Number(g, 3), s => [s[0] + 1, (s[1] * w).Sin() + x])[1], Signed(3, 2)));
        Assert.Equal(1, Check((g, x, w) => ControlFlow.Scan([w], [x], (s, e) => ([(s[0] * e[0]).Sin()], [s[0].Sum()])).Outputs[0], Signed(3, 2)));
        Check((g, x, w) => ControlFlow.ScanWhile([x], [Number(g, 0)], s => s[0] < Number(g, 2), (s, e) => ([s[0] + 1], [e[0] * w.Sum()])).Outputs[0].Reshape([2]), Signed(3, 2));
    }

    [Fact]
    public void Each_example_goes_round_as_often_as_it_will()
    {
        var examples = Tensor.From([0.5, 0.25, 3, 1, 1, 1.5, 9, 0.5], [4, 2]);
        Assert.Equal(1, Check((_, x, w) => ControlFlow.While(x, s => s.Sum() > 1, s => s * 0.5 + w * 0.1), examples));
        Assert.Equal(1, Check((g, x, w) => ControlFlow.Repeat(x.Sum().Cast(DType.Int64), [x], (i, s) => [(s[0] * w).Sin() + x + i.Cast(DType.Float64)])[0], examples));
        // Nobody goes round at all.
        Check((_, x, w) => ControlFlow.While(x, s => s.Sum() > 100, s => s * w), examples);
        Check((g, x, w) => ControlFlow.Repeat(x.Sum().Cast(DType.Int64) - 20, [x * w], (_, s) => [s[0] * w])[0], examples);
        // Within one that all go round together.
        Check((g, x, w) => ControlFlow.Repeat(Number(g, 2), [x], (i, s) => [ControlFlow.While(s[0], t => t.Sum() > 1, t => t * 0.5 + w * 0.1) * 1.5])[0], examples);
        // And the other way round.
        Check((g, x, w) => ControlFlow.While(x, s => s.Sum() > 1, s => ControlFlow.Repeat(Number(g, 2), [s], (_, t) => [t[0] * 0.7 + w * 0.1])[0]), examples);
    }

    [Fact]
    public void An_example_that_is_done_does_not_spoil_the_others()
    {
        // Newton's method for a zero of s² − Σx; past the end √(s − 1) is no number.
        var examples = Tensor.From([0.5, 0.75, 1.5, 0.75, 6, 3], [3, 2]);
        Check((_, x, w) => ControlFlow.While(x.Sum(), s => s > 1.2, s => (s - 1).Sqrt() + (s - 1.1).Log().CheckFinite("a logarithm") * 0.01) * w, examples);
    }

    [Fact]
    public void A_scan_ends_for_each_example_where_it_will()
    {
        var examples = Tensor.From([0.5, 0.25, 3, 1, 1, 1.5, 9, 0.5, 0.1, 0.2, 0.3, 0.4], [3, 4]);
        Check((g, x, w) => ControlFlow.ScanWhile([x], [w], s => s[0].Sum() < s[0].Number(2), (s, e) => ([s[0] * 0.5 + e[0] + w.Sin()], [])).States[0], examples);
        var graph = new Graph();
        var fed = graph.Placeholder("x", DType.Float64, [3, 4]);
        var stacked = Vectorize.Map(x => ControlFlow.ScanWhile([x], [(x * 0).Sum()], s => s[0] < s[0].Number(2), (s, e) => ([s[0] + e[0]], [e[0]])).Outputs[0], fed);
        using var session = new Session(graph);
        var message = Assert.ThrowsAny<DunlinException>(() => session.Run(stacked, (fed, examples))).Message;
        Assert.Contains("can't be stacked to one tensor", message, StringComparison.Ordinal);
        var same = session.Run(stacked, (fed, Tensor.From([1.0, 1, 5, 5, 1, 1.5, 5, 5, 1, 1.25, 5, 5], [3, 4])));
        Assert.Equal([1, 1, 1, 1.5, 1, 1.25], same.ToArray<double>());
    }

    [Fact]
    public void Lists_of_many_examples_are_as_many_lists()
    {
        Check((g, x, w) =>
        {
            var none = TensorArray.Empty(g, x.TensorType);
            var list = none.With(ControlFlow.Repeat(Number(g, 3), [x, none], (i, s) => [(s[0] * w).Sin() + x, none.With(s[1]).Append(s[0])])[1]);
            return list.Write(Number(g, 1), list.Read(Number(g, 2)) * w).Stack(3);
        }, Signed(3, 2));
        // Each reads another element.
        Check((g, x, w) => TensorArray.Unstack(x.Sin()).Read(ControlFlow.If(x.Sum() > 0, () => Number(g, 1), () => Number(g, 0))) * w, Tensor.From([0.5, 0.25, -0.5, -2, 1, 2], [3, 2]));
    }
}
