using System.Net;
using System.Text;

namespace Dunlin.Training.Reports;

/// <summary>Draws charts as one SVG picture, two beside each other.</summary>
public static class Charts
{
    private const int Width = 800, FirstHeight = 480, RowHeight = 280, TitleHeight = 36, LegendRow = 16;
    private const string Ink = "#1f2933", Faint = "#52606d", Grid = "#e4e7eb";

    /// <summary>Colours that people with colour blindness can tell apart (Okabe and Ito, 2008).</summary>
    private static readonly string[] Colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"];

    /// <summary>Writes the picture.</summary>
    /// <param name="path">The file; its name ends in <c>.svg</c>.</param>
    /// <param name="title">Stands above the charts.</param>
    /// <param name="charts">The charts, row by row.</param>
    /// <exception cref="DunlinException">A point is not finite.</exception>
    public static void Write(string path, string title, params IReadOnlyList<Chart> charts) => File.WriteAllText(path, Draw(title, charts));

    /// <summary>The picture as SVG text. It refers to nothing outside itself.</summary>
    /// <inheritdoc cref="Write"/>
    public static string Draw(string title, params IReadOnlyList<Chart> charts)
    {
        Chart[] drawn = [.. charts.Select(chart => chart with { Series = [.. chart.Series.Where(s => s.Points.Count > 0)] }).Where(chart => chart.Series.Count > 0)];
        var columns = Math.Clamp(drawn.Length, 1, 2);
        var rows = Math.Max(1, (drawn.Length + 1) / 2);
        var height = rows == 1 ? FirstHeight : TitleHeight + rows * RowHeight;
        var svg = new StringBuilder();
        svg.AppendLine($"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {height}" width="{Width}" height="{height}" font-family="Helvetica, Arial, sans-serif" font-size="12" fill="{Ink}">""");
        svg.AppendLine($"""<rect width="{Width}" height="{height}" fill="#ffffff"/>""");
        svg.AppendLine($"""<text x="16" y="25" font-size="16" font-weight="bold">{Escape(title)}</text>""");
        if (drawn.Length == 0) svg.AppendLine($"""<text x="{Width / 2}" y="{height / 2}" text-anchor="middle" fill="{Faint}">Nothing has been measured yet.</text>""");
        for (var i = 0; i < drawn.Length; i++)
        {
            // An odd last chart takes the whole row.
            var wide = i == drawn.Length - 1 && i % 2 == 0;
            var (cell, cellHeight) = (Width / columns, (height - TitleHeight) / rows);
            DrawPanel(svg, drawn[i], new Box(i % columns * cell, TitleHeight + i / columns * cellHeight, wide ? Width : cell, cellHeight));
        }
        return svg.AppendLine("</svg>").ToString();
    }

    private static void DrawPanel(StringBuilder svg, Chart chart, Box cell)
    {
        var points = chart.Series.SelectMany(s => s.Points).ToList();
        if (points.Any(p => !double.IsFinite(p.X) || !double.IsFinite(p.Y))) throw new DunlinException($"The chart '{chart.Title}' has a point that is not finite; leave such points out.");
        var y = Ticks.Covering(points.Min(p => p.Y), points.Max(p => p.Y), 7);
        var (left, right) = chart.XRange ?? (points.Min(p => p.X), points.Max(p => p.X));
        var x = Ticks.Covering(left, right, cell.Width > 500 ? 10 : 6);
        // The data should fill the width, so the axis ends where they do and not at the next round step.
        if (right > left) x = x with { Low = Math.Ceiling(left / x.Spacing - 1e-9) * x.Spacing, High = Math.Floor(right / x.Spacing + 1e-9) * x.Spacing };
        else (left, right) = (x.Low, x.High);
        var legend = new StringBuilder();
        var legendRows = DrawLegend(legend, chart.Series, cell.X + 62, cell.Y + 38, cell.X + cell.Width - 8);
        var top = 52 + (legendRows - 1) * LegendRow;
        var plot = new Box(cell.X + 62, cell.Y + top, cell.Width - 84, cell.Height - top - 46);
        string X(double value) => (plot.X + (value - left) / (right - left) * plot.Width).ToString("0.#");
        string Y(double value) => (plot.Y + (y.High - value) / (y.High - y.Low) * plot.Height).ToString("0.#");

        svg.AppendLine($"""<text x="{plot.X}" y="{cell.Y + 18}" font-size="14" font-weight="bold">{Escape(chart.Title)}</text>""");
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
        svg.AppendLine($"""<text x="{plot.X + plot.Width / 2}" y="{bottom + 36}" text-anchor="middle" fill="{Faint}">{Escape(chart.XName)}</text>""");
        svg.Append(legend);
        for (var i = 0; i < chart.Series.Count; i++) DrawSeries(svg, chart.Series[i], ColourOf(chart.Series[i], i), X, Y);
    }

    private static void DrawSeries(StringBuilder svg, Series series, string colour, Func<double, string> x, Func<double, string> y)
    {
        var line = series.Line;
        if (series.Style == SeriesStyle.Dots)
        {
            foreach (var point in line) svg.AppendLine($"""<circle cx="{x(point.X)}" cy="{y(point.Y)}" r="4" fill="#ffffff" stroke="{colour}" stroke-width="2"/>""");
            return;
        }
        if (line.Count < series.Points.Count)
        {
            var stretches = series.Stretches().ToList();
            var band = stretches.Select(s => $"{x(s.X)},{y(s.High)}").Concat(stretches.AsEnumerable().Reverse().Select(s => $"{x(s.X)},{y(s.Low)}"));
            svg.AppendLine($"""<polygon points="{string.Join(' ', band)}" fill="{colour}" fill-opacity="0.15"/>""");
        }
        var dashes = series.Style == SeriesStyle.Dashes ? " stroke-dasharray=\"6 4\"" : "";
        svg.AppendLine($"""<polyline points="{string.Join(' ', line.Select(p => $"{x(p.X)},{y(p.Y)}"))}" fill="none" stroke="{colour}" stroke-width="2" stroke-linejoin="round"{dashes}/>""");
        if (line.Count > 40 || series.Style == SeriesStyle.Dashes) return;
        foreach (var point in line) svg.AppendLine($"""<circle cx="{x(point.X)}" cy="{y(point.Y)}" r="3" fill="{colour}"/>""");
    }

    /// <summary>Each series' colour and name; returns how many rows they take.</summary>
    private static int DrawLegend(StringBuilder svg, IReadOnlyList<Series> series, double left, double y, double right)
    {
        var (x, rows) = (left, 1);
        for (var i = 0; i < series.Count; i++)
        {
            var width = 23 + 6.7 * series[i].Name.Length + 14; // about the width of such text: SVG can't measure it
            if (x > left && x + width - 14 > right) (x, y, rows) = (left, y + LegendRow, rows + 1);
            var colour = ColourOf(series[i], i);
            svg.AppendLine(series[i].Style switch
            {
                SeriesStyle.Dots => $"""<circle cx="{x + 9}" cy="{y - 4}" r="4" fill="#ffffff" stroke="{colour}" stroke-width="2"/>""",
                SeriesStyle.Dashes => $"""<line x1="{x}" x2="{x + 18}" y1="{y - 4}" y2="{y - 4}" stroke="{colour}" stroke-width="3" stroke-dasharray="6 3"/>""",
                _ => $"""<line x1="{x}" x2="{x + 18}" y1="{y - 4}" y2="{y - 4}" stroke="{colour}" stroke-width="3"/>""",
            });
            svg.AppendLine($"""<text x="{x + 23}" y="{y}">{Escape(series[i].Name)}</text>""");
            x += width;
        }
        return rows;
    }

    private static string ColourOf(Series series, int place) => Colours[(series.Colour ?? place) % Colours.Length];

    private static string Escape(string text) => WebUtility.HtmlEncode(text);

    private readonly record struct Box(double X, double Y, double Width, double Height);
}
