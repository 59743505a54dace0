namespace Dunlin.Training.Reports;

/// <summary>One line of a chart: finite points in the order of their steps.</summary>
/// <param name="Name">What the legend says.</param>
/// <param name="Points">Step and value.</param>
internal sealed record Series(string Name, IReadOnlyList<(double X, double Y)> Points)
{
    /// <summary>More points than this are drawn as means over stretches, with a band from least to greatest.</summary>
    public const int Dense = 300;

    /// <summary>The series of each group of metrics: a group is what stands before a name's first slash.</summary>
    public static IReadOnlyList<(string Group, IReadOnlyList<Series> Series)> GroupsOf(IEnumerable<MetricsEntry> entries) =>
    [
        .. from point in entries.SelectMany(entry => entry.Values, (entry, value) => (value.Key, X: (double)entry.Step, Y: value.Value))
           where double.IsFinite(point.Y)
           group (point.X, point.Y) by point.Key into series
           let slash = series.Key.IndexOf('/')
           group new Series(series.Key[(slash + 1)..], [.. series.OrderBy(p => p.X)]) by slash < 0 ? series.Key : series.Key[..slash] into panel
           select (panel.Key, (IReadOnlyList<Series>)[.. panel]),
    ];

    /// <summary>What is drawn as the line: the points, or the means over stretches where they are dense.</summary>
    public IReadOnlyList<(double X, double Y)> Line => Points.Count > Dense ? [.. Stretches().Select(stretch => (stretch.X, stretch.Mean))] : Points;

    /// <summary>The points gathered into stretches of equal length along x.</summary>
    public IEnumerable<(double X, double Mean, double Low, double High)> Stretches()
    {
        var (first, last) = (Points[0].X, Points[^1].X);
        return from point in Points
               group point by Math.Min(Dense - 1, (int)((point.X - first) / Math.Max(last - first, 1) * Dense)) into stretch
               select (stretch.Average(p => p.X), stretch.Average(p => p.Y), stretch.Min(p => p.Y), stretch.Max(p => p.Y));
    }
}
