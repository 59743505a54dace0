using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Training;
using Dunlin.Training.Layers;

namespace Dunlin.Samples.Tagger;

/// <summary>A tagger in training and at work.</summary>
public sealed class TaggerProgram : IDisposable
{
    private readonly Corpus _corpus;
    private readonly TaggerOptions _options;
    private readonly Session _session;
    private readonly Step _train, _tag;

    public TaggerProgram(Corpus corpus, TaggerOptions options)
    {
        (_corpus, _options) = (corpus, options);
        var graph = new Graph();
        var counter = graph.Variable("step", DType.Int64, Shape.Scalar, Initializers.Zeros, trainable: false);
        var words = graph.Placeholder("words", DType.Int64, Shape.Of(Shape.Unknown, Shape.Unknown));
        var tags = graph.Placeholder("tags", DType.Int64, Shape.Of(Shape.Unknown, Shape.Unknown));
        var context = new BuildContext(graph, training: true, options.Seed, counter.Value);
        var model = new TaggerModel(corpus.Words, options);
        var lengths = TaggerModel.Lengths(words);
        var transitions = options.Crf ? graph.Variable("transitions", DType.Float32, [Tags.Count, Tags.Count], Initializers.Zeros) : null;

        // The mean over real words, whichever way: padding has no part in it.
        var scores = context.Apply(model, words);
        var errors = transitions is null
            ? (scores.SoftmaxCrossEntropy(tags) * (words > Corpus.Padding).Cast(DType.Float32)).Sum()
            : scores.CrfLoss(transitions, tags, lengths).Sum();
        var loss = (errors / lengths.Sum().Cast(DType.Float32)).CheckFinite("the loss");

        Variable[] trainable = [.. graph.Variables.Where(v => v.IsTrainable)];
        var gradients = Gradients.Of(loss, trainable);
        var optimizer = Optimizers.Adam(Schedules.Cosine(options.Rate, Steps())).After(new ClipByGlobalNorm(5));
        Value[] updates = [.. optimizer.Build(graph, counter.Value, [.. trainable.Zip(gradients, (v, g) => new Parameter(v, g!))]), counter.Assign(counter.Value + 1)];

        var judged = context.ForInference().Apply(model, words);
        _session = new Session(graph, new SessionOptions { Seed = options.Seed, Threads = options.Threads });
        _train = _session.Compile([words, tags], [loss], updates);
        _tag = _session.Compile([words], [transitions is null ? judged.ArgMax() : judged.CrfDecode(transitions, lengths).Labels]);
    }

    /// <summary>Trains for all epochs.</summary>
    /// <param name="report">Is given the epoch and the mean loss of a word after each.</param>
    public void Train(Action<int, double> report)
    {
        var loss = Tensor.Zeros(DType.Float32, Shape.Scalar);
        for (var epoch = 0; epoch < _options.Epochs; epoch++)
        {
            var (sum, steps) = (0.0, 0);
            foreach (var batch in SentenceBatch.Shuffled(_corpus, _options.BatchSize, _options.Seed, epoch))
            {
                _train.Run([batch.Words, batch.Tags], [loss]);
                (sum, steps) = (sum + loss.Item<float>(), steps + 1);
            }
            report(epoch + 1, sum / steps);
        }
    }

    /// <summary>The tags of some sentences, beside the right ones.</summary>
    public IEnumerable<(TaggedSentence Sentence, int[] Tags)> Tag(IEnumerable<TaggedSentence> sentences)
    {
        foreach (var (group, batch) in SentenceBatch.All(_corpus, sentences, 256))
        {
            var tags = _tag.Run(batch.Words)[0].ToArray<long>();
            for (var n = 0; n < group.Length; n++)
                yield return (group[n], [.. tags.Skip(n * batch.Words.Shape[1]).Take(group[n].Words.Length).Select(t => (int)t)]);
        }
    }

    public void Dispose()
    {
        _train.Dispose();
        _tag.Dispose();
        _session.Dispose();
    }

    private int Steps() => SentenceBatch.Shuffled(_corpus, _options.BatchSize, _options.Seed, 0).Count() * _options.Epochs;
}
