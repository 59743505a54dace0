using Dunlin.Training.Data;

namespace Dunlin.Training.Tests.Data;

public class MelFilterBankTests
{
    private const int Transform = 1024;
    private const double Rate = 22_050;

    private static readonly MelFilterBank Bank = new(40, Transform, Rate, 64, 8000);

    [Theory, InlineData(0, 0), InlineData(700, 781.1728), InlineData(1000, 999.9856), InlineData(8000, 2840.0230)]
    public void The_scale_is_the_published_one(double hertz, double mels)
    {
        Assert.Equal(mels, MelFilterBank.ToMel(hertz), 3);
        Assert.Equal(hertz, MelFilterBank.FromMel(mels), 2);
    }

    [Fact]
    public void Centres_are_equally_far_apart_in_mels()
    {
        var step = (MelFilterBank.ToMel(8000) - MelFilterBank.ToMel(64)) / 41;
        Assert.Equal(40, Bank.Centres.Count);
        Assert.All(Bank.Centres.Index(), c => Assert.Equal(MelFilterBank.ToMel(64) + (c.Index + 1) * step, MelFilterBank.ToMel(c.Item), 8));
    }

    /// <summary>By the definition, triangle by triangle.</summary>
    [Fact]
    public void Filters_are_triangles_with_feet_at_their_neighbours_peaks()
    {
        double[] peaks = [64, .. Bank.Centres, 8000];
        var mels = peaks.Select(MelFilterBank.ToMel).ToArray();
        for (var k = 0; k <= Transform / 2; k++)
        {
            var mel = MelFilterBank.ToMel(k * Rate / Transform);
            Assert.All(Response(k).Index(), b =>
            {
                var rise = (mel - mels[b.Index]) / (mels[b.Index + 1] - mels[b.Index]);
                var fall = (mels[b.Index + 2] - mel) / (mels[b.Index + 2] - mels[b.Index + 1]);
                Assert.Equal(Math.Max(0, Math.Min(rise, fall)), b.Item, 1e-5);
            });
        }
    }

    [Fact]
    public void Between_the_first_and_the_last_peak_no_power_is_lost()
    {
        for (var k = 0; k <= Transform / 2; k++)
            if (k * Rate / Transform is var f && f >= Bank.Centres[0] && f <= Bank.Centres[^1]) Assert.Equal(1, Response(k).Sum(), 1e-5);
            else if (f is < 64 or > 8000) Assert.Equal(0, Response(k).Sum());
    }

    [Fact]
    public void Numbers_out_of_range_are_refused()
    {
        Assert.Contains("highest", Assert.Throws<InvalidValueException>(() => new MelFilterBank(40, Transform, 16_000, 64, 8001)).Message, StringComparison.Ordinal);
        Assert.Contains("lowest", Assert.Throws<InvalidValueException>(() => new MelFilterBank(40, Transform, 16_000, 8000, 8000)).Message, StringComparison.Ordinal);
        Assert.Contains("bands", Assert.Throws<InvalidValueException>(() => new MelFilterBank(0, Transform, 16_000, 64, 8000)).Message, StringComparison.Ordinal);
        Assert.Contains("513", Assert.Throws<ShapeException>(() => Bank.Apply(new float[512], new float[40])).Message, StringComparison.Ordinal);
    }

    /// <summary>What a power of 1 at one frequency gives.</summary>
    private static float[] Response(int frequency)
    {
        var (power, bands) = (new float[Transform / 2 + 1], new float[40]);
        power[frequency] = 1;
        Bank.Apply(power, bands);
        return bands;
    }
}
