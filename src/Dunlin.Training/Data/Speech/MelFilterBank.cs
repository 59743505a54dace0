namespace Dunlin.Training.Data;

/// <summary>
/// Filters that are equally wide to the ear: triangles of height 1 whose feet are the neighbours' peaks, and whose peaks are equally far apart on the mel scale
/// m = 2595 · log₁₀(1 + f / 700 Hz) (O'Shaughnessy, 1987; Davis and Mermelstein, 1980). They are straight in mels, so at each frequency between the first and the last peak
/// they add up to 1.
/// </summary>
public sealed class MelFilterBank
{
    /// <summary>For each frequency the number of the filter that rises there, and how high it is; −1 outside of all.</summary>
    private readonly (int Rising, float Height)[] _bins;

    /// <summary>Places the filters.</summary>
    /// <param name="bands">How many, at least 1.</param>
    /// <param name="transform">Samples of a Fourier transform; its spectra have <paramref name="transform"/> / 2 + 1 frequencies.</param>
    /// <param name="sampleRate">Samples a second.</param>
    /// <param name="lowest">Where the first filter begins, in Hz.</param>
    /// <param name="highest">Where the last one ends, in Hz; at most half the sample rate.</param>
    /// <exception cref="InvalidValueException">A number is out of range.</exception>
    public MelFilterBank(int bands, int transform, double sampleRate, double lowest, double highest)
    {
        Bands = Require.AtLeast(nameof(MelFilterBank), bands, 1);
        Require.AtLeast(nameof(MelFilterBank), transform, 2);
        Require.Above(nameof(MelFilterBank), sampleRate, 0);
        Require.Between(nameof(MelFilterBank), highest, 0, sampleRate / 2);
        Require.Below(nameof(MelFilterBank), lowest, 0, highest);
        var (from, step) = (ToMel(lowest), (ToMel(highest) - ToMel(lowest)) / (bands + 1));
        Centres = [.. Enumerable.Range(1, bands).Select(i => FromMel(from + i * step))];
        _bins = new (int, float)[transform / 2 + 1];
        for (var k = 0; k < _bins.Length; k++)
        {
            var place = (ToMel(k * sampleRate / transform) - from) / step;
            var filter = (int)Math.Floor(place);
            _bins[k] = filter < 0 || filter > bands ? (-1, 0) : (filter, (float)(place - filter));
        }
    }

    /// <summary>How many filters.</summary>
    public int Bands { get; }

    /// <summary>The frequencies of their peaks, in Hz.</summary>
    public IReadOnlyList<double> Centres { get; }

    /// <summary>Hz in mels.</summary>
    /// <param name="frequency">In Hz.</param>
    public static double ToMel(double frequency) => 2595 * Math.Log10(1 + frequency / 700);

    /// <summary>Mels in Hz.</summary>
    /// <param name="mel">In mels.</param>
    public static double FromMel(double mel) => 700 * (Math.Pow(10, mel / 2595) - 1);

    /// <summary>The power that passes each filter.</summary>
    /// <param name="power">|X[k]|² for the frequencies k of the transform.</param>
    /// <param name="bands">Receives the sums, one for each filter.</param>
    /// <exception cref="ShapeException">The lengths are others.</exception>
    public void Apply(ReadOnlySpan<float> power, Span<float> bands)
    {
        if (power.Length != _bins.Length || bands.Length != Bands) throw new ShapeException($"A bank of {Bands} filters over {_bins.Length} frequencies does not fit {power.Length} and {bands.Length}.");
        bands.Clear();
        for (var k = 0; k < _bins.Length; k++)
        {
            var (rising, height) = _bins[k];
            if (rising < 0) continue;
            // Filter i rises in interval i and falls in the next one.
            if (rising < Bands) bands[rising] += height * power[k];
            if (rising > 0) bands[rising - 1] += (1 - height) * power[k];
        }
    }
}
