using Dunlin.Graphs.Ops;
using Dunlin.Graphs.Tests.Differentiation;
using Dunlin.Tensors;

namespace Dunlin.Graphs.Tests.Vectorization;

public class MapTests
{
    [Fact]
    public void Examples_may_stand_along_any_dimension_and_inputs_may_be_shared()
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float64, [2, 3]);
        var w = graph.Placeholder("w", DType.Float64, [2]);
        var dots = Vectorize.Map(v => [(v[0] * v[1]).Sum()], [x, w], [1, null])[0];
        using var session = new Session(graph);
        Assert.Equal([1.0 * 7 + 4 * 8, 2 * 7 + 5 * 8, 3 * 7 + 6 * 8], session.Run(dots, (x, Tensor.From([1.0, 2, 3, 4, 5, 6], [2, 3])), (w, Tensor.From([7.0, 8]))).ToArray<double>());
    }

    [Fact]
    public void Maps_nest()
    {
        var graph = new Graph();
        var (a, b) = (graph.Placeholder("a", DType.Float64, [3, 4]), graph.Placeholder("b", DType.Float64, [2, 4]));
        // All pairs of rows: a · bᵀ.
        var table = Vectorize.Map(row => Vectorize.Map(other => (row * other).Sum(), b), a);
        using var session = new Session(graph);
        var results = session.Run([table, a.MatMul(b, transposeB: true)], (a, RandomTensors.Normal([3, 4], 1)), (b, RandomTensors.Normal([2, 4], 2)));
        Assert.Equal(results[1].ToArray<double>(), results[0].ToArray<double>(), (p, q) => Math.Abs(p - q) < 1e-12);
    }

    [Fact]
    public void The_number_of_examples_may_be_unknown_until_it_runs()
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float64, [Shape.Unknown, 2]);
        var w = graph.Placeholder("w", DType.Float64, [2, 2]);
        Value F(Value v) => Operations.Concat([v, v.ExpandDims(0).MatMul(w).Softmax().Flatten(0), w.Sum([0])], 0);
        var y = Vectorize.Map(F, x);
        var gradient = Vectorize.Map(v => Gradients.Of(F(v).Square().Sum(), v)[0]!.Dense(), x);
        using var session = new Session(graph);
        var step = session.Compile([x, w], [y, gradient]);
        var weights = RandomTensors.Normal([2, 2], 2);
        foreach (var n in new[] { 1, 4 })
        {
            var many = step.Run(RandomTensors.Normal([n, 2], 1), weights);
            Assert.Equal(Shape.Of(n, 6), many[0].Shape);
            var first = step.Run(Tensor.From(RandomTensors.Normal([n, 2], 1).ToArray<double>()[^2..], [1, 2]), weights);
            Assert.Equal(first[0].ToArray<double>(), many[0].ToArray<double>()[^6..], (p, q) => Math.Abs(p - q) < 1e-12);
            Assert.Equal(first[1].ToArray<double>(), many[1].ToArray<double>()[^2..], (p, q) => Math.Abs(p - q) < 1e-12);
        }
    }

    [Fact]
    public void What_no_example_touches_is_computed_once()
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float64, [5, 2]);
        var w = graph.Placeholder("w", DType.Float64, [2, 2]);
        Vectorize.Map(v => v.ExpandDims(0).MatMul(w.Exp().Transpose()), x);
        Assert.Single(graph.Nodes, n => n.Operation == Unary.Exp);
        Assert.Single(graph.Nodes, n => n.Operation is Transpose);
    }

    [Fact]
    public void Dropout_loses_the_same_elements_of_every_example_unless_their_counters_differ()
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float64, [2, 50]);
        var counter = graph.Placeholder("counter", DType.Int64, Shape.Scalar);
        using var session = new Session(graph);
        var same = Vectorize.Map(v => v.Dropout(counter, 0.5, seed: 1, stream: 1), x);
        var own = Vectorize.Map(v => [v[0].Dropout(v[1], 0.5, seed: 1, stream: 1)], [x, graph.Constant(Tensor.From([0L, 1]))])[0];
        var results = session.Run([same, own], (x, RandomTensors.Normal([2, 50], 1)), (counter, Tensor.Scalar(0L)));
        bool[] Lost(Tensor y, int example) => [.. y.ToArray<double>().Skip(50 * example).Take(50).Select(v => v == 0)];
        Assert.Equal(Lost(results[0], 0), Lost(results[0], 1));
        Assert.Equal(Lost(results[0], 0), Lost(results[1], 0));
        Assert.NotEqual(Lost(results[1], 0), Lost(results[1], 1));
    }

    [Fact]
    public void A_number_out_of_range_is_an_error_and_never_reads_another_examples_table()
    {
        var graph = new Graph();
        var tables = graph.Placeholder("tables", DType.Float64, [2, 3, 1]);
        var rows = graph.Placeholder("rows", DType.Int32, [2, 1]);
        var y = Vectorize.Map(v => [v[0].Gather(v[1])], [tables, rows])[0];
        using var session = new Session(graph);
        var error = Assert.Throws<DunlinException>(() => session.Run(y, (tables, RandomTensors.Normal([2, 3, 1], 1)), (rows, Tensor.From([3, 0], [2, 1]))));
        Assert.Contains("row number 3 at position 0 is not within 0 to 2", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_can_not_be_vectorised_says_why()
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Int32, [Shape.Unknown, 3]);
        var loop = Assert.Throws<DunlinException>(() => Vectorize.Map(v => v.Bincount(4), x));
        Assert.Contains("Bincount", loop.Message, StringComparison.Ordinal);
        Assert.Contains("number has to be known", loop.Message, StringComparison.Ordinal);
        var variable = graph.Variable("total", DType.Float64, Shape.Scalar, new Zero());
        var assign = Assert.Throws<DunlinException>(() => Vectorize.Map(v => variable.Assign(v.Sum()), graph.Placeholder("y", DType.Float64, [3, 3])));
        Assert.Contains("total", assign.Message, StringComparison.Ordinal);
        var shapes = Assert.Throws<ShapeException>(() => Vectorize.Map(v => [v[0] + v[1]],
            [graph.Placeholder("a", DType.Float64, [3]), graph.Placeholder("b", DType.Float64, [2])]));
        Assert.Contains("as many as for all others", shapes.Message, StringComparison.Ordinal);
    }

    private sealed record Zero : Initializer
    {
        public override void Fill(Tensor target, ulong seed, ulong stream) => target.RawBytes.Clear();
    }
}
