using Dunlin.Graphs.Ops;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Tests.BadInput;

/// <summary>Errors of building and running a graph name the operation, the node and what it reads, once each, and keep their types.</summary>
public class PlaceTests
{
    private readonly Graph _graph = new();

    [Fact]
    public void What_does_not_fit_is_named_with_its_scope_and_inputs()
    {
        var (images, weights) = (_graph.Placeholder("images", DType.Float32, [-1, 3]), _graph.Variable("weights", DType.Float32, [4, 5], new SameAsNothing()).Value);
        using var outer = _graph.Scope("encoder");
        using var inner = _graph.Scope("dense");
        var message = Assert.Throws<ShapeException>(() => images.MatMul(weights)).Message;
        Assert.StartsWith("In encoder/dense/MatMul of images, weights: MatMul(Float32[?, 3], Float32[4, 5]): ", message, StringComparison.Ordinal);
        Assert.StartsWith("In encoder/dense/mine of images, weights: MatMul(", Assert.Throws<ShapeException>(() => _graph.Add(new MatMul(), [images, weights], "mine")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_does_not_fit_once_shapes_are_fed_is_named_as_it_is_when_the_graph_is_built()
    {
        var (x, y) = (_graph.Placeholder("x", DType.Float32, [-1]), _graph.Placeholder("y", DType.Float32, [-1]));
        using (_graph.Scope("sum")) Fails<ShapeException>("In sum/Add of x, y: Add(Float32[2], Float32[3]): ", x + y, (x, Tensor.Zeros(DType.Float32, [2])), (y, Tensor.Zeros(DType.Float32, [3])));
    }

    [Fact]
    public void A_value_of_another_graph_or_none_is_refused_with_the_node_that_would_read_it()
    {
        var (x, other) = (_graph.Placeholder("x", DType.Float32, [2]), new Graph().Placeholder("y", DType.Float32, [2]));
        Assert.Equal("In Add of x, y: Add: its input y Float32[2] belongs to another graph.", Assert.Throws<DunlinException>(() => x + other).Message);
        Assert.Equal("In Add of x, null: Add: its input 1 is null, and not a value.", Assert.Throws<DunlinException>(() => _graph.Add(Binary.Add, [x, null!])).Message);
    }

    [Theory, InlineData(false), InlineData(true)]
    public void A_wrong_index_names_node_value_position_and_bound(bool constant)
    {
        var numbers = Tensor.From([0L, 3, 1], [3]);
        var table = _graph.Constant(Tensor.Zeros(DType.Float32, [3, 2]), "table");
        var given = constant ? _graph.Constant(numbers, "words") : _graph.Placeholder("words", DType.Int64, [3]);
        Value rows;
        using (_graph.Scope("embedding")) rows = table.Gather(given);
        var message = "In embedding/Gather: Gather: the row number 3 at position 1 is not within 0 to 2.";
        // Folded ahead of time, or run; alone, or before what is fused; and under an observer.
        Fails<DunlinException>(message, rows, constant ? [] : [(given, numbers)]);
        Fails<DunlinException>(message, (rows * 2).Sum() + 1, constant ? [] : [(given, numbers)]);
        if (constant) return;
        using var session = new Session(_graph, new() { Kernels = KernelSets.Managed, Threads = 1 });
        using var step = session.CompileUnfused([given], [rows]);
        Assert.Equal(message, Assert.Throws<DunlinException>(() => step.Run([numbers], [Tensor.Zeros(DType.Float32, [3, 2])], new Deaf())).Message);
    }

    [Fact]
    public void Indices_of_scatters_and_classes_are_named_too()
    {
        var (x, i) = (_graph.Placeholder("x", DType.Float32, [2, 1]), _graph.Placeholder("i", DType.Int64, [2]));
        var feeds = new[] { (x, Tensor.Zeros(DType.Float32, [2, 1])), (i, Tensor.From([0L, -4], [2])) };
        Fails<DunlinException>("ScatterAdd: the row number -4 at position 1 is not within 0 to 1.", Operations.ScatterAdd(x, i, x), feeds);
        Fails<DunlinException>("OneHot: the class number -4 at position 1 is not within 0 to 4.", i.OneHot(5), feeds[1..]);
        using (_graph.Scope("loss")) Fails<DunlinException>("In loss/SoftmaxCrossEntropy: ", x.SoftmaxCrossEntropy(i), feeds);
    }

    [Fact]
    public void Errors_keep_their_types()
    {
        var a = _graph.Placeholder("a", DType.Float64, [2, 2]);
        using (_graph.Scope("solver"))
        {
            Fails<FactorizationException>("In solver/Cholesky: Cholesky: the matrix ", a.Cholesky(), (a, Tensor.From([1.0, 2, 2, 1], [2, 2])));
            Fails<FactorizationException>("In solver/Solve: Solve: the matrix ", a.Solve(a), (a, Tensor.From([1.0, 1, 1, 1], [2, 2])));
            Fails<NonFiniteException>("In solver/CheckFinite: a is NaN at element 1.", a.CheckFinite(), (a, Tensor.From([1.0, double.NaN, 1, 1], [2, 2])));
            Fails<DunlinException>("In solver/Assertion: It is small", a.Assert(a < 1, "It is small"), (a, Tensor.From([0.0, 1, 0, 0], [2, 2])));
        }
    }

    [Fact]
    public void Within_a_loop_the_iteration_and_the_node_are_named_and_nothing_twice()
    {
        var table = _graph.Placeholder("table", DType.Float32, [2]);
        var end = ControlFlow.Repeat(_graph.Constant(5, DType.Int64), [table.Number(0)], (i, s) => [s[0] + table.Gather(i.Reshape([1])).Sum()], new() { Name = "tally" })[0];
        Fails<DunlinException>("In iteration 2 of tally: In tally/Gather: Gather: the row number 2 at position 0 is not within 0 to 1.", end, (table, Tensor.Zeros(DType.Float32, [2])));
        var endless = ControlFlow.While(table.Sum(), s => s >= 0, s => s + 1, new() { Name = "climb", Limit = 3 });
        Fails<DunlinException>("In climb: The loop climb has not ended after 3 iterations", endless, (table, Tensor.Zeros(DType.Float32, [2])));
    }

    [Fact]
    public void Within_loops_whose_shapes_change_and_between_stages_it_is_the_same()
    {
        var (x, i) = (_graph.Placeholder("x", DType.Float32, [-1]), _graph.Placeholder("i", DType.Int64, [1]));
        var grown = ControlFlow.While([x, i], s => s[1].Sum() < 5, s => [Operations.Concat([s[0], s[0].Gather(s[1])], 0), s[1] + 2], new() { Name = "grow", Shapes = [[-1], [1]] })[0];
        Fails<DunlinException>("In iteration 2 of grow: In grow/Gather: Gather: the row number 4 at position 0 is not within 0 to 3.", grown, (x, Tensor.Zeros(DType.Float32, [2])), (i, Tensor.From([0L], [1])));
        using (_graph.Scope("late")) Fails<DunlinException>("In late/DynamicRange: ", Operations.DynamicRange(i.Sum(), i.Sum() + 4, i.Sum() * 0), (i, Tensor.From([1L], [1])));
    }

    [Fact]
    public void Within_a_branch_the_node_is_named()
    {
        var (x, i) = (_graph.Placeholder("x", DType.Float32, [3]), _graph.Placeholder("i", DType.Int64, [1]));
        var y = ControlFlow.If(i.Sum() > 0, () => x.Gather(i), () => x.Gather(i - i), "choice");
        Fails<DunlinException>("In choice/then/Gather: Gather: the row number 9 ", y, (x, Tensor.Zeros(DType.Float32, [3])), (i, Tensor.From([9L], [1])));
    }

    [Fact]
    public void What_is_fed_wrongly_is_named()
    {
        var (x, y) = (_graph.Placeholder("x", DType.Float32, [3]), _graph.Placeholder("y", DType.Float32, [3]));
        Fails<DunlinException>("y Float32[3] is needed but was not fed", x + y, (x, Tensor.Zeros(DType.Float32, [3])));
        Fails<ShapeException>("x expects Float32[3]; it was fed Float64[3].", x, (x, Tensor.Zeros(DType.Float64, [3])));
    }

    [Fact]
    public void An_error_that_is_met_again_names_its_places_once()
    {
        var error = new DunlinException("Gather: no such row.");
        foreach (var place in new[] { "Gather", "net/embedding", "net", "net/embedding", "network" }) error.At(place);
        Assert.Equal("In network: In net/embedding: Gather: no such row.", error.Message);
        error.At("loop", "In iteration 3 of loop");
        error.At("loop", "In iteration 1 of loop");
        Assert.StartsWith("In iteration 1 of loop: In iteration 3 of loop: In network: ", error.Message, StringComparison.Ordinal);
    }

    private void Fails<T>(string start, Value fetch, params (Value, Tensor)[] feeds) where T : DunlinException
    {
        using var session = new Session(_graph, new() { Kernels = KernelSets.Managed, Threads = 1 });
        var message = Assert.Throws<T>(() => session.Run(fetch, feeds)).Message;
        Assert.StartsWith(start, message, StringComparison.Ordinal);
    }

    private sealed class Deaf : IStepObserver
    {
        public void Before(PlanKernel kernel) { }

        public void After(PlanKernel kernel, ReadOnlySpan<nint> outputs) { }
    }

    private sealed record SameAsNothing : Initializer
    {
        public override void Fill(Tensor target, ulong seed, ulong stream) => target.RawBytes.Clear();
    }
}
