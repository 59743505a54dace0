using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Training.Layers;

/// <summary>
/// Builds layers into a graph: names them, makes their variables, and collects what they ask for besides their output. One for each graph
/// and purpose; <see cref="ForInference"/> gives the twin that evaluates the same variables. For one thread.
/// </summary>
public sealed class BuildContext
{
    private readonly LayerPaths _paths;
    private readonly Value? _counter;
    private readonly List<(Variable, Value, Agreement)> _updates = [];
    private readonly List<Value> _losses = [];
    private readonly List<(Value, double)> _predictions = [];
    private readonly List<LayerRecord?> _records = [];
    private readonly HashSet<Variable> _counted = [];
    private readonly HashSet<Variable> _distant = [];
    private readonly Dictionary<string, int> _draws = new(StringComparer.Ordinal);
    private DunlinException? _explained;
    private Frame _frame = new("", 1);

    /// <summary>Creates a context.</summary>
    /// <param name="graph">The graph to build into.</param>
    /// <param name="training">Whether layers behave as in training: dropout drops, batch normalisation uses the batch.</param>
    /// <param name="seed">The seed of random operations. Ranks that see different examples take different seeds.</param>
    /// <param name="counter">An Int64 scalar that is another at each step; null where no layer draws random numbers.</param>
    /// <param name="replicas">The workers that build the same model for other examples of the batch; null where there are none.</param>
    public BuildContext(Graph graph, bool training, ulong seed = 0, Value? counter = null, Replicas? replicas = null) : this(graph, training, seed, counter, replicas, new()) => _paths.Maker = this;

    private BuildContext(Graph graph, bool training, ulong seed, Value? counter, Replicas? replicas, LayerPaths paths)
    {
        if (counter is not null && (counter.Type != DType.Int64 || counter.Shape.Rank != 0)) throw new ShapeException($"The counter is an Int64 scalar, not {counter}.");
        (Graph, IsTraining, Seed, _counter, Replicas, _paths) = (graph, training, seed, counter, replicas, paths);
    }

    /// <summary>The graph.</summary>
    public Graph Graph { get; }

    /// <summary>Whether layers behave as in training.</summary>
    public bool IsTraining { get; }

    /// <summary>The seed of random operations.</summary>
    public ulong Seed { get; }

    /// <summary>The workers that build the same model for other examples of the batch; null where there are none.</summary>
    public Replicas? Replicas { get; }

    /// <summary>Where scores of classes are computed (<see cref="ClassScores"/>), if not here.</summary>
    internal IDistantClasses? DistantClasses { get; init; }

    /// <summary>The weights of those.</summary>
    internal IReadOnlySet<Variable> DistantWeights => _distant;

    /// <summary>An Int64 scalar that is another at each step, so that random operations draw anew.</summary>
    /// <exception cref="DunlinException">The context was given none.</exception>
    public Value Counter => _counter ?? throw new DunlinException($"Layer {Path} draws random numbers; give the BuildContext a counter that advances at each step.");

    /// <summary>The path of the layer that is being built; empty outside all layers.</summary>
    public string Path => _frame.Path;

    /// <summary>New elements for variables at the end of a training step, such as running statistics.</summary>
    public IReadOnlyList<(Variable Variable, Value Value, Agreement Agreement)> Updates => _updates;

    /// <summary>Scalars to add to the loss.</summary>
    public IReadOnlyList<Value> Losses => _losses;

    /// <summary>Predictions besides the model's output, and how much the loss of each counts in training.</summary>
    public IReadOnlyList<(Value Prediction, double Weight)> Predictions => _predictions;

    /// <summary>The layers in the order in which they were applied, wholes before their parts.</summary>
    public IReadOnlyList<LayerRecord> Records => [.. _records.OfType<LayerRecord>()];

    /// <summary>A context for the same graph, paths and variables, that builds layers as used after training.</summary>
    public BuildContext ForInference() => new(Graph, training: false, Seed, _counter, Replicas, _paths);

    /// <summary>
    /// Builds a layer. The layer object gets its path at its first use in this context or a twin, and keeps it: used again, it shares its weights.
    /// </summary>
    /// <exception cref="DunlinException">Something does not fit (a <see cref="ShapeException"/>) or can't be built; the message names the layer.</exception>
    public Value Apply(Layer layer, Value input) => Within(layer, input, layer.Build);

    /// <summary>Builds a layer that takes or gives more than one value, in a way of its own.</summary>
    /// <param name="layer">The layer, for names and variables.</param>
    /// <param name="input">Its main input.</param>
    /// <param name="build">Adds its operations.</param>
    /// <exception cref="DunlinException">Something does not fit (a <see cref="ShapeException"/>) or can't be built; the message names the layer.</exception>
    public Value Within(Layer layer, Value input, Func<BuildContext, Value, Value> build)
    {
        if (layer.IsTransparent) return build(this, input);
        var (outer, first, place) = (_frame, Graph.Nodes.Count, _records.Count);
        // Layers rearrange: what is first of a tensor within need not be the batch, but of the outermost layer's input it is.
        _frame = new(_paths.PathOf(layer, outer.Path), outer.Path.Length > 0 ? outer.Batch : input.Shape.Rank > 0 ? Math.Max(1, input.Shape[0]) : 1);
        _records.Add(null);
        using var scope = Graph.Scope(_frame.Path[(_frame.Path.LastIndexOf('/') + 1)..]);
        try
        {
            var output = build(this, input);
            var flops = Graph.Nodes.Skip(first).Sum(node => node.Flops);
            _records[place] = new(_frame.Path, layer.Kind, input.TensorType, output.TensorType, _frame.Parameters, (flops - _frame.PartFlops) / _frame.Batch);
            outer.PartFlops += flops;
            return output;
        }
        catch (DunlinException e) when (e != _explained)
        {
            e.At(_frame.Path, $"Layer {_frame.Path} ({layer.Kind}) applied to {input.TensorType}");
            _explained = e;
            throw;
        }
        finally { _frame = outer; }
    }

