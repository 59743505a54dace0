using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Training;

/// <summary>
/// Sums of gradients over the micro-batches of one step, in variables that are empty at the borders of steps and so in no checkpoint. A sparse gradient stays sparse: each
/// micro-batch has room of its own for its rows. Where it is not known beforehand how many they are, they are summed in the table's shape.
/// </summary>
internal sealed class GradientAccumulation
{
    /// <summary>What the names of all sums begin with.</summary>
    private const string Prefix = "accumulated/";

    private readonly List<Value> _additions = [];
    private readonly List<Value> _resets = [];

    /// <summary>Makes the sums.</summary>
    /// <param name="learned">What to sum: of one micro-batch, weighted by its part of the whole batch.</param>
    /// <param name="share">Its examples.</param>
    /// <param name="part">The number of the micro-batch, from 0: an Int64 scalar.</param>
    /// <param name="parts">How many micro-batches a step has at most.</param>
    public GradientAccumulation(IReadOnlyList<(Variable Variable, Gradient Gradient)> learned, WorkerShare share, Value part, int parts) =>
        Sums = [.. learned.Select(l => (l.Variable, !l.Gradient.IsSparse ? Dense(l.Variable, l.Gradient.Values) : RowsOf(l.Gradient, share) is { } rows ? OfRows(l.Variable, l.Gradient, share, part, rows, parts) : OfTable(l.Variable, l.Gradient, share)))];

    /// <summary>The variables with what the micro-batches of the step have left. Of a variable that is a piece, too, the sum is that of the whole: it is cut in the exchange.</summary>
    public IReadOnlyList<(Variable Variable, Gradient Gradient)> Sums { get; }

    /// <summary>What a micro-batch adds.</summary>
    public IReadOnlyList<Value> Additions => _additions;

    /// <summary>Empties the sums after the update.</summary>
    public IReadOnlyList<Value> Resets => _resets;

    /// <summary>Whether a variable is a sum.</summary>
    public static bool Owns(Variable variable) => variable.Name.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>How many rows of a sparse gradient one micro-batch has at most; null where that depends on elements.</summary>
    private static int? RowsOf(Gradient gradient, WorkerShare share) => share.LargestType(gradient.Indices!).Shape[0] is var rows and not Shape.Unknown ? rows : null;

    private Value Dense(Variable variable, Value gradient) => Added(Sum(variable, "sum", variable.WholeType), gradient);

    private Gradient OfTable(Variable variable, Gradient gradient, WorkerShare share)
    {
        var table = TableGradient.Of(gradient, share);
        return (table with { Sums = Dense(variable, table.Sums), Named = Added(Sum(variable, "named", table.Named.TensorType), table.Named) }).ToSparse();
    }

    private Value Added(Variable sum, Value more)
    {
        Change(sum, sum.Value + more, sum.Value.ZerosLike());
        return sum.Value;
    }

    private Gradient OfRows(Variable variable, Gradient gradient, WorkerShare share, Value part, int rows, int parts)
    {
        var indices = gradient.Indices!;
        var numbers = Sum(variable, "numbers", new(indices.Type, [checked(rows * parts)]), Initializers.Constant(-1));
        var values = Sum(variable, "rows", new(gradient.Values.Type, variable.TensorType.Shape.With(0, rows * parts)));
        var places = indices.OnesLike().Cast(DType.Int64).CumSum(0, exclusive: true) + part * rows;
        Change(numbers, Operations.PutRows(numbers, places, share.NumbersOf(gradient)), numbers.Value.FillLike(numbers.Value.Number(-1)));
        _additions.Add(values.Assign(Operations.PutRows(values, places, gradient.Values)));
        return Gradient.Sparse(numbers, values, gradient.Like!);
    }

    private static Variable Sum(Variable variable, string name, TensorType type, Initializer? initializer = null) =>
        variable.Value.Graph.AddVariable($"{Prefix}{name}/{variable.Name}", type.Type, type.Shape, initializer ?? Initializers.Zeros, trainable: false);

    private void Change(Variable sum, Value added, Value empty)
    {
        _additions.Add(sum.Assign(added));
        _resets.Add(sum.Assign(empty));
    }
}
