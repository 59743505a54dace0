namespace Dunlin.Training.Reports;

/// <summary>Draws measured values over the steps as one SVG picture: a chart for each group of metrics, a line for each metric.</summary>
public static class LearningCurves
{
    /// <summary>Writes the picture.</summary>
    /// <param name="path">The file; its name ends in <c>.svg</c>.</param>
    /// <param name="entries">What was measured, such as <see cref="MetricsLog.Read"/> gives. Values that are not finite are left out.</param>
    /// <param name="title">Stands above the charts.</param>
    public static void Write(string path, IEnumerable<MetricsEntry> entries, string title = "Learning curves") => File.WriteAllText(path, Draw(entries, title));

    /// <summary>The picture as SVG text. It refers to nothing outside itself.</summary>
    /// <inheritdoc cref="Write"/>
    public static string Draw(IEnumerable<MetricsEntry> entries, string title = "Learning curves")
    {
        var groups = Series.GroupsOf(entries);
        // All charts begin and end at the same step, so that they can be compared.
        var steps = groups.SelectMany(group => group.Series).SelectMany(s => s.Points).Select(point => point.X).DefaultIfEmpty().ToList();
        var range = (steps.Min(), steps.Max());
        return Charts.Draw(title, [.. groups.Select(group => new Chart(group.Group, "step", [.. group.Series.Select(Valued)]) { XRange = range })]);
    }

    /// <summary>The legend gives each line's last value, as drawn.</summary>
    private static Series Valued(Series series) => series with { Name = $"{series.Name} {series.Line[^1].Y:G4}" };
}
