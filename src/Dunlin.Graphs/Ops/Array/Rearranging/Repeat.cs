namespace Dunlin.Graphs.Ops;

/// <summary>Each slice along a dimension several times in a row.</summary>
/// <remarks>Gradient: the sum of dy over the repetitions.</remarks>
/// <param name="Times">How often, at least 0.</param>
/// <param name="Axis">The dimension; a negative one counts from the last.</param>
public sealed record Repeat(int Times, int Axis) : Rearrangement
{
    /// <inheritdoc/>
    protected override Shape Result(IReadOnlyList<TensorType> inputs)
    {
        var (x, axis) = (inputs[0].Shape, Resolve(Axis, inputs));
        if (Times < 0) throw Mismatch(inputs, $"repeats at least 0 times, not {Times}.");
        return x[axis] == Shape.Unknown ? x : x.With(axis, checked(x[axis] * Times));
    }

    /// <inheritdoc/>
    protected internal override int[][] Maps(Shape input, Shape output)
    {
        var axis = Axis < 0 ? Axis + input.Rank : Axis;
        return Only(input, axis, [.. Enumerable.Range(0, output[axis]).Select(i => i / Times)]);
    }
}

/// <summary>Repetition.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.Repeat"/>
    public static Value Repeat(this Value x, int times, int axis) => x.Graph.Add(new Repeat(times, axis), [x]);

    /// <summary>The slices of several tensors of one shape in turn along a dimension: the first of each, then the second of each, ….</summary>
    /// <exception cref="ShapeException">More than one length but the dimension's is unknown.</exception>
    public static Value Interleave(IReadOnlyList<Value> values, int axis = 0)
    {
        var d = Dimension(axis, values[0]);
        var x = values[0].Shape;
        var length = x[d] == Shape.Unknown ? Shape.Unknown : checked(x[d] * values.Count);
        return Stack(values, d + 1).Reshape(x.With(d, length));
    }
}
