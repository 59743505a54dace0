using System.Globalization;
using System.Xml.Linq;
using Dunlin.Training.Reports;

namespace Dunlin.Training.Tests.Reports;

public class ChartsTests
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    [Fact]
    public void Lines_dashes_and_dots_lie_at_the_same_places_and_share_a_colour()
    {
        (double X, double Y)[] points = [(0, 1), (0.5, 0.25), (1, 0)];
        Series Of(string name, SeriesStyle style) => new(name, points) { Style = style, Colour = 2 };
        var picture = XDocument.Parse(Charts.Draw("t", new Chart("c", "width & depth", [Of("a", SeriesStyle.Line), Of("b", SeriesStyle.Dashes), Of("c", SeriesStyle.Dots)])));
        var lines = picture.Descendants(Svg + "polyline").ToList();
        Assert.Equal(lines[0].Attribute("points")!.Value, lines[1].Attribute("points")!.Value);
        Assert.Null(lines[0].Attribute("stroke-dasharray"));
        Assert.NotNull(lines[1].Attribute("stroke-dasharray"));
        Assert.Single(lines.Select(line => line.Attribute("stroke")!.Value).Distinct());

        // The dots of the line, the one of the legend, and those of the third series.
        var circles = picture.Descendants(Svg + "circle").ToList();
        Assert.Equal(7, circles.Count);
        Assert.Equal(lines[0].Attribute("points")!.Value, string.Join(' ', circles[^3..].Select(c => $"{c.Attribute("cx")!.Value},{c.Attribute("cy")!.Value}")));
        Assert.Contains("width & depth", picture.Descendants(Svg + "text").Select(text => text.Value));
    }

    [Fact]
    public void A_long_legend_takes_more_rows_and_the_chart_less_height()
    {
        double Top(int count) => XDocument.Parse(Charts.Draw("t", new Chart("c", "x", [.. Enumerable.Range(0, count).Select(i => new Series($"a rather long name {i}", [(0, 0), (1, 1)]))])))
            .Descendants(Svg + "polyline").Min(line => double.Parse(line.Attribute("points")!.Value.Split(' ', ',')[3], CultureInfo.InvariantCulture));
        Assert.Equal(Top(1), Top(2));
        Assert.True(Top(2) < Top(8));
    }

    [Fact]
    public void What_can_not_be_drawn_is_named_and_what_is_empty_is_left_out()
    {
        Assert.Contains("'risk'", Assert.Throws<DunlinException>(() => Charts.Draw("t", new Chart("risk", "x", [new Series("a", [(0, double.NaN)])]))).Message, StringComparison.Ordinal);
        Assert.Contains("Nothing has been measured", XDocument.Parse(Charts.Draw("t", new Chart("c", "x", [new Series("a", [])]))).Root!.Value);
    }
}
