using System.Net;
using System.Text;

namespace Dunlin.Training.Reports;

/// <summary>Draws measured values over the steps as one SVG picture: a chart for each group of metrics, a line for each metric.</summary>
public static class LearningCurves
{
    private const int Width = 800, FirstHeight = 480, RowHeight = 280, TitleHeight = 36;
    private const string Ink = "#1f2933", Faint = "#52606d", Grid = "#e4e7eb";

    /// <summary>Colours that people with colour blindness can tell apart (Okabe and Ito, 2008).</summary>
    private static readonly string[] Colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"];

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
        var columns = Math.Clamp(groups.Count, 1, 2);
        var rows = Math.Max(1, (groups.Count + 1) / 2);
        var height = rows == 1 ? FirstHeight : TitleHeight + rows * RowHeight;
        var svg = new StringBuilder();
        svg.AppendLine($"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {height}" width="{Width}" height="{height}" font-family="Helvetica, Arial, sans-serif" font-size="12" fill="{Ink}">""");
        svg.AppendLine($"""<rect width="{Width}" height="{height}" fill="#ffffff"/>""");
        svg.AppendLine($"""<text x="16" y="25" font-size="16" font-weight="bold">{Escape(title)}</text>""");
        if (groups.Count == 0) svg.AppendLine($"""<text x="{Width / 2}" y="{height / 2}" text-anchor="middle" fill="{Faint}">Nothing has been measured yet.</text>""");
        var steps = groups.SelectMany(group => group.Series).SelectMany(s => s.Points).Select(point => point.X).DefaultIfEmpty().ToList();
        var (first, last) = (steps.Min(), steps.Max());
        for (var i = 0; i < groups.Count; i++)
        {
            // An odd last chart takes the whole row.
            var wide = i == groups.Count - 1 && i % 2 == 0;
            var (cell, cellHeight) = (Width / columns, (height - TitleHeight) / rows);
            DrawPanel(svg, groups[i].Group, groups[i].Series, first, last, new Box(i % columns * cell, TitleHeight + i / columns * cellHeight, wide ? Width : cell, cellHeight));
        }
        return svg.AppendLine("</svg>").ToString();
    }

    private static void DrawPanel(StringBuilder svg, string group, IReadOnlyList<Series> series, double left, double right, Box cell)
    {
        var values = series.SelectMany(s => s.Points).Select(point => point.Y).ToList();
        var y = Ticks.Covering(values.Min(), values.Max(), 7);
        var x = Ticks.Covering(left, right, cell.Width > 500 ? 10 : 6);
        // The data should fill the width, so the axis ends where they do and not at the next round step.
        if (right > left) x = x with { Low = Math.Ceiling(left / x.Spacing - 1e-9) * x.Spacing, High = Math.Floor(right / x.Spacing + 1e-9) * x.Spacing };
        else (left, right) = (x.Low, x.High);
        var plot = new Box(cell.X + 62, cell.Y + 52, cell.Width - 84, cell.Height - 52 - 46);
        string X(double value) => (plot.X + (value - left) / (right - left) * plot.Width).ToString("0.#");
        string Y(double value) => (plot.Y + (y.High - value) / (y.High - y.Low) * plot.Height).ToString("0.#");

        svg.AppendLine($"""<text x="{plot.X}" y="{cell.Y + 18}" font-size="14" font-weight="bold">{Escape(group)}</text>""");
        foreach (var tick in y.Values)
        {
            svg.AppendLine($"""<line x1="{plot.X}" x2="{plot.X + plot.Width}" y1="{Y(tick)}" y2="{Y(tick)}" stroke="{Grid}"/>""");
            svg.AppendLine($"""<text x="{plot.X - 8}" y="{Y(tick)}" dy="4" text-anchor="end" fill="{Faint}">{y.Format(tick)}</text>""");
        }
        var bottom = plot.Y + plot.Height;
        foreach (var tick in x.Values)
        {
            svg.AppendLine($"""<line x1="{X(tick)}" x2="{X(tick)}" y1="{bottom}" y2="{bottom + 5}" stroke="{Faint}"/>""");
            svg.AppendLine($"""<text x="{X(tick)}" y="{bottom + 18}" text-anchor="middle" fill="{Faint}">{x.Format(tick)}</text>""");
        }
        svg.AppendLine($"""<line x1="{plot.X}" x2="{plot.X + plot.Width}" y1="{bottom}" y2="{bottom}" stroke="{Faint}"/>""");
        svg.AppendLine($"""<text x="{plot.X + plot.Width / 2}" y="{bottom + 36}" text-anchor="middle" fill="{Faint}">step</text>""");
        DrawLegend(svg, series, plot.X, cell.Y + 38);
        for (var i = 0; i < series.Count; i++) DrawSeries(svg, series[i], Colours[i % Colours.Length], X, Y);
    }

    private static void DrawSeries(StringBuilder svg, Series series, string colour, Func<double, string> x, Func<double, string> y)
    {
        var line = series.Line;
        if (series.Points.Count > Series.Dense)
        {
            var stretches = series.Stretches().ToList();
            var band = stretches.Select(s => $"{x(s.X)},{y(s.High)}").Concat(stretches.AsEnumerable().Reverse().Select(s => $"{x(s.X)},{y(s.Low)}"));
            svg.AppendLine($"""<polygon points="{string.Join(' ', band)}" fill="{colour}" fill-opacity="0.15"/>""");
        }
        svg.AppendLine($"""<polyline points="{string.Join(' ', line.Select(p => $"{x(p.X)},{y(p.Y)}"))}" fill="none" stroke="{colour}" stroke-width="2" stroke-linejoin="round"/>""");
        if (line.Count > 40) return;
        foreach (var point in line) svg.AppendLine($"""<circle cx="{x(point.X)}" cy="{y(point.Y)}" r="3" fill="{colour}"/>""");
    }

    /// <summary>Each line's colour, name and last value, as drawn.</summary>
    private static void DrawLegend(StringBuilder svg, IReadOnlyList<Series> series, double x, double y)
    {
        for (var i = 0; i < series.Count; i++)
        {
            var text = $"{series[i].Name} {series[i].Line[^1].Y:G4}";
            svg.AppendLine($"""<line x1="{x}" x2="{x + 18}" y1="{y - 4}" y2="{y - 4}" stroke="{Colours[i % Colours.Length]}" stroke-width="3"/>""");
            svg.AppendLine($"""<text x="{x + 23}" y="{y}">{Escape(text)}</text>""");
            x += 23 + 6.7 * text.Length + 14; // about the width of such text: SVG can't measure it
        }
    }

    private static string Escape(string text) => WebUtility.HtmlEncode(text);

    private readonly record struct Box(double X, double Y, double Width, double Height);
}
