using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Training.Data;

/// <summary>
/// Log-mel spectra of sound: windows of 25 ms (Hamming) every 10 ms, their power by a Fourier transform of 1024 samples, 40 <see cref="MelFilterBank">mel filters</see> from 64 to 8000 Hz, and
/// the natural logarithm. Not thread-safe.
/// </summary>
public sealed class LogMelSpectrum : IDisposable
{
    /// <summary>Features of a frame.</summary>
    public const int Bands = 40;

    /// <summary>Frames a second.</summary>
    public const int FramesPerSecond = 100;

    internal const int Transform = 1024;
    private const double WindowSeconds = 0.025, Lowest = 64, Highest = 8000;

    /// <summary>Frames that go through the transform together: few enough that the last block wastes little.</summary>
    private const int Block = 128;

    /// <summary>Below what two steps of 16 bits leave as noise; digital silence has a logarithm as well.</summary>
    private const float Floor = 1e-6f;

    private readonly int _sampleRate;
    private readonly MelFilterBank _bank;
    private readonly Session _session;
    private readonly Step _step;
    private readonly Tensor _stretches = Tensor.Zeros(DType.Float32, [Block, Transform]);
    private readonly Tensor[] _spectra = [Tensor.Zeros(DType.Float32, [Block, Transform / 2 + 1]), Tensor.Zeros(DType.Float32, [Block, Transform / 2 + 1])];

    /// <summary>Prepares for sound of a sample rate.</summary>
    /// <param name="sampleRate">Samples a second, from 16,000, which the highest filter needs, to 40,000, where a window would no longer fit the transform.</param>
    /// <exception cref="InvalidValueException">The rate is none of these.</exception>
    public LogMelSpectrum(int sampleRate)
    {
        _sampleRate = Require.Between(nameof(LogMelSpectrum), sampleRate, (int)(2 * Highest), (int)(Transform / WindowSeconds));
        WindowLength = (int)(WindowSeconds * sampleRate);
        _bank = new(Bands, Transform, sampleRate, Lowest, Highest);
        var graph = new Graph();
        var stretches = graph.Placeholder("stretches", DType.Float32, _stretches.Shape);
        var window = graph.Window(WindowKind.Hamming, WindowLength).Pad([0], [Transform - WindowLength]);
        var (re, im) = (stretches * window).Rfft();
        // Always the same kernels and one thread: features are the same whatever the model is trained with.
        _session = new(graph, new() { Kernels = KernelSets.Managed, Threads = 1 });
        _step = _session.Compile([stretches], [re, im]);
    }

    /// <summary>Samples of a window.</summary>
    internal int WindowLength { get; }

    /// <summary>How many windows fit into the sound.</summary>
    /// <param name="samples">Its length.</param>
    public int Frames(int samples) => samples < WindowLength ? 0 : 1 + (int)((long)(samples - WindowLength) * FramesPerSecond / _sampleRate);

    /// <summary>The first sample of a frame's window; its centre is half a window later.</summary>
    /// <param name="frame">From 0.</param>
    public int Begin(int frame) => (int)((long)frame * _sampleRate / FramesPerSecond);

    /// <summary>Computes the features of all frames.</summary>
    /// <param name="samples">The sound, from −1 to 1.</param>
    /// <returns>[<see cref="Frames"/>, 40], row by row.</returns>
    public float[] Of(ReadOnlySpan<float> samples)
    {
        var features = new float[Frames(samples.Length) * Bands];
        Span<float> power = stackalloc float[Transform / 2 + 1];
        for (var first = 0; first * Bands < features.Length; first += Block)
        {
            var count = Math.Min(Block, features.Length / Bands - first);
            TransformBlock(samples, first, count);
            for (var i = 0; i < count; i++)
            {
                Power(i, power);
                var row = features.AsSpan((first + i) * Bands, Bands);
                _bank.Apply(power, row);
                foreach (ref var value in row) value = MathF.Log(value + Floor);
            }
        }
        return features;
    }

    /// <summary>The power |X[k]|² of one frame's window.</summary>
    internal float[] Power(ReadOnlySpan<float> samples, int frame)
    {
        TransformBlock(samples, frame, 1);
        var power = new float[Transform / 2 + 1];
        Power(0, power);
        return power;
    }

    /// <inheritdoc/>
    public void Dispose() => _session.Dispose();

    private void TransformBlock(ReadOnlySpan<float> samples, int first, int count)
    {
        var stretches = _stretches.Span<float>();
        for (var i = 0; i < count; i++) samples.Slice(Begin(first + i), WindowLength).CopyTo(stretches[(i * Transform)..]);
        _step.Run([_stretches], _spectra);
    }

    private void Power(int row, Span<float> power)
    {
        var re = _spectra[0].Span<float>().Slice(row * power.Length, power.Length);
        var im = _spectra[1].Span<float>().Slice(row * power.Length, power.Length);
        for (var k = 0; k < power.Length; k++) power[k] = re[k] * re[k] + im[k] * im[k];
    }
}
