using System.Globalization;
using Dunlin.Graphs.Plans;

namespace Dunlin.Graphs.Profiling;

/// <summary>Which operations' outputs fill a plan's memory at its peak, as lines of text.</summary>
public static class PeakMemoryTable
{
    private const int WidestText = 60;

    /// <summary>What the table is of.</summary>
    public static string Title(PeakMemory peak) => string.Create(CultureInfo.InvariantCulture,
        $"Peak of intermediate values: {peak.LiveBytes / 1e6:0.00} MB in an arena of {peak.ArenaBytes / 1e6:0.00} MB, during {TextTable.Short(peak.During, WidestText)}");

    /// <summary>A line for each operation of each node, the largest first.</summary>
    /// <param name="peak">What lies in the arena.</param>
    /// <param name="most">How many lines; the others are summed up.</param>
    public static IReadOnlyList<string> Lines(PeakMemory peak, int most = int.MaxValue)
    {
        var rows = new List<string[]> { new[] { "output of", "node", "bytes", "%" } };
        var groups = peak.Entries.GroupBy(e => (e.Operation, e.Node, e.IsScratch)).Select(g => (g.Key, Count: g.Count(), Bytes: g.Sum(e => e.Bytes))).OrderByDescending(g => g.Bytes).ToList();
        rows.AddRange(groups.Take(most).Select(g => Cells(g.Key.IsScratch ? $"{g.Key.Operation} (working memory)" : g.Count > 1 ? $"{g.Key.Operation} ({g.Count} outputs)" : g.Key.Operation, g.Key.Node, g.Bytes, peak)));
        if (groups.Count > most) rows.Add(Cells($"{groups.Count - most} more", "", groups.Skip(most).Sum(g => g.Bytes), peak));
        rows.Add(Cells("all", "", peak.LiveBytes, peak));
        return TextTable.Lines(rows, leftColumns: 2);
    }

    private static string[] Cells(string operation, string node, long bytes, PeakMemory peak) =>
        [TextTable.Short(operation, WidestText), TextTable.Short(node, WidestText), bytes.ToString("N0", CultureInfo.InvariantCulture), (100.0 * bytes / Math.Max(1, peak.LiveBytes)).ToString("0.0", CultureInfo.InvariantCulture)];
}
