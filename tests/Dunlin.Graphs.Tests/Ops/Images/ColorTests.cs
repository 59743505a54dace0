using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Testing;
using static Dunlin.Graphs.Tests.Ops.Numbers;

namespace Dunlin.Graphs.Tests.Ops.Images;

public class ColorTests
{
    /// <summary>Red, yellow, green, cyan, blue, magenta, white, grey, black, and a dark orange.</summary>
    private static readonly double[][] Colors = [[1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 1, 1], [0, 0, 1], [1, 0, 1], [1, 1, 1], [0.5, 0.5, 0.5], [0, 0, 0], [0.6, 0.3, 0]];
    private static readonly double[][] Hsv = [[0, 1, 1], [1 / 6.0, 1, 1], [1 / 3.0, 1, 1], [0.5, 1, 1], [2 / 3.0, 1, 1], [5 / 6.0, 1, 1], [0, 0, 1], [0, 0, 0.5], [0, 0, 0], [1 / 12.0, 1, 0.6]];

    private static Tensor Image(double[][] pixels) => Tensor.From([.. Enumerable.Range(0, 3).SelectMany(c => pixels.Select(p => p[c]))], [1, 3, pixels.Length, 1]);

    private static void Same(Tensor expected, Tensor actual, double tolerance = 1e-12)
    {
        Assert.Equal(expected.Shape, actual.Shape);
        Assert.All(expected.ToArray<double>().Zip(actual.ToArray<double>()), p => Assert.Equal(p.First, p.Second, tolerance));
    }

    [Fact]
    public void Named_colours_have_their_hues()
    {
        Same(Image(Hsv), Evaluate.Of(x => x[0].RgbToHsv(), Image(Colors)));
        Same(Image(Colors), Evaluate.Of(x => x[0].HsvToRgb(), Image(Hsv)));
    }

    [Fact]
    public void Every_colour_comes_back_and_a_whole_turn_of_hue_changes_nothing()
    {
        var x = Between(0, 1, 3, 3, 7, 5);
        Same(x, Evaluate.Of(v => v[0].RgbToHsv().HsvToRgb(), x));
        foreach (var turn in new[] { 0.0, 1, -2 }) Same(x, Evaluate.Of(v => v[0].AdjustHue(turn), x));
        Same(x, Evaluate.Of(v => v[0].AdjustSaturation(1), x));
        Same(Image([.. Colors[2..6], .. Colors[..2]]), Evaluate.Of(v => v[0].AdjustHue(1 / 3.0), Image(Colors[..6])));
    }

    [Fact]
    public void Adjustments_follow_their_formulas()
    {
        var x = Between(0, 1, 1, 3, 2, 2);
        var v = x.ToArray<double>();
        Same(Tensor.From([.. v.Select(e => e + 0.2)], x.Shape), Evaluate.Of(i => i[0].AdjustBrightness(0.2), x));
        Same(Tensor.From([.. v.Select(e => 2 * Math.Pow(e, 1.7))], x.Shape), Evaluate.Of(i => i[0].AdjustGamma(1.7, 2), x));
        Same(Tensor.From([.. v.Select((e, i) => (e - v.Skip(i / 4 * 4).Take(4).Average()) * 1.5 + v.Skip(i / 4 * 4).Take(4).Average())], x.Shape), Evaluate.Of(i => i[0].AdjustContrast(1.5), x));
        Same(Tensor.From([.. Enumerable.Range(0, 4).Select(i => 0.2989 * v[i] + 0.587 * v[4 + i] + 0.114 * v[8 + i])], [1, 1, 2, 2]), Evaluate.Of(i => i[0].RgbToGrayscale(), x));
        var grey = Evaluate.Of(i => i[0].AdjustSaturation(0), x).ToArray<double>();
        for (var i = 0; i < 4; i++) Assert.Equal([grey[i], grey[i]], [grey[4 + i], grey[8 + i]]);
    }

    [Fact]
    public void Gradients_agree_with_finite_differences_and_are_finite_for_greys()
    {
        var x = Distinct(1, 3, 2, 2);
        foreach (ref var e in x.Span<double>()) e *= 0.6;
        foreach (var function in new Func<Value, Value>[] { v => v.RgbToHsv(), v => v.AdjustHue(0.13), v => v.AdjustSaturation(0.6), v => v.RgbToGrayscale(), v => v.AdjustContrast(1.4), v => v.AdjustGamma(1.3) })
            GradientCheck.Assert((_, v) => function(v[0]).Square(), new GradientCheck.Options { SecondOrder = true, Tolerance = 1e-5 }, x);
        var grey = Evaluate.Of(v => Gradients.Of(v[0].AdjustHue(0.2).Sum(), v[0])[0]!.Dense(), Image(Colors[6..9])).ToArray<double>();
        Assert.All(grey, d => Assert.True(double.IsFinite(d)));
    }

    [Fact]
    public void Flips_and_crops_take_the_places_that_they_say()
    {
        var x = Tensor.From([.. Enumerable.Range(0, 24).Select(i => (byte)i)], [1, 1, 4, 6]);
        Assert.Equal([8, 9, 14, 15], Evaluate.Of(v => v[0].CenterCrop(2, 2), x).ToArray<byte>());
        Assert.Equal([5, 4, 3, 2, 1, 0], Evaluate.Of(v => v[0].FlipHorizontal(), x).ToArray<byte>()[..6]);
        Assert.Equal([18, 19, 20, 21, 22, 23], Evaluate.Of(v => v[0].FlipVertical(), x).ToArray<byte>()[..6]);
        Assert.Contains("a part of 5 × 2", Assert.Throws<ShapeException>(() => Evaluate.Of(v => v[0].CenterCrop(5, 2), x)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Random_crops_and_flips_are_parts_of_their_images_and_reach_every_place()
    {
        const int images = 400;
        var x = Tensor.From([.. Enumerable.Range(0, images * 12).Select(i => i)], [images, 1, 3, 4]);
        var crops = Evaluate.Of(v => v[0].RandomCrop(v[1], 2, 2, 3, 4), x, Counter(5)).ToArray<int>();
        var corners = new Dictionary<int, int>();
        for (var n = 0; n < images; n++)
        {
            var first = crops[4 * n];
            Assert.Equal([first, first + 1, first + 4, first + 5], crops[(4 * n)..(4 * n + 4)]);
            Assert.Equal(n, first / 12);
            corners[first % 12] = corners.GetValueOrDefault(first % 12) + 1;
        }
        Assert.Equal([0, 1, 2, 4, 5, 6], corners.Keys.Order());
        Assert.All(corners.Values, c => Assert.InRange(c, 40, 95));
        Assert.NotEqual(crops, Evaluate.Of(v => v[0].RandomCrop(v[1], 2, 2, 3, 4), x, Counter(6)).ToArray<int>());
        Assert.Contains("a part of 4 × 2", Assert.Throws<ShapeException>(() => Evaluate.Of(v => v[0].RandomCrop(v[1], 4, 2, 3, 4), x, Counter(6))).Message, StringComparison.Ordinal);
        var flips = Evaluate.Of(v => v[0].RandomFlip(v[1], 3, 4, 0.25), x, Counter(5)).ToArray<int>();
        var flipped = Enumerable.Range(0, images).Count(n => flips[12 * n] != 12 * n);
        Assert.InRange(flipped, 70, 130);
        for (var n = 0; n < images; n++) Assert.Equal(flips[12 * n] == 12 * n ? [12 * n, 12 * n + 1] : [12 * n + 3, 12 * n + 2], flips[(12 * n)..(12 * n + 2)]);
    }
}