    /// <summary>The variable of the given name under the current layer's path: made at first use, the same afterwards.</summary>
    /// <param name="name">The name, such as <c>weight</c>.</param>
    /// <param name="shape">The shape, fully known.</param>
    /// <param name="initializer">What it holds at first.</param>
    /// <param name="trainable">Whether optimisers change it.</param>
    /// <param name="type">The element type.</param>
    /// <exception cref="ShapeException">The variable exists with another type or shape.</exception>
    /// <exception cref="DunlinException">The twin of a context that has been used needs a variable that that one did not make.</exception>
    public Variable Variable(string name, Shape shape, Initializer initializer, bool trainable = true, DType type = DType.Float32)
    {
        var full = LayerPaths.Join(Path, name);
        if (!_paths.Variables.TryGetValue(full, out var variable))
        {
            if (_paths.Maker is { _records.Count: > 0 } maker && maker != this)
                throw new DunlinException($"The variable {full} was not made when the model was built first. Keep layers in fields of the model instead of making them in Build, so that they keep their weights.");
            variable = _paths.Variables[full] = Graph.AddVariable(full, type, shape, initializer, trainable);
        }
        else if (variable.TensorType != new TensorType(type, shape))
            throw new ShapeException($"shares the variable {full}, which is {variable.TensorType}; here it would have to be {new TensorType(type, shape)}.");
        if (trainable && _counted.Add(variable)) _frame.Parameters += shape.ElementCount;
        return variable;
    }

    /// <summary>All variables of the layers built so far, in this context or a twin.</summary>
    internal IReadOnlyCollection<Variable> Variables => _paths.Variables.Values;

    /// <summary>Gives layers a variable to find where they would make one of that full name.</summary>
    internal void Provide(Variable variable) => _paths.Variables[variable.Name] = variable;

    /// <summary>Notes that a variable is used where <see cref="DistantClasses"/> are.</summary>
    internal Variable Distant(Variable weights)
    {
        if (!_distant.Add(weights)) throw new DunlinException($"The weights {weights.Name} of classes, which lie on servers, are used twice in a step: use the layer once.");
        return weights;
    }

    /// <summary>Asks for new elements for a variable at the end of each training step.</summary>
    /// <param name="variable">The variable.</param>
    /// <param name="newValue">Its new elements.</param>
    /// <param name="agreement">What the variable is to the workers together, each of which computes the new elements from its own examples.</param>
    public void Update(Variable variable, Value newValue, Agreement agreement = Agreement.First) => _updates.Add((variable, newValue, agreement));

    /// <summary>Asks for a scalar to be added to the loss.</summary>
    /// <exception cref="ShapeException">It is no scalar.</exception>
    public void AddLoss(Value scalar) => _losses.Add(scalar.Shape.Rank == 0 ? scalar : throw new ShapeException($"adds {scalar} to the loss, which takes scalars."));

    /// <summary>Asks for the loss of a further prediction, held against the same target, to be added in training.</summary>
    /// <param name="prediction">What the loss takes in place of the model's output.</param>
    /// <param name="weight">How much its loss counts, beside 1 for the model's.</param>
    public void AddPrediction(Value prediction, double weight) => _predictions.Add((prediction, weight));

    /// <summary>
    /// What training makes small: the loss of the model's output, that of each of <see cref="Predictions"/> times its weight, and <see cref="Losses"/>. In inference, the first alone.
    /// </summary>
    /// <param name="loss">From a prediction and a target to a scalar.</param>
    /// <param name="prediction">The model's output.</param>
    /// <param name="target">What it should have been.</param>
    public Value TotalLoss(Loss loss, Value prediction, Value target)
    {
        var own = loss(prediction, target);
        return IsTraining ? Losses.Concat(_predictions.Select(p => loss(p.Item1, target) * p.Item2)).Aggregate(own, (sum, term) => sum + term) : own;
    }

    /// <summary>A number for the next random operation of the current layer: another for each, the same in each build.</summary>
    public uint NextStream()
    {
        var draw = _draws[Path] = _draws.GetValueOrDefault(Path) + 1;
        return PhiloxKey.StreamOf($"{Path}#{draw}");
    }

    /// <summary>The layer being built.</summary>
    private sealed class Frame(string path, long batch)
    {
        public string Path => path;
        public long Batch => batch;
        public long Parameters { get; set; }
        public long PartFlops { get; set; }
    }
}
