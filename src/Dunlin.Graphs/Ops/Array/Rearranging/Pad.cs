namespace Dunlin.Graphs.Ops;

/// <summary>x with some places before and after each dimension, filled with a number.</summary>
/// <remarks>Gradient: the part of dy where x is.</remarks>
/// <param name="Before">Places before each dimension.</param>
/// <param name="After">Places after each dimension.</param>
/// <param name="Number">What they hold.</param>
public sealed record Pad(Axes Before, Axes After, double Number) : Rearrangement
{
    /// <inheritdoc/>
    protected internal override double Blank => Number;

    /// <inheritdoc/>
    protected internal override Rearrangement Linear => Number == 0 ? this : this with { Number = 0 };

    /// <inheritdoc/>
    protected override Shape Result(IReadOnlyList<TensorType> inputs) => Margins.Grow(inputs, Before, After, Mismatch);

    /// <inheritdoc/>
    protected internal override int[][] Maps(Shape input, Shape output) => Margins.Map(input, output, Before, (i, length) => i < 0 || i >= length ? None : i);
}

/// <summary>x with some places before and after each dimension, filled with its own elements mirrored.</summary>
/// <remarks>Gradient: each element of dy added where it came from.</remarks>
/// <param name="Before">Places before each dimension.</param>
/// <param name="After">Places after each dimension.</param>
/// <param name="RepeatEdge">Whether the mirror stands beyond the last element, so that it appears twice (symmetric), or on it (reflect).</param>
public sealed record MirrorPad(Axes Before, Axes After, bool RepeatEdge) : Rearrangement
{
    /// <inheritdoc/>
    protected override Shape Result(IReadOnlyList<TensorType> inputs)
    {
        var result = Margins.Grow(inputs, Before, After, Mismatch);
        for (var d = 0; d < result.Rank; d++)
        {
            var room = inputs[0].Shape[d] - (RepeatEdge ? 0 : 1);
            if (inputs[0].Shape[d] != Shape.Unknown && Math.Max(Before.Values[d], After.Values[d]) > Math.Max(room, 0))
                throw Mismatch(inputs, $"dimension {d} can mirror at most {Math.Max(room, 0)} elements, not {Math.Max(Before.Values[d], After.Values[d])}.");
        }
        return result;
    }

    /// <inheritdoc/>
    protected internal override int[][] Maps(Shape input, Shape output)
    {
        var edge = RepeatEdge ? 1 : 0;
        return Margins.Map(input, output, Before, (i, length) => i < 0 ? -i - edge : i >= length ? 2 * (length - 1) - i + edge : i);
    }
}

/// <summary>x repeated along each dimension.</summary>
/// <remarks>Gradient: the sum of dy over the repetitions.</remarks>
/// <param name="Times">How often along each dimension, at least 0.</param>
public sealed record Tile(Axes Times) : Rearrangement
{
    /// <inheritdoc/>
    protected override Shape Result(IReadOnlyList<TensorType> inputs)
    {
        var x = inputs[0].Shape;
        if (Times.Values.Length != x.Rank || Times.Values.Any(t => t < 0)) throw Mismatch(inputs, $"takes a number, at least 0, for each of {x.Rank} dimensions; got {Times}.");
        return Shape.Create([.. x.Dimensions.ToArray().Select((n, d) => n == Shape.Unknown ? Shape.Unknown : checked(n * Times.Values[d]))]);
    }

    /// <inheritdoc/>
    protected internal override int[][] Maps(Shape input, Shape output) =>
        [.. Enumerable.Range(0, input.Rank).Select(d => Enumerable.Range(0, output[d]).Select(i => i % input[d]).ToArray())];
}

/// <summary>Places around a tensor.</summary>
internal static class Margins
{
    public static Shape Grow(IReadOnlyList<TensorType> inputs, Axes before, Axes after, Func<IReadOnlyList<TensorType>, string, ShapeException> mismatch)
    {
        var x = inputs[0].Shape;
        if (before.Values.Length != x.Rank || after.Values.Length != x.Rank || before.Values.Concat(after.Values).Any(n => n < 0))
            throw mismatch(inputs, $"takes a number of places, at least 0, before and after each of {x.Rank} dimensions; got {before} and {after}.");
        return Shape.Create([.. x.Dimensions.ToArray().Select((n, d) => n == Shape.Unknown ? Shape.Unknown : checked(n + before.Values[d] + after.Values[d]))]);
    }

    public static int[][] Map(Shape input, Shape output, Axes before, Func<int, int, int> place) =>
        [.. Enumerable.Range(0, input.Rank).Select(d => Enumerable.Range(0, output[d]).Select(i => place(i - before.Values[d], input[d])).ToArray())];
}

/// <summary>Larger tensors.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.Pad"/>
    public static Value Pad(this Value x, int[] before, int[] after, double number = 0) => x.Graph.Add(new Pad(new Axes(before), new Axes(after), number), [x]);

    /// <inheritdoc cref="Ops.MirrorPad"/>
    public static Value MirrorPad(this Value x, int[] before, int[] after, bool repeatEdge = false) =>
        x.Graph.Add(new MirrorPad(new Axes(before), new Axes(after), repeatEdge), [x]);

    /// <inheritdoc cref="Ops.Tile"/>
    public static Value Tile(this Value x, params int[] times) => x.Graph.Add(new Tile(new Axes(times)), [x]);
}
