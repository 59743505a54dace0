using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Training;
using Dunlin.Training.Layers;

namespace Dunlin.Samples.Tagger;

/// <summary>From word numbers [N, T] to a score for each tag [N, T, tags]: embedding, an LSTM in each direction, a linear layer.</summary>
public sealed class TaggerModel(int words, TaggerOptions options) : Layer
{
    private readonly Embedding _embedding = new(words, options.Features) { Initializer = Initializers.Normal(0, 0.3) };
    private readonly Dropout _dropout = new(options.Dropout), _dropoutAfter = new(options.Dropout);
    private readonly Bidirectional _lstm = new(new LstmCell(options.Units), new LstmCell(options.Units));
    private readonly Linear _linear = new(Tags.Count);

    /// <summary>How many words of each sentence are no padding, [N].</summary>
    public static Value Lengths(Value words) => (words > Corpus.Padding).Cast(DType.Int64).Sum([1]);

    protected override Value Build(BuildContext context, Value input)
    {
        var vectors = context.Apply(_dropout, context.Apply(_embedding, input));
        return context.Apply(_linear, context.Apply(_dropoutAfter, _lstm.Apply(context, vectors, Lengths(input))));
    }
}

/// <summary>How the tagger is built and trained.</summary>
public sealed record TaggerOptions
{
    /// <summary>Whether neighbouring tags are judged together, by a conditional random field, or each by itself.</summary>
    public bool Crf { get; init; }

    public int Features { get; init; } = 100;

    public int Units { get; init; } = 128;

    public double Dropout { get; init; } = 0.3;

    public int Epochs { get; init; } = 6;

    public int BatchSize { get; init; } = 32;

    public double Rate { get; init; } = 2e-3;

    public ulong Seed { get; init; } = 1;

    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>For a chapter learnt by heart.</summary>
    public static TaggerOptions Fast { get; } = new() { Features = 24, Units = 24, Dropout = 0, Epochs = 40, BatchSize = 4, Rate = 1e-2, Threads = 1 };
}
