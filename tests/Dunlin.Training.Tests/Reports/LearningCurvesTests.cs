using System.Globalization;
using System.Xml.Linq;
using Dunlin.Training.Reports;

namespace Dunlin.Training.Tests.Reports;

public class LearningCurvesTests
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    [Theory]
    [InlineData(0, 1, 5, "0.0 0.2 0.4 0.6 0.8 1.0")]
    [InlineData(0.13, 2.31, 5, "0.0 0.5 1.0 1.5 2.0 2.5")]
    [InlineData(-3, 3, 3, "-4 -2 0 2 4")]
    [InlineData(0, 4690, 4, "0 2k 4k 6k")]
    [InlineData(7, 7, 4, "2 4 6 8 10 12")]
    [InlineData(0.00012, 0.00031, 4, "0.00010 0.00015 0.00020 0.00025 0.00030 0.00035")]
    public void Ticks_are_round_numbers_that_cover_the_range(double low, double high, int spaces, string expected)
    {
        var ticks = Ticks.Covering(low, high, spaces);
        Assert.True(ticks.Low <= low && ticks.High >= high);
        Assert.Equal(expected.Replace("0.0 ", "0 "), string.Join(" ", ticks.Values.Select(ticks.Format)));
    }

    [Fact]
    public void Each_group_is_a_chart_and_each_metric_a_line_within_its_frame()
    {
        var picture = XDocument.Parse(LearningCurves.Draw(
        [
            .. Enumerable.Range(0, 1000).Select(i => Entry(i, ("loss/train", 2 / (1 + i * 0.01)))),
            .. Enumerable.Range(0, 10).Select(i => Entry(100 * i, ("loss/valid", 2.1 / (1 + i)), ("accuracy/valid", i == 3 ? double.NaN : i / 10.0))),
        ], "a < b & \"c\""));
        var lines = picture.Descendants(Svg + "polyline").Select(line => Points(line.Attribute("points")!.Value)).ToList();
        Assert.Equal([Series.Dense, 10, 9], lines.Select(points => points.Length));
        Assert.All(lines.SelectMany(points => points), p => Assert.True(p.X is > 0 and < 800 && p.Y is > 0 and < 480));
        Assert.All(lines[..2], points => Assert.True(points[0].Y < points[^1].Y, "a falling loss goes down the picture"));
        Assert.True(lines[2][0].Y > lines[2][^1].Y);
        var texts = picture.Descendants(Svg + "text").Select(text => text.Value).ToList();
        Assert.Superset(new HashSet<string> { "a < b & \"c\"", "loss", "accuracy", "valid 0.9", "valid 0.21", "step" }, texts.ToHashSet());
        Assert.Single(picture.Descendants(Svg + "polygon"));
    }

    [Fact]
    public void Nothing_and_a_single_value_can_be_drawn_too()
    {
        Assert.Contains("Nothing has been measured", XDocument.Parse(LearningCurves.Draw([])).Root!.Value);
        var one = XDocument.Parse(LearningCurves.Draw([Entry(3, ("loss", 0))]));
        Assert.Single(one.Descendants(Svg + "circle"));
        Assert.DoesNotContain("NaN", one.ToString());
    }

    private static MetricsEntry Entry(long step, params (string Name, double Value)[] values) => new(step, 0, 0, values.ToDictionary(v => v.Name, v => v.Value));

    private static (double X, double Y)[] Points(string text) =>
        [.. text.Split(' ').Select(pair => pair.Split(',').Select(number => double.Parse(number, CultureInfo.InvariantCulture)).ToArray()).Select(p => (p[0], p[1]))];
}
