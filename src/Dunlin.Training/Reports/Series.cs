namespace Dunlin.Training.Reports;

/// <summary>A row of points in a <see cref="Chart"/>.</summary>
/// <param name="Name">What the legend says.</param>
/// <param name="Points">Finite numbers in the order of their x.</param>
public sealed record Series(string Name, IReadOnlyList<(double X, double Y)> Points)
{
    /// <summary>More points than this are drawn as means over stretches, with a band from least to greatest.</summary>
    internal const int Dense = 300;

    /// <summary>How it is drawn.</summary>
    public SeriesStyle Style { get; init; }

    /// <summary>Which of the seven colours, from 0; its place in the chart unless given. Series of one colour belong together.</summary>
    public int? Colour { get; init; }

    /// <summary>The series of each group of metrics: a group is what stands before a name's first slash.</summary>
    internal static IReadOnlyList<(string Group, IReadOnlyList<Series> Series)> GroupsOf(IEnumerable<MetricsEntry> entries) =>
    [
        .. from point in entries.SelectMany(entry => entry.Values, (entry, value) => (value.Key, X: (double)entry.Step, Y: value.Value))
           where double.IsFinite(point.Y)
           group (point.X, point.Y) by point.Key into series
           let slash = series.Key.IndexOf('/')
           group new Series(series.Key[(slash + 1)..], [.. series.OrderBy(p => p.X)]) by slash < 0 ? series.Key : series.Key[..slash] into panel
           select (panel.Key, (IReadOnlyList<Series>)[.. panel]),
    ];

    /// <summary>What is drawn as the line: the points, or the means over stretches where they are dense.</summary>
    internal IReadOnlyList<(double X, double Y)> Line => Points.Count > Dense && Style == SeriesStyle.Line ? [.. Stretches().Select(stretch => (stretch.X, stretch.Mean))] : Points;

    /// <summary>The points gathered into stretches of equal length along x.</summary>
    internal IEnumerable<(double X, double Mean, double Low, double High)> Stretches()
    {
        var (first, last) = (Points[0].X, Points[^1].X);
        return from point in Points
               group point by last > first ? Math.Min(Dense - 1, (int)((point.X - first) / (last - first) * Dense)) : 0 into stretch
               select (stretch.Average(p => p.X), stretch.Average(p => p.Y), stretch.Min(p => p.Y), stretch.Max(p => p.Y));
    }
}
