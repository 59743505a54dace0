namespace Dunlin.Graphs.Profiling;

/// <summary>Columns of text.</summary>
internal static class TextTable
{
    /// <summary>Rows as lines: columns as wide as their widest cell, a rule below the first row.</summary>
    /// <param name="rows">At least one, of equally many cells.</param>
    /// <param name="leftColumns">How many columns stand at the left of their place; the others hold numbers.</param>
    public static IReadOnlyList<string> Lines(IReadOnlyList<string[]> rows, int leftColumns)
    {
        int[] widths = [.. Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length))];
        var lines = rows.Select(row => string.Join("  ", row.Select((text, column) => column < leftColumns ? text.PadRight(widths[column]) : text.PadLeft(widths[column]))).TrimEnd()).ToList();
        lines.Insert(1, new string('-', lines[0].Length));
        return lines;
    }

    /// <summary>A text that is no longer than said: its middle gives way, for fused operations and paths tell most at their ends.</summary>
    public static string Short(string text, int most) => text.Length <= most ? text : $"{text[..(most / 2)]}…{text[^(most - most / 2 - 1)..]}";
}
