namespace Dunlin.Graphs.Ops;

/// <summary>Histograms.</summary>
public static partial class Operations
{
    /// <summary>How many elements lie in each of some intervals, as in NumPy: interval i holds edges[i] ≤ x &lt; edges[i + 1], the last one its upper edge as well. Elements outside, and NaN, do not count.</summary>
    /// <param name="x">Floating-point numbers.</param>
    /// <param name="edges">The edges, at least two, rising, of x's type.</param>
    /// <returns>Int64, one fewer than edges.</returns>
    public static Value Histogram(this Value x, Value edges)
    {
        if (edges.Shape.Rank != 1 || edges.Shape[0] < 2) throw new ShapeException($"Histogram({x}, {edges}): there are at least two edges, of one dimension and known length.");
        var bins = edges.Shape[0] - 1;
        var top = edges.StridedSlice(bins..).Reshape([]);
        var place = edges.SearchSorted(x, right: true) - 1;
        place = Select(x.EqualTo(top), place.Number(bins - 1), place);
        // What lies outside is counted apart, behind the last interval.
        var outside = !((x >= edges.StridedSlice(..1).Reshape([])) & (x <= top));
        return Select(outside, place.Number(bins), place).Bincount(bins + 1).StridedSlice(..bins);
    }

    /// <summary>How many elements lie in each of <paramref name="bins"/> intervals of equal width from low to high; see <see cref="Histogram(Value, Value)"/>.</summary>
    public static Value Histogram(this Value x, double low, double high, int bins)
    {
        Require.Between(nameof(Histogram), bins, 1, 1 << 24);
        Require.Above(nameof(Histogram), high, low);
        double[] edges = [.. Enumerable.Range(0, bins).Select(i => low + i * ((high - low) / bins)), high];
        return x.Histogram(x.Graph.Constant(Tensor.From(edges)).Cast(x.Type));
    }
}
