using Dunlin.Tensors;

namespace Dunlin.Training.Data;

/// <summary>Each frame among its neighbours. Neighbourhoods are put together when a batch is filled: kept, they would take as many times the memory as they have frames.</summary>
internal sealed class SpeechFrames(SpeechCorpus corpus, int context) : IDataset
{
    private const int Bands = LogMelSpectrum.Bands;

    /// <inheritdoc/>
    public int Count => corpus.Labels.Length;

    /// <inheritdoc/>
    public IReadOnlyList<Field> Fields { get; } = [new("frames", new(DType.Float32, [1, context, Bands])), new("label", new(DType.Int64, []))];

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<int> examples, Batch target)
    {
        SpeechViews.Check(examples, target, Count);
        var frames = target.Tensors[0].Span<float>();
        var labels = target.Tensors[1].Span<long>();
        for (var i = 0; i < examples.Length; i++)
        {
            var utterance = corpus.UtteranceOf(examples[i]);
            var (first, last) = (corpus.Begins[utterance], corpus.Begins[utterance + 1] - 1);
            for (var c = 0; c < context; c++)
            {
                var frame = Math.Clamp(examples[i] + c - context / 2, first, last);
                corpus.Features.AsSpan(frame * Bands, Bands).CopyTo(frames[((i * context + c) * Bands)..]);
            }
            labels[i] = corpus.Labels[examples[i]];
        }
    }
}

/// <summary>Stretches of utterances.</summary>
internal sealed class SpeechSequences(SpeechCorpus corpus, int steps) : IDataset
{
    private const int Bands = LogMelSpectrum.Bands;

    private readonly int[] _begins =
        [.. corpus.Begins.Zip(corpus.Begins.Skip(1)).SelectMany(u => Enumerable.Range(0, (u.Second - u.First) / steps).Select(k => u.First + k * steps))];

    /// <inheritdoc/>
    public int Count => _begins.Length;

    /// <inheritdoc/>
    public IReadOnlyList<Field> Fields { get; } = [new("frames", new(DType.Float32, [steps, Bands])), new("label", new(DType.Int64, [steps]))];

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<int> examples, Batch target)
    {
        SpeechViews.Check(examples, target, Count);
        var frames = target.Tensors[0].Span<float>();
        var labels = target.Tensors[1].Span<long>();
        for (var i = 0; i < examples.Length; i++)
        {
            var begin = _begins[examples[i]];
            corpus.Features.AsSpan(begin * Bands, steps * Bands).CopyTo(frames[(i * steps * Bands)..]);
            for (var t = 0; t < steps; t++) labels[i * steps + t] = corpus.Labels[begin + t];
        }
    }
}

/// <summary>What both views refuse.</summary>
internal static class SpeechViews
{
    public static void Check(ReadOnlySpan<int> examples, Batch target, int count)
    {
        if (target.Rows != examples.Length) throw new ShapeException($"{examples.Length} examples do not fill a batch of {target.Rows} rows.");
        foreach (var example in examples) Require.Below(nameof(GeneratedSpeech), example, 0, count);
    }
}
