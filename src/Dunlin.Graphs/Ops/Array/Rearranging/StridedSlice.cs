namespace Dunlin.Graphs.Ops;

/// <summary>Which indices of a dimension to take, as in NumPy's <c>from:to:step</c>.</summary>
/// <param name="From">The first index; a negative one counts from the end. Null: from the beginning, or from the end if the step is negative.</param>
/// <param name="To">The first index that is not taken; a negative one counts from the end. Null: as far as it goes.</param>
/// <param name="Step">The distance of neighbours; not 0.</param>
public readonly record struct Slicing(int? From = null, int? To = null, int Step = 1)
{
    /// <summary>The whole dimension.</summary>
    public static Slicing All => new(null);

    /// <summary>A range, such as <c>1..^1</c>.</summary>
    public static implicit operator Slicing(Range range) => new(Place(range.Start, atEnd: false), Place(range.End, atEnd: true));

    /// <summary>The first index taken of a dimension, and how many there are.</summary>
    internal (int First, int Count) Resolve(int length)
    {
        var (low, high) = Step > 0 ? (0, length) : (-1, length - 1);
        int Bound(int index) => Math.Clamp(index < 0 ? index + length : index, low, high);
        var first = From is { } from ? Bound(from) : Step > 0 ? low : high;
        var end = To is { } to ? Bound(to) : Step > 0 ? high : low;
        return (first, Math.Max(0, (end - first + Step - Math.Sign(Step)) / Step));
    }

    private static int? Place(Index index, bool atEnd) => index.IsFromEnd ? index.Value == 0 ? atEnd ? null : int.MaxValue : -index.Value : index.Value;
}

/// <summary>Some indices of each dimension: NumPy's <c>x[from:to:step, …]</c>. Dimensions without an entry stay whole.</summary>
/// <remarks>Gradient: dy in the places that were taken, zeros elsewhere.</remarks>
public sealed record StridedSlice(params IReadOnlyList<Slicing> Slicings) : Rearrangement
{
    /// <inheritdoc/>
    protected override Shape Result(IReadOnlyList<TensorType> inputs)
    {
        var x = inputs[0].Shape;
        if (Slicings.Count > x.Rank) throw Mismatch(inputs, $"{Slicings.Count} slicings for {x.Rank} dimensions.");
        if (Slicings.Any(s => s.Step == 0)) throw Mismatch(inputs, "a step is not 0.");
        var lengths = x.Dimensions.ToArray();
        for (var d = 0; d < Slicings.Count; d++)
            if (Slicings[d] != Slicing.All) lengths[d] = lengths[d] == Shape.Unknown ? Shape.Unknown : Slicings[d].Resolve(lengths[d]).Count;
        return Shape.Create(lengths);
    }

    /// <inheritdoc/>
    protected internal override int[][] Maps(Shape input, Shape output) => [.. Enumerable.Range(0, input.Rank).Select(d =>
    {
        if (d >= Slicings.Count) return Same(input[d]);
        var (first, count) = Slicings[d].Resolve(input[d]);
        return Enumerable.Range(0, count).Select(i => first + i * Slicings[d].Step).ToArray();
    })];

    /// <inheritdoc/>
    public override MemoryView? ViewOf(IReadOnlyList<TensorType> inputs, TensorType output)
    {
        var (type, x) = inputs[0];
        if (x.Rank == 0 || x[1..] != output.Shape[1..] || Slicings.Skip(1).Any(s => s.Step != 1) || (Slicings.Count > 0 && Slicings[0].Step != 1)) return null;
        // Views that begin at odd places would make vector loads of their readers straddle cache lines.
        var offset = Slicings.Count == 0 ? 0 : Slicings[0].Resolve(x[0]).First * x[1..].ElementCount * type.Size();
        return offset % 64 == 0 ? new MemoryView(0, offset) : null;
    }

    /// <inheritdoc/>
    public bool Equals(StridedSlice? other) => other is not null && Slicings.SequenceEqual(other.Slicings);

    /// <inheritdoc/>
    public override int GetHashCode() => Slicings.Aggregate(23, HashCode.Combine);
}

/// <summary>The elements of some dimensions in the opposite order.</summary>
/// <remarks>Gradient: dy in the opposite order.</remarks>
public sealed record Reverse(Axes Axes) : Rearrangement
{
    /// <inheritdoc/>
    protected override Shape Result(IReadOnlyList<TensorType> inputs)
    {
        foreach (var axis in Axes.Values) Resolve(axis, inputs);
        return inputs[0].Shape;
    }

    /// <inheritdoc/>
    protected internal override int[][] Maps(Shape input, Shape output) => [.. Enumerable.Range(0, input.Rank).Select(d =>
        Axes.Values.Contains(d) || Axes.Values.Contains(d - input.Rank) ? Same(input[d]).Reverse().ToArray() : Same(input[d]))];
}

/// <summary>The elements moved along a dimension by some places; those that leave at one end come in at the other.</summary>
/// <remarks>Gradient: dy moved back.</remarks>
public sealed record Roll(int Shift, int Axis) : Rearrangement
{
    /// <inheritdoc/>
    protected override Shape Result(IReadOnlyList<TensorType> inputs)
    {
        Resolve(Axis, inputs);
        return inputs[0].Shape;
    }

    /// <inheritdoc/>
    protected internal override int[][] Maps(Shape input, Shape output)
    {
        var axis = Axis < 0 ? Axis + input.Rank : Axis;
        var length = input[axis];
        return Only(input, axis, [.. Enumerable.Range(0, length).Select(i => (int)((((long)i - Shift) % length + length) % length))]);
    }
}

/// <summary>Parts of tensors.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.StridedSlice"/>
    public static Value StridedSlice(this Value x, params IReadOnlyList<Slicing> slicings) => x.Graph.Add(new StridedSlice(slicings), [x]);

    /// <summary>The part of x that begins at the given indices and has the given lengths; −1 is as much as there is.</summary>
    /// <exception cref="ShapeException">The part does not lie within x.</exception>
    public static Value Slice(this Value x, int[] begin, int[] size)
    {
        if (begin.Length != x.Shape.Rank || size.Length != x.Shape.Rank) throw new ShapeException($"Slice({x}): begin and size have an entry for each of {x.Shape.Rank} dimensions.");
        for (var d = 0; d < begin.Length; d++)
            if (begin[d] < 0 || size[d] < -1 || (x.Shape[d] != Shape.Unknown && begin[d] + Math.Max(size[d], 0) > x.Shape[d]))
                throw new ShapeException($"Slice({x}): {size[d]} elements from {begin[d]} on do not lie within dimension {d} of length {x.Shape[d]}.");
        return x.StridedSlice([.. begin.Select((b, d) => new Slicing(b, size[d] < 0 ? null : b + size[d]))]);
    }

    /// <inheritdoc cref="Ops.Reverse"/>
    public static Value Reverse(this Value x, params int[] axes) => x.Graph.Add(new Reverse(new Axes(axes)), [x]);

    /// <inheritdoc cref="Ops.Roll"/>
    public static Value Roll(this Value x, int shift, int axis) => x.Graph.Add(new Roll(shift, axis), [x]);
}
