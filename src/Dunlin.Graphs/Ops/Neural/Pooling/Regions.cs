namespace Dunlin.Graphs.Ops;

/// <summary>Which elements of one dimension of the input each position of the output looks at.</summary>
/// <param name="Length">Elements of the input.</param>
/// <param name="Starts">The first element for each position; before 0 lies padding.</param>
/// <param name="Counts">How many elements for each position; those beyond the input are padding.</param>
/// <param name="Step">The distance of an element from the next.</param>
internal sealed record RegionAxis(int Length, int[] Starts, int[] Counts, int Step = 1)
{
    /// <summary>A dimension that is not there.</summary>
    public static RegionAxis None { get; } = new(1, [0], [1]);

    public int Positions => Starts.Length;

    /// <summary>A sliding window's.</summary>
    public static RegionAxis Window(int length, int positions, int window, int stride, int padBegin, int dilation) =>
        new(length, [.. Enumerable.Range(0, positions).Select(i => i * stride - padBegin)], [.. Enumerable.Repeat(window, positions)], dilation);

    /// <summary>Parts of almost equal length that cover the whole and overlap by at most one element: from ⌊i · n / m⌋ to ⌈(i + 1) · n / m⌉.</summary>
    public static RegionAxis Adaptive(int length, int positions)
    {
        int[] starts = [.. Enumerable.Range(0, positions).Select(i => (int)((long)i * length / positions))];
        int[] counts = [.. Enumerable.Range(0, positions).Select(i => (int)(((long)(i + 1) * length + positions - 1) / positions) - starts[i])];
        return new(length, starts, counts);
    }

    /// <summary>A position that sees nothing but padding, or −1.</summary>
    public int FirstBlind()
    {
        for (var i = 0; i < Positions; i++)
        {
            var seen = false;
            for (var k = 0; k < Counts[i] && !seen; k++) seen = (uint)(Starts[i] + k * Step) < (uint)Length;
            if (!seen) return i;
        }
        return -1;
    }

    /// <summary>Three axes, of which the first are <see cref="None"/> where there are fewer.</summary>
    public static RegionAxis[] Three(IEnumerable<RegionAxis> axes)
    {
        RegionAxis[] given = [.. axes];
        return [.. Enumerable.Repeat(None, 3 - given.Length), .. given];
    }
}
