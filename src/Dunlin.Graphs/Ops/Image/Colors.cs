namespace Dunlin.Graphs.Ops;

/// <summary>
/// Colours of images x[N, 3, H, W] (or [N, 3, S…]), floating-point with red, green and blue from 0 to 1. Made of simple operations that plans fuse; gradients are those of
/// the formulas, where they have one.
/// </summary>
public static partial class Operations
{
    /// <summary>
    /// Hue, saturation and value, each from 0 to 1: value = max, saturation = (max − min) / max (0 of black), and the hue begins at red and passes green at 1/3
    /// and blue at 2/3 (0 of grey).
    /// </summary>
    /// <exception cref="ShapeException">x is not floating-point [N, 3, S…].</exception>
    public static Value RgbToHsv(this Value x)
    {
        CheckColors(x, "RgbToHsv");
        var parts = x.Split(3, 1);
        var (r, g, b) = (parts[0], parts[1], parts[2]);
        var max = r.Maximum(g).Maximum(b);
        var range = max - r.Minimum(g).Minimum(b);
        var (zero, one) = (x.Number(0), x.Number(1));
        // Where a divisor is 0, 1 stands for it, so that slopes are finite in what Select leaves out too.
        var divisor = Select(range > 0, range, one);
        var sector = Select(r.EqualTo(max), (g - b) / divisor, Select(g.EqualTo(max), (b - r) / divisor + 2, (r - g) / divisor + 4));
        var hue = Select(range > 0, sector, zero) * (1.0 / 6);
        hue = Select(hue < 0, hue + 1, hue);
        var saturation = Select(max > 0, range / Select(max > 0, max, one), zero);
        return Concat([hue, saturation, max], 1);
    }

    /// <summary>The colours of hue, saturation and value; the inverse of <see cref="RgbToHsv"/>. A hue beyond 0 to 1 goes round.</summary>
    /// <exception cref="ShapeException">x is not floating-point [N, 3, S…].</exception>
    public static Value HsvToRgb(this Value x)
    {
        CheckColors(x, "HsvToRgb");
        var parts = x.Split(3, 1);
        var (hue, saturation, value) = (parts[0] - parts[0].Floor(), parts[1], parts[2]);
        Value Channel(double offset)
        {
            var k = hue * 6 + offset;
            k -= (k * (1.0 / 6)).Floor() * 6;
            return value - value * saturation * k.Minimum(4 - k).Clip(0, 1);
        }
        return Concat([Channel(5), Channel(3), Channel(1)], 1);
    }

    /// <summary>The brightness that eyes see, 0.2989 r + 0.587 g + 0.114 b (ITU-R BT.601): y[N, 1, S…].</summary>
    /// <exception cref="ShapeException">x is not floating-point [N, 3, S…].</exception>
    public static Value RgbToGrayscale(this Value x)
    {
        CheckColors(x, "RgbToGrayscale");
        var parts = x.Split(3, 1);
        return parts[0] * 0.2989 + parts[1] * 0.587 + parts[2] * 0.114;
    }

    /// <summary>x + delta. Not held within 0 to 1.</summary>
    public static Value AdjustBrightness(this Value x, double delta) => x + delta;

    /// <summary>(x − mean) · factor + mean, with the mean of each channel of each image x[N, C, S…]. Not held within 0 to 1.</summary>
    public static Value AdjustContrast(this Value x, double factor)
    {
        if (x.Shape.Rank < 3) throw new ShapeException($"AdjustContrast takes images x[N, C, S…], not {x}.");
        var mean = x.Mean([.. Enumerable.Range(2, x.Shape.Rank - 2)], keepDimensions: true);
        return (x - mean) * factor + mean;
    }

    /// <summary>gain · x^gamma, for x of at least 0.</summary>
    public static Value AdjustGamma(this Value x, double gamma, double gain = 1) => gain == 1 ? x.Pow(gamma) : x.Pow(gamma) * gain;

    /// <summary>The saturation multiplied with a factor of at least 0, and held within 0 to 1.</summary>
    public static Value AdjustSaturation(this Value x, double factor) => AdjustHsv(x, parts => [parts[0], (parts[1] * factor).Clip(0, 1), parts[2]]);

    /// <summary>The hue moved on by delta, in turns: 1 is the same again.</summary>
    public static Value AdjustHue(this Value x, double delta) => AdjustHsv(x, parts => [parts[0] + delta, parts[1], parts[2]]);

    private static Value AdjustHsv(Value x, Func<IReadOnlyList<Value>, IReadOnlyList<Value>> change) => Concat(change(x.RgbToHsv().Split(3, 1)), 1).HsvToRgb();

    private static void CheckColors(Value x, string operation)
    {
        if (!x.Type.IsFloat() || x.Shape.Rank < 3 || x.Shape[1] is not (3 or Shape.Unknown)) throw new ShapeException($"{operation} takes floating-point colours x[N, 3, S…], not {x}.");
    }
}
