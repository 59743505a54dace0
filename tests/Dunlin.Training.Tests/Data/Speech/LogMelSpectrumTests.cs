using Dunlin.Tensors;
using Dunlin.Training.Data;

namespace Dunlin.Training.Tests.Data;

public sealed class LogMelSpectrumTests : IDisposable
{
    private const int Rate = 22_050;

    private readonly LogMelSpectrum _spectrum = new(Rate);

    public void Dispose() => _spectrum.Dispose();

    [Theory, InlineData(3), InlineData(14), InlineData(27), InlineData(39)]
    public void A_pure_tone_is_loudest_in_the_band_of_its_frequency(int band)
    {
        var centre = new MelFilterBank(LogMelSpectrum.Bands, 1024, Rate, 64, 8000).Centres[band];
        var features = _spectrum.Of(Sine(centre, Rate / 10, Rate));
        Assert.Equal(8 * LogMelSpectrum.Bands, features.Length);
        Assert.All(features.Chunk(LogMelSpectrum.Bands), frame => Assert.Equal(band, Array.IndexOf(frame, frame.Max())));
    }

    /// <summary>Parseval: Σ|X[k]|² = n · Σ(w·x)², where all frequencies but the first and the last stand for two.</summary>
    [Fact]
    public void The_spectrum_has_the_power_of_the_windowed_sound()
    {
        var sound = Noise(2000);
        var power = _spectrum.Power(sound, 3);
        var (begin, length) = (_spectrum.Begin(3), _spectrum.WindowLength);
        var windowed = Enumerable.Range(0, length).Sum(i => Math.Pow(Hamming(i, length) * sound[begin + i], 2));
        Assert.Equal(1, (2 * power.Sum(p => (double)p) - power[0] - power[^1]) / (1024 * windowed), 5);
    }

    [Fact]
    public void A_frame_is_what_the_definition_says()
    {
        var sound = Noise(700);
        var power = _spectrum.Power(sound, 0);
        for (var k = 0; k <= 512; k += 64)
        {
            double re = 0, im = 0;
            for (var i = 0; i < _spectrum.WindowLength; i++)
            {
                var (value, angle) = (Hamming(i, _spectrum.WindowLength) * sound[i], 2 * Math.PI * i * k / 1024);
                (re, im) = (re + value * Math.Cos(angle), im - value * Math.Sin(angle));
            }
            Assert.Equal(1, power[k] / (re * re + im * im), 3);
        }
    }

    /// <summary>25 ms every 10 ms: of 16,000 samples a second, 400 every 160.</summary>
    [Fact]
    public void Frames_come_a_hundred_times_a_second()
    {
        using var spectrum = new LogMelSpectrum(16_000);
        Assert.Equal([0, 1, 1, 2, 98], new[] { 399, 400, 559, 560, 16_000 }.Select(spectrum.Frames));
        Assert.Equal(551, _spectrum.WindowLength);
        Assert.Equal([0, 220, 441, 22_050], new[] { 0, 1, 2, 100 }.Select(_spectrum.Begin));
    }

    /// <summary>Frames go through in blocks; where a block begins does not matter, nor what stands before.</summary>
    [Fact]
    public void A_frame_is_the_same_wherever_it_stands()
    {
        using var spectrum = new LogMelSpectrum(16_000);
        var sound = Noise(16_000 * 3);
        var (all, later) = (spectrum.Of(sound), spectrum.Of(sound.AsSpan(100 * 160)));
        Assert.Equal(all[(100 * LogMelSpectrum.Bands)..], later);
    }

    [Fact]
    public void Silence_has_a_logarithm() => Assert.All(_spectrum.Of(new float[1000]), v => Assert.Equal(MathF.Log(1e-6f), v));

    [Theory, InlineData(8000), InlineData(48_000)]
    public void Other_rates_are_refused(int rate) => Assert.Contains("16000", Assert.Throws<InvalidValueException>(() => new LogMelSpectrum(rate)).Message, StringComparison.Ordinal);

    private static double Hamming(int i, int length) => 0.54 - 0.46 * Math.Cos(2 * Math.PI * i / length);

    private static float[] Sine(double frequency, int count, int rate) => [.. Enumerable.Range(0, count).Select(i => (float)Math.Sin(2 * Math.PI * frequency * i / rate))];

    private static float[] Noise(int count)
    {
        var sound = new float[count];
        Philox.FillNormal(sound, new PhiloxKey(1), deviation: 0.1f);
        return sound;
    }
}
