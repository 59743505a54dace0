using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Training;

/// <summary>What links of an optimiser may use besides gradients.</summary>
public sealed class OptimizerContext
{
    /// <summary>What the names of all state begin with.</summary>
    internal const string Prefix = "optimizer/";

    private readonly List<Value> _assignments = [];

    private readonly IShards? _shards;

    internal OptimizerContext(Graph graph, Value step, IShards? shards = null) => (Graph, Step, _shards) = (graph, step, shards);

    /// <summary>The graph.</summary>
    public Graph Graph { get; }

    /// <summary>Updates done before this one: an Int64 scalar.</summary>
    public Value Step { get; }

    /// <summary>The number of this update, counted from 1, for the schedules and corrections that links compute once for all parameters.</summary>
    public Scalar Count => new Scalar(Step.Cast(DType.Float64)) + 1;

    internal IReadOnlyList<Value> Assignments => _assignments;

    /// <summary>
    /// A variable of the parameter's shape (or this worker's piece of one) for a link's state: <c>optimizer/momentum/conv2d/weight</c>, not trained. Its type is that of the gradient's
    /// elements (Float32 for parameters of 16 bits), but that of the parameter where it starts as one (<see cref="SameAs"/>).
    /// </summary>
    /// <param name="parameter">Whose state.</param>
    /// <param name="name">What it is; each name once for a parameter.</param>
    /// <param name="initializer">What it holds at first; zeros unless given.</param>
    /// <exception cref="DunlinException">The name was used for the parameter before.</exception>
    public Slot Slot(Parameter parameter, string name, Initializer? initializer = null)
    {
        var (own, shape) = parameter.Variable.WholeType;
        var whole = new TensorType(initializer is SameAs ? own : parameter.Gradient.Type, shape);
        var (full, first) = (NameOf(name, parameter.Variable), initializer ?? Initializers.Zeros);
        return new(parameter.Cut is { } cut
            ? Graph.AddPiece(full, cut with { Whole = whole }, parameter.IsCutFromWhole && first is SameAs same ? same with { From = cut.Begin(_shards!.Rank) } : first, trainable: false)
            : Graph.AddVariable(full, whole.Type, whole.Shape, first, trainable: false), parameter);
    }

    /// <summary>
    /// ‖x‖² of whole tensors as scalars (Float64 of such, else Float32), also where each worker has a piece: the sums over the workers then travel together. Of sparse gradients, those of
    /// the touched rows.
    /// </summary>
    /// <param name="tensors">Parameters, and of each a tensor like its gradient.</param>
    public IReadOnlyList<Value> SquaresOf(IReadOnlyList<(Parameter Parameter, Value Tensor)> tensors)
    {
        Value[] squares = [.. tensors.Select(t => t.Parameter.SquareOf(t.Tensor))];
        foreach (var type in Enumerable.Range(0, squares.Length).Where(i => tensors[i].Parameter.Cut is not null).GroupBy(i => squares[i].Type).ToList())
            foreach (var (i, sum) in type.Zip(Operations.AllReduceTogether([.. type.Select(i => squares[i])], _shards!.Axis))) squares[i] = sum;
        return squares;
    }

    /// <summary>A Float64 scalar for state that a link keeps once for all parameters: <c>optimizer/momentum-product</c>, not trained.</summary>
    /// <param name="name">What it is; each name once in an optimiser.</param>
    /// <param name="initial">What it holds at first.</param>
    public Variable State(string name, double initial = 0) => Graph.AddVariable(Prefix + name, DType.Float64, Shape.Scalar, Initializers.Constant(initial), trainable: false);

    /// <summary>Gives state new elements at the end of the step; where the gradient is sparse, the touched rows of it.</summary>
    public void Assign(Slot slot, Value value) => Assign(slot.Variable, slot.Rows, value);

    /// <summary>Gives a variable new elements at the end of the step.</summary>
    public void Assign(Variable variable, Value value) => Assign(variable, null, value);

    /// <summary>A schedule's number at this update.</summary>
    public Scalar At(Schedule schedule) => schedule.At(new Scalar(Step.Cast(DType.Float64)));

    /// <summary>βᵗ, t being <see cref="Count"/>.</summary>
    public Scalar Power(double beta) => beta == 0 ? 0 : Scalar.Exp(Count * Math.Log(beta));

    /// <summary>A scalar as a Float64 value of the graph.</summary>
    public Value Number(Scalar scalar) => scalar.In(Graph);

    internal static string NameOf(string slot, Variable variable) => $"{Prefix}{slot}/{variable.Name}";

    internal void Assign(Variable variable, Value? rows, Value value) =>
        _assignments.Add(variable.Assign(rows is null ? value.Cast(variable.TensorType.Type) : Operations.PutRows(variable, rows, value.Cast(variable.TensorType.Type))));
}
