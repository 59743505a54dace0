using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;
using Dunlin.Training.Checkpoints;
using Dunlin.Training.Data;
using Dunlin.Training.Layers;

namespace Dunlin.Training;

/// <summary>How a <see cref="Predictor"/> computes.</summary>
public sealed record PredictorOptions
{
    /// <summary>Where heavy kernels come from.</summary>
    public IKernelSet Kernels { get; init; } = KernelSets.Default;

    /// <summary>Threads of the kernels.</summary>
    /// <value>At least 1; this machine's processors unless set.</value>
    public int Threads { get; init => field = Require.AtLeast(nameof(PredictorOptions), value, 1); } = Environment.ProcessorCount;
}

/// <summary>A trained model at work: predictions and measurements, without gradients. For one thread at a time.</summary>
public sealed class Predictor : IDisposable
{
    private readonly Session _session;
    private readonly BuildContext _context;
    private readonly Value _input;
    private readonly Value _prediction;
    private readonly Step _step;
    private Step? _classify;

    /// <summary>Builds the model for inference, with its first weights.</summary>
    /// <param name="model">The model.</param>
    /// <param name="input">Name and type of one example's input.</param>
    /// <param name="options">Defaults unless given.</param>
    public Predictor(Layer model, Field input, PredictorOptions? options = null)
    {
        options ??= new();
        var graph = new Graph();
        _input = graph.Placeholder(input.Name, input.Type.Type, Shape.Of(Shape.Unknown).Append(input.Type.Shape.Dimensions));
        _context = new BuildContext(graph, training: false, seed: 0, counter: null);
        _prediction = _context.Apply(model, _input);
        _session = new Session(graph, new SessionOptions { Kernels = options.Kernels, Threads = options.Threads });
        _step = _session.Compile([_input], [_prediction]);
    }

    /// <summary>Builds a trained model for inference.</summary>
    /// <param name="model">The model.</param>
    /// <param name="data">A data set whose first field is the input.</param>
    /// <param name="weights">As <see cref="TrainingResult.Weights"/>.</param>
    /// <param name="options">Defaults unless given.</param>
    /// <exception cref="DunlinException">The weights belong to another model.</exception>
    public Predictor(Layer model, IDataset data, IReadOnlyDictionary<string, Tensor> weights, PredictorOptions? options = null)
        : this(model, data.Fields[0], options) => Load(weights);

    /// <summary>Takes the weights of a saved model.</summary>
    /// <param name="path">A run directory (its newest good checkpoint), one checkpoint's directory, or a safetensors file; one that lies in a checkpoint is compared with its manifest.</param>
    /// <exception cref="DunlinException">There is no such thing, it is damaged, or it belongs to another model.</exception>
    public void Load(string path)
    {
        if (File.Exists(path))
        {
            CheckpointVerifier.VerifyBeside(path);
            Load(Safetensors.Load(path), path);
        }
        else if (File.Exists(Path.Combine(path, "manifest.json"))) Load(CheckpointStore.Open(path).Load("model"), path);
        else if (Directory.Exists(Path.Combine(path, "checkpoints")))
        {
            var store = new CheckpointStore(Path.Combine(path, "checkpoints"), new CheckpointOptions { ReadOnly = true });
            var checkpoint = store.LoadLatest() ?? throw new DunlinException($"The run {path} has no checkpoint yet.");
            Load(checkpoint.Load("model"), checkpoint.Directory);
        }
        else throw new DunlinException($"{path} is no run directory, no checkpoint and no safetensors file.");
    }

    /// <summary>Takes the weights of a run in this process.</summary>
    /// <param name="weights">As <see cref="TrainingResult.Weights"/>.</param>
    /// <param name="source">What messages call them.</param>
    public void Load(IReadOnlyDictionary<string, Tensor> weights, string source = "the given weights") =>
        Variables.Load(_session, _session.Graph.Variables.Select(v => (v.Name, v)), weights, source);

    /// <summary>Copies of the weights and statistics, by name.</summary>
    public IReadOnlyDictionary<string, Tensor> Weights => _session.Graph.Variables.ToDictionary(v => v.Name, v => _session.Storage(v).Clone());

    /// <summary>Predictions for a batch of inputs [n, …].</summary>
    public Tensor Predict(Tensor inputs) => _step.Run(inputs)[0];

    /// <summary>The class of the largest score for each of a batch of inputs [n, …]; of equal scores the first counts.</summary>
    /// <exception cref="ShapeException">The model gives no scores [n, classes].</exception>
    public int[] Classify(Tensor inputs)
    {
        if (_prediction.Shape.Rank != 2) throw new ShapeException($"Classify chooses among scores [n, classes]; this model gives {_prediction.Shape}. Use Predict.");
        _classify ??= _session.Compile([_input], [_prediction.ArgMax()]);
        return [.. _classify.Run(inputs)[0].ToArray<long>().Select(k => (int)k)];
    }

    /// <summary>Means over a data set, by name: the loss, then the metrics.</summary>
    /// <param name="data">The first field is the input, the second the target.</param>
    /// <param name="loss">The loss.</param>
    /// <param name="metrics">What else to measure.</param>
    /// <param name="batchSize">Examples at a time.</param>
    public IReadOnlyDictionary<string, double> Evaluate(IDataset data, Loss loss, IReadOnlyList<Metric> metrics, int batchSize = 256)
    {
        var field = data.Fields[1];
        var target = _session.Graph.Placeholder(field.Name, field.Type.Type, Shape.Of(Shape.Unknown).Append(field.Type.Shape.Dimensions));
        using var step = _session.Compile([_input, target], [loss(_prediction, target), .. metrics.Select(m => m.Mean(_prediction, target))]);
        string[] names = ["loss", .. metrics.Select(m => m.Name)];
        var sums = new double[names.Length];
        using var loader = new DataLoader(data, new DataLoaderOptions { BatchSize = batchSize, Shuffle = false });
        while (loader.TryNext(out var batch))
        {
            var results = step.Run(batch.Tensors[0], batch.Tensors[1]);
            for (var i = 0; i < sums.Length; i++) sums[i] += results[i].Item<float>() * batch.Count;
        }
        return names.Zip(sums, (name, sum) => (name, sum / data.Count)).ToDictionary(p => p.name, p => p.Item2);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _classify?.Dispose();
        _step.Dispose();
        _session.Dispose();
    }
}
