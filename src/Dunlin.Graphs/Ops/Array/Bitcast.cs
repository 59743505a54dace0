namespace Dunlin.Graphs.Ops;

/// <summary>
/// The same bytes (little-endian) read as another element type. Of equal sizes the shape stays; a smaller type adds a last dimension for
/// the parts, a larger one takes it away. Bool is neither read nor made: its bytes are 0 and 1 only.
/// </summary>
/// <param name="To">The element type to read.</param>
public sealed record Bitcast(DType To) : View
{
    /// <inheritdoc/>
    public override string? NoGradientReason => "Bits do not change smoothly.";

    /// <inheritdoc/>
    public override bool TakesLeadingDimensions => true;

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        var (type, shape) = inputs[0];
        if (type == DType.Bool || To == DType.Bool) throw Mismatch(inputs, "does not read or make Bool; Cast or compare instead.");
        var (from, to) = (type.Size(), To.Size());
        if (from == to) return [new(To, shape)];
        if (from > to) return [new(To, shape.Append(from / to))];
        return shape.Rank > 0 && (shape[^1] == to / from || shape[^1] == Shape.Unknown)
            ? [new(To, shape[..^1])]
            : throw Mismatch(inputs, $"a {To} is made of {to / from} elements of {type}: so long has the last dimension to be.");
    }
}

/// <summary>Bytes.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.Bitcast"/>
    public static Value Bitcast(this Value x, DType to) => x.Graph.Add(new Bitcast(to), [x]);
}
