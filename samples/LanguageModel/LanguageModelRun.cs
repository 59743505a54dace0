using System.Diagnostics;
using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Models;
using Dunlin.Tensors;
using Dunlin.Training;
using Dunlin.Training.Data;
using Dunlin.Training.Layers;
using Dunlin.Training.Reports;

namespace Dunlin.Samples.LanguageModel;

/// <summary>
/// Trains a recurrent language model by truncated backpropagation through time: states go on from window to window, gradients end there. The
/// last twentieth of the verses is held back.
/// </summary>
public sealed class LanguageModelRun : IDisposable
{
    /// <summary>Held-back text is judged in stretches so long, each from a state of zeros.</summary>
    private const int Stretch = 250;

    private readonly Options _options;
    private readonly DataLoader _training, _validation;
    private readonly Session _session;
    private readonly Step _step, _judge;
    private readonly List<MetricsEntry> _curve = [];

    /// <summary>Builds the graph.</summary>
    public LanguageModelRun(IReadOnlyList<string> verses, Options options)
    {
        _options = options;
        var held = verses.Count - verses.Count / 20;
        Vocabulary = Vocabulary.Of(verses.Take(held));
        var (learned, judged) = (Vocabulary.Encode(verses.Take(held)), Vocabulary.Encode(verses.Skip(held)));
        var stretch = Math.Min(Stretch, judged.Length - 1);
        _training = new(new RunningText(learned, options.Lanes, options.Window), new() { BatchSize = options.Lanes, Shuffle = false });
        _validation = new(new RunningText(judged, (judged.Length - 1) / stretch, stretch), new() { BatchSize = 4, Shuffle = false });

        var graph = new Graph();
        var counter = graph.Variable("step", DType.Int64, [], Initializers.Zeros, trainable: false);
        var context = new BuildContext(graph, training: true, seed: 1, counter.Value);
        var model = LstmLanguageModel.Create(Vocabulary.Words.Count, options.Units, options.Units, options.Layers, options.Dropout, carriesStates: true);
        var x = graph.Placeholder("x", DType.Int64, [options.Lanes, options.Window]);
        var y = graph.Placeholder("y", DType.Int64, [options.Lanes, options.Window]);
        var loss = Losses.SoftmaxCrossEntropy(context.Apply(model, x), y);

        Variable[] weights = [.. graph.Variables.Where(v => v.IsTrainable)];
        var total = (long)options.Epochs * _training.StepsPerEpoch;
        var optimizer = Optimizers.Adam(Schedules.Cosine(options.Rate, total, options.Rate / 100)).After(new ClipByGlobalNorm(1));
        var updates = optimizer.Build(graph, counter.Value, [.. weights.Zip(Gradients.Of(loss, weights), (w, g) => new Parameter(w, g!))]);

        var text = graph.Placeholder("text", DType.Int64, [Shape.Unknown, stretch]);
        var next = graph.Placeholder("next", DType.Int64, [Shape.Unknown, stretch]);
        var judgement = Losses.SoftmaxCrossEntropy(context.ForInference().Apply(model, text), next);

        _session = new Session(graph, new() { Seed = 1 });
        _step = _session.Compile([x, y], [loss], [.. updates, .. context.Updates.Select(u => u.Variable.Assign(u.Value)), counter.Assign(counter.Value + 1)]);
        _judge = _session.Compile([text, next], [judgement]);
        Description = $"{learned.Length} words to learn from, {judged.Length} held back, {Vocabulary.Words.Count} different; {weights.Sum(w => w.TensorType.Shape.ElementCount)} weights";
    }

    /// <summary>The words.</summary>
    public Vocabulary Vocabulary { get; }

    /// <summary>How much there is of everything.</summary>
    public string Description { get; }

    /// <summary>Trains, says how it goes, and returns the perplexities of each epoch.</summary>
    public IReadOnlyList<(double Training, double Validation)> Execute(TextWriter output)
    {
        output.WriteLine(Description);
        List<(double, double)> epochs = [];
        var clock = Stopwatch.StartNew();
        for (int epoch = 0, steps = 0; epoch < _options.Epochs && (_options.Steps == 0 || steps < _options.Steps); epoch++)
        {
            Recurrent.ResetStates(_session);
            var sum = 0.0;
            var first = steps;
            while (_training.TryNext(out var batch))
            {
                sum += _step.Run(batch.Tensors[0], batch.Tensors[1])[0].Item<float>();
                if (++steps == _options.Steps) break;
                if (steps % 100 == 0) Note(epoch, steps, "train", Math.Exp(sum / (steps - first)), clock, output);
            }
            epochs.Add((Math.Exp(sum / (steps - first)), Judge()));
            Note(epoch, steps, "train", epochs[^1].Item1, clock, output);
            Note(epoch, steps, "validation", epochs[^1].Item2, clock, output);
        }
        return epochs;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _training.Dispose();
        _validation.Dispose();
        _session.Dispose();
    }

    /// <summary>The perplexity of the text that is held back: e to the mean cross-entropy of its words.</summary>
    private double Judge()
    {
        var (sum, count) = (0.0, 0);
        while (_validation.TryNext(out var batch))
        {
            sum += _judge.Run(batch.Tensors[0], batch.Tensors[1])[0].Item<float>() * batch.Count;
            count += batch.Count;
        }
        return Math.Exp(sum / count);
    }

    private void Note(int epoch, int steps, string what, double perplexity, Stopwatch clock, TextWriter output)
    {
        output.WriteLine($"epoch {epoch + 1}, step {steps}: {what} perplexity {perplexity:F1} ({clock.Elapsed.TotalSeconds:F0} s)");
        _curve.Add(new(steps, epoch, clock.Elapsed.TotalSeconds, new Dictionary<string, double> { ["perplexity/" + what] = perplexity }));
        if (_options.Curve is { } path) LearningCurves.Write(path, _curve.Where(entry => entry.Values.Values.First() < 1000), "Language model: perplexity");
    }
}
