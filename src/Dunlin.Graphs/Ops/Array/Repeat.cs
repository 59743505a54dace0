namespace Dunlin.Graphs.Ops;

/// <summary>Repetition.</summary>
public static partial class Operations
{
    /// <summary>Each slice along a dimension several times in a row; see <see cref="RepeatElements"/>.</summary>
    public static Value Repeat(this Value x, int times, int axis)
    {
        Require.AtLeast(nameof(Repeat), times, 0);
        var factors = Enumerable.Repeat(1, x.Shape.Rank).ToArray();
        factors[Dimension(axis, x)] = times;
        return x.Graph.Add(new RepeatElements(new Axes(factors)), [x]);
    }

    /// <summary>The slices of several tensors of one shape in turn along a dimension: the first of each, then the second of each, ….</summary>
    /// <exception cref="ShapeException">More than one length but the dimension's is unknown.</exception>
    public static Value Interleave(IReadOnlyList<Value> values, int axis = 0)
    {
        var d = Dimension(axis, Require.NotEmpty(nameof(Interleave), values)[0]);
        var x = values[0].Shape;
        var length = x[d] == Shape.Unknown ? Shape.Unknown : Length((double)x[d] * values.Count);
        return Stack(values, d + 1).Reshape(x.With(d, length));
    }
}
