namespace Dunlin.Graphs.Ops;

/// <summary>Elements by their rank along a dimension; see <see cref="Ops.Sort"/>, by which NaN counts as larger than all numbers.</summary>
public static partial class Operations
{
    /// <summary>The elements along a dimension in order of size, equal ones in the order in which they stood, and where they stood.</summary>
    public static (Value Values, Value Indices) Sort(this Value x, int axis, bool descending = false) => AlongLast(x, axis, v => v.Sort(descending));

    /// <summary>Where the elements along a dimension, in order of size, stood.</summary>
    public static Value ArgSort(this Value x, int axis, bool descending = false) => x.Sort(axis, descending).Indices;

    /// <summary>The k largest elements along a dimension, largest first (or the k smallest, smallest first), and where they stood.</summary>
    public static (Value Values, Value Indices) TopK(this Value x, int k, int axis, bool smallest = false) => AlongLast(x, axis, v => Sorted(v, k, descending: !smallest));

    /// <summary>The k-th smallest element along a dimension, counted from 1, and where it stands. Gradient: dy in that place.</summary>
    /// <exception cref="ShapeException">There is no k-th element.</exception>
    public static (Value Values, Value Indices) KthValue(this Value x, int k, int axis = -1, bool keepDimension = false)
    {
        if (k < 1) throw new ShapeException($"KthValue({x}): k is at least 1, not {k}.");
        var (values, indices) = x.TopK(k, axis, smallest: true);
        Value Last(Value v)
        {
            var last = v.StridedSlice([.. Enumerable.Repeat(Slicing.All, Dimension(axis, x)), new Slicing(k - 1, k)]);
            return keepDimension ? last : last.Squeeze(axis);
        }
        return (Last(values), Last(indices));
    }

    /// <summary>
    /// The value below which a share q of the elements along a dimension lies, interpolated linearly between the two nearest, as in NumPy.
    /// With NaN among the elements it may be NaN. Gradient: dy, in shares, for those two elements.
    /// </summary>
    /// <param name="x">Floating-point numbers.</param>
    /// <param name="q">0 to 1.</param>
    /// <param name="axis">The dimension; a negative one counts from the last. Of no elements there is none: an error when it runs.</param>
    /// <param name="keepDimension">Whether the dimension stays, with length 1.</param>
    /// <exception cref="DunlinException">q is not within 0 to 1.</exception>
    public static Value Quantile(this Value x, double q, int axis = -1, bool keepDimension = false)
    {
        if (!(q >= 0 && q <= 1)) throw new DunlinException($"Quantile({x}): q is within 0 to 1, not {q}.");
        var d = Dimension(axis, x);
        var last = x.ShapeOf().StridedSlice(d..(d + 1)).Reshape([]).Cast(DType.Float64) - 1;
        var place = last * q;
        var low = place.Floor();
        var share = (place - low).Cast(x.Type);
        var sorted = x.Sort(d).Values;
        Value At(Value index) => sorted.Gather(index.Cast(DType.Int64), d);
        var (a, b) = (At(low), At(low.Number(1).Minimum(last - low) + low));
        // Between two infinities of one sign a difference would be NaN.
        var result = Select(a.EqualTo(b), a, a + (b - a) * share);
        return keepDimension ? result.ExpandDims(d) : result;
    }

    /// <summary>The middle element along a dimension in order of size, or the mean of the two middle ones; see <see cref="Quantile"/>.</summary>
    public static Value Median(this Value x, int axis = -1, bool keepDimension = false) => x.Quantile(0.5, axis, keepDimension);

    private static (Value, Value) AlongLast(Value x, int axis, Func<Value, (Value Values, Value Indices)> function, [System.Runtime.CompilerServices.CallerMemberName] string operation = "")
    {
        var d = Dimension(axis, x, operation);
        if (d == x.Shape.Rank - 1) return function(x);
        var (values, indices) = function(x.MoveAxis(d, -1));
        return (values.MoveAxis(-1, d), indices.MoveAxis(-1, d));
    }
}
