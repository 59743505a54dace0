using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Training.Layers;

namespace Dunlin.Samples.LanguageModel;

/// <summary>Scores each word of sentences of different lengths: two LSTMs, one from each end, and a linear map of what both know at the word.</summary>
public sealed class Tagger(int words, int labels) : Layer
{
    private readonly Embedding _embedding = new(words, 32);
    private readonly Bidirectional _both = new(new LstmCell(64), new LstmCell(64));
    private readonly Linear _scores = new(labels);

    /// <summary>Word numbers [N, T] give scores [N, T, labels]. After lengths[n] words, sentence n is padding.</summary>
    public Value Apply(BuildContext context, Value sentences, Value lengths) => context.Within(this, sentences, (c, x) =>
        c.Apply(_scores, _both.Apply(c, c.Apply(_embedding, x), lengths)));

    /// <summary>The mean cross-entropy of the words that are no padding.</summary>
    public static Value Loss(Value scores, Value tags, Value lengths)
    {
        var real = lengths.SequenceMask(tags).Cast(scores.Type);
        return (scores.SoftmaxCrossEntropy(tags) * real).Sum() / real.Sum();
    }

    /// <inheritdoc/>
    protected override Value Build(BuildContext context, Value input) => context.Apply(_scores, context.Apply(_both, context.Apply(_embedding, input)));
}
