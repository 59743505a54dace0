using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Training;

/// <summary>
/// A variable on its way through an optimiser: what the links so far have made of its gradient. Where the gradient is sparse, so is all else:
/// links see the touched rows [n, d…] only, of the gradient, of the weights and of their own state, each row once, and only those rows change.
/// So a link that is written element by element serves both. Where the variable is of 16 bits, links compute in Float32.
/// Where workers share the update (<see cref="ShardingStage"/>), a link sees this worker's piece of all, flat; see <see cref="GradientTransform.TakesPieces"/>.
/// </summary>
public sealed record Parameter
{
    private readonly int _rank;
    private Value? _newWeights;

    /// <summary>Joins a variable and its gradient.</summary>
    /// <param name="variable">The variable.</param>
    /// <param name="gradient">Dense, of the variable's type and shape, or sparse: some of its rows.</param>
    /// <exception cref="ShapeException">The gradient is not of the variable's type.</exception>
    public Parameter(Variable variable, Gradient gradient)
    {
        if (gradient.Values.Type != variable.TensorType.Type)
            throw new ShapeException($"The gradient of {variable} has its element type, not {gradient.Values.Type}; convert it with Cast.");
        (Variable, Gradient, Rows) = (variable, Wide(gradient.Values), gradient.Indices);
    }

    /// <summary>Joins a variable and this worker's piece of its gradient.</summary>
    /// <param name="variable">The variable: whole, or this worker's piece of it.</param>
    /// <param name="piece">The piece of the gradient.</param>
    /// <param name="cut">How variable and gradient are cut.</param>
    /// <param name="rank">This worker, whose piece it is.</param>
    internal Parameter(Variable variable, Value piece, Cut cut, int rank)
    {
        (Variable, Gradient, Cut, _rank) = (variable, Wide(piece), cut, rank);
    }

    /// <summary>The variable.</summary>
    public Variable Variable { get; }

    /// <summary>The variable's shape, also where only a piece of it is at hand.</summary>
    public Shape Shape => Variable.WholeType.Shape;

    /// <summary>How the variable is cut where only this worker's piece of the gradient is at hand; null where all of it is.</summary>
    public Cut? Cut { get; }

    /// <summary>The gradient of the loss, or what links of an optimiser have made of it: of the variable's shape, or the touched rows.</summary>
    public Value Gradient { get; private init; }

    /// <summary>
    /// The numbers of the touched rows [n]; null where all is dense. A row that was named more than once stands at its first place, with the sum;
    /// at the others the number is −1 and the row zeros, and what is computed there goes nowhere.
    /// </summary>
    public Value? Rows { get; private init; }

    /// <summary>The weights before the update: the whole variable, or the touched rows (zeros where there is none), or this worker's piece.</summary>
    public Value Weights => IsCutFromWhole ? Wide(Variable.Value.TakePiece(Cut!, _rank)) : Of(Variable);

    /// <summary>The weights after the update: what a link has set, or else the weights less the gradient.</summary>
    public Value NewWeights => _newWeights ?? Weights - Gradient;

    /// <summary>Whether the variable is whole though only a piece of the gradient is at hand, so that the new weights have to be gathered.</summary>
    internal bool IsCutFromWhole => Cut is not null && Variable.Cut is null;

    /// <summary>‖x‖² of this parameter's part of a tensor, as a scalar: the piece's where it is one, without what stands behind the last element.</summary>
    internal Value SquareOf(Value x) => Norms.SquareOf(Cut is null ? x : x.WithoutPadding(Cut, _rank));

    /// <summary>This parameter's part of a dense tensor of the variable's shape.</summary>
    internal Value PartOf(Value whole) => Cut is null ? whole : whole.TakePiece(Cut, _rank);

    /// <summary>Whether a link has set the new weights, so that the gradient does not matter any more.</summary>
    internal bool IsSet => _newWeights is not null;

    /// <summary>The parameter with another gradient, computed from this one's elements.</summary>
    /// <exception cref="DunlinException">A link before has set the new weights: it has to come after this one.</exception>
    /// <exception cref="ShapeException">The function changes the type or the shape.</exception>
    public Parameter Map(Func<Value, Value> function)
    {
        if (IsSet) throw new DunlinException($"A link of the optimiser changes the gradient of {Variable.Name} after another one has set its new weights; put it before that one.");
        return this with { Gradient = Like(function(Gradient), "gradient") };
    }

    /// <summary>The parameter whose weights become the given ones, whatever its gradient.</summary>
    /// <param name="newWeights">As <see cref="Weights"/>.</param>
    /// <exception cref="ShapeException">Type or shape are not those of <see cref="Weights"/>.</exception>
    public Parameter Become(Value newWeights) => this with { _newWeights = Like(newWeights, "new weights") };

    /// <summary>The parameter with its gradient times a scalar.</summary>
    internal Parameter Scaled(Value factor) => Map(g => g * factor.Cast(g.Type));

    /// <summary>The elements of a variable of the same shape that belong to this gradient's.</summary>
    internal Value Of(Variable variable) => Wide(Rows is { } rows ? variable.Value.TakeRows(rows) : variable.Value);

    /// <summary>The parameter with each row of a sparse gradient once.</summary>
    internal Parameter WithDistinctRows()
    {
        if (Rows is null) return this;
        var (numbers, sums) = Operations.SumDuplicateRows(Rows, Gradient);
        return this with { Gradient = sums, Rows = numbers };
    }

    /// <summary>The parameter with all its new weights instead of those of the touched rows only.</summary>
    internal Parameter Whole() => Rows is null ? this : this with
    {
        Gradient = Wide(Variable.Value),
        Rows = null,
        _newWeights = Operations.PutRows(Wide(Variable.Value), Rows, NewWeights),
    };

    private static Value Wide(Value value) => value.Type.IsHalf() ? value.Cast(DType.Float32) : value;

    private Value Like(Value made, string what) => made.Type == Gradient.Type && (made.Shape.Accepts(Gradient.Shape) || Gradient.Shape.Accepts(made.Shape))
        ? made
        : throw new ShapeException($"A link of the optimiser made {what} {made.TensorType} for {Variable}; expected {Gradient.TensorType}.");
}
