namespace Dunlin.Graphs.Ops;

/// <summary>Products that leave a factor out.</summary>
public static partial class Operations
{
    /// <summary>
    /// For each row of x[n, d…] the product, element by element, of all other rows of its segment: the gradient of a product, without a
    /// division that a factor of 0 would spoil. Segments[n] are Int32 or Int64 in any order.
    /// </summary>
    internal static Value ProductOfOthers(this Value x, Value segments)
    {
        var order = segments.ArgSort();
        var (sorted, rows) = (segments.Gather(order), x.Gather(order));
        var products = Run(rows, sorted, backward: false) * Run(rows, sorted, backward: true);
        return products.Gather(order.InvertPermutation());
    }

    /// <summary>The product of the rows that come earlier (or later) in the same segment; the segments stand in order.</summary>
    private static Value Run(Value rows, Value segments, bool backward)
    {
        var shift = backward ? -1 : 1;
        // The first row of all has no factor before it either; the recurrence never reads it, and needs a 1 for its term.
        var numbers = segments.OnesLike().CumSum(0);
        var edge = backward ? numbers.EqualTo(numbers.Max()) : numbers.EqualTo(numbers.Number(1));
        var starts = Scattering.Align(segments.NotEqualTo(segments.Roll(shift, 0)) | edge, rows);
        var ones = rows.OnesLike();
        return LinearRecurrence(Select(starts, rows.Number(0), rows.Roll(shift, 0)), Select(starts, ones, rows.ZerosLike()), 0, backward: backward);
    }
}
