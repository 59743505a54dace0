namespace Dunlin.Graphs;

/// <summary>
/// How the elements of a tensor, in their order, are divided among ranks: every rank has a piece of equal length, with zeros behind the last element. So all ranks have the same graph.
/// </summary>
/// <param name="Whole">The tensor's type; its shape is known.</param>
/// <param name="Ranks">How many pieces, at least 1.</param>
/// <exception cref="DunlinException">The shape is not known, or there are no ranks.</exception>
public sealed record Cut(TensorType Whole, int Ranks)
{
    /// <summary>Pieces of so many elements or more are a multiple of it, whatever the element type, so that pieces side by side are the tensor.</summary>
    private const int Unit = 64;

    /// <inheritdoc cref="Cut"/>
    public TensorType Whole { get; init; } = Whole.Shape.IsKnown ? Whole : throw new ShapeException($"Cut: only tensors of known shape are cut into pieces, not {Whole}.");

    /// <inheritdoc cref="Cut"/>
    public int Ranks { get; } = Require.AtLeast(nameof(Cut), Ranks, 1);

    /// <summary>Elements of each piece.</summary>
    public int Length => LengthOf(Whole.Shape.ElementCount, Ranks);

    /// <summary>The type of each piece.</summary>
    public TensorType Piece => new(Whole.Type, [Length]);

    /// <summary>Where a rank's piece begins, in elements.</summary>
    public long Begin(int rank) => Math.Min((long)rank * Length, Whole.Shape.ElementCount);

    /// <summary>How many of the tensor's elements a rank's piece holds; the rest of it is zeros.</summary>
    public int Count(int rank) => (int)Math.Clamp(Whole.Shape.ElementCount - (long)rank * Length, 0, Length);

    private static int LengthOf(long elements, int ranks)
    {
        var least = checked((int)((elements + ranks - 1) / ranks));
        return least < Unit ? least : checked((least + Unit - 1) / Unit * Unit);
    }
}
