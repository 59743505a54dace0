using Dunlin.Tensors;

namespace Dunlin.Samples.Tagger;

/// <summary>Sentences of about the same length side by side.</summary>
/// <param name="Words">Word numbers [N, T], padded at the end.</param>
/// <param name="Tags">Tags [N, T]; 0 in the padding, where they do not count.</param>
public sealed record SentenceBatch(Tensor Words, Tensor Tags)
{
    /// <summary>Lengths are rounded up to multiples of this: few shapes, and so few plans, at the price of some padding.</summary>
    private const int Grain = 16;

    /// <summary>Batches in an order of their own for each epoch. Sentences that do not fill a last batch of their length are left out.</summary>
    public static IEnumerable<SentenceBatch> Shuffled(Corpus corpus, int size, ulong seed, int epoch)
    {
        var order = new int[corpus.Train.Count];
        Philox.Permutation(order, seed, (uint)epoch);
        TaggedSentence[][] groups = [.. Groups(order.Select(i => corpus.Train[i]), size).Where(g => g.Length == size)];
        if (groups.Length == 0) throw new DunlinException($"No {size} sentences are of about the same length; take smaller batches.");
        var places = new int[groups.Length];
        Philox.Permutation(places, seed + 1, (uint)epoch);
        return places.Select(i => Of(corpus, groups[i]));
    }

    /// <summary>All sentences, for measurements.</summary>
    public static IEnumerable<(TaggedSentence[] Sentences, SentenceBatch Batch)> All(Corpus corpus, IEnumerable<TaggedSentence> sentences, int size) =>
        Groups(sentences, size).Select(g => (g, Of(corpus, g)));

    private static IEnumerable<TaggedSentence[]> Groups(IEnumerable<TaggedSentence> sentences, int size) =>
        sentences.GroupBy(Rounded).OrderBy(g => g.Key).SelectMany(g => g.Chunk(size));

    private static int Rounded(TaggedSentence sentence) => (sentence.Words.Length + Grain - 1) / Grain * Grain;

    private static SentenceBatch Of(Corpus corpus, TaggedSentence[] sentences)
    {
        var shape = Shape.Of(sentences.Length, Rounded(sentences[0]));
        var batch = new SentenceBatch(Tensor.Zeros(DType.Int64, shape), Tensor.Zeros(DType.Int64, shape));
        var words = batch.Words.Span<long>();
        var tags = batch.Tags.Span<long>();
        for (var n = 0; n < sentences.Length; n++)
            for (var t = 0; t < sentences[n].Words.Length; t++)
                (words[n * shape[1] + t], tags[n * shape[1] + t]) = (corpus.NumberOf(sentences[n].Words[t]), sentences[n].Tags[t]);
        return batch;
    }
}
