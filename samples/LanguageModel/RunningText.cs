using Dunlin.Tensors;
using Dunlin.Training.Data;

namespace Dunlin.Samples.LanguageModel;

/// <summary>
/// A text cut into lanes that are read side by side, each lane into windows of words: row r of batch k goes on where row r of batch k − 1 ended,
/// if batches are as large as there are lanes and come in order. The target of a word is the word after it.
/// </summary>
/// <param name="words">The text.</param>
/// <param name="lanes">How many lanes.</param>
/// <param name="window">Words of a window; what of a lane does not fill one is left out.</param>
public sealed class RunningText(long[] words, int lanes, int window) : IDataset
{
    private readonly int _windows = Math.Max(0, (words.Length - 1) / lanes / window);

    /// <inheritdoc/>
    public int Count => lanes * _windows;

    /// <inheritdoc/>
    public IReadOnlyList<Field> Fields { get; } = [new("word", new(DType.Int64, [window])), new("next", new(DType.Int64, [window]))];

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<int> examples, Batch target)
    {
        var inputs = target.Tensors[0].Span<long>();
        var targets = target.Tensors[1].Span<long>();
        for (var row = 0; row < examples.Length; row++)
        {
            var (place, lane) = Math.DivRem(examples[row], lanes);
            var first = (lane * _windows + place) * window;
            words.AsSpan(first, window).CopyTo(inputs[(row * window)..]);
            words.AsSpan(first + 1, window).CopyTo(targets[(row * window)..]);
        }
    }
}
