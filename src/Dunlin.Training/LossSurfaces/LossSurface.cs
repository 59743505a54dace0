using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Training.Data;
using Dunlin.Training.Layers;

namespace Dunlin.Training;

/// <summary>
/// The mean loss of a model over a data set as a function of its trained weights, one after the other in one vector: what <see cref="Sharpness"/> and <see cref="Lbfgsb"/> look at. The model is that of inference: dropout drops
/// nothing and batch normalisation takes its running statistics, which stay. For one thread at a time.
/// </summary>
public sealed class LossSurface : IDisposable
{
    private readonly Session _session;
    private readonly Variable[] _variables;
    private readonly Step _step;
    private readonly DataLoader _loader;
    private readonly int _examples;
    private readonly Tensor[] _results;

    /// <summary>Builds the model and its gradient.</summary>
    /// <param name="model">The model.</param>
    /// <param name="data">The first field is the input, the second the target; all examples count.</param>
    /// <param name="loss">From a prediction and a target to a mean over the examples.</param>
    /// <param name="weights">As <see cref="TrainingResult.Weights"/> or <see cref="Predictor.Weights"/>: where the surface is looked at first.</param>
    /// <param name="options">Defaults unless given.</param>
    /// <param name="batchSize">Examples at a time.</param>
    /// <exception cref="DunlinException">The weights belong to another model, or the loss depends on none of them.</exception>
    public LossSurface(Layer model, IDataset data, Loss loss, IReadOnlyDictionary<string, Tensor> weights, PredictorOptions? options = null, int batchSize = 256)
    {
        options ??= new();
        var graph = new Graph();
        Value Placeholder(Field field) => graph.Placeholder(field.Name, field.Type.Type, Shape.Of(Shape.Unknown).Append(field.Type.Shape.Dimensions));
        var (input, target) = (Placeholder(data.Fields[0]), Placeholder(data.Fields[1]));
        var value = loss(new BuildContext(graph, training: false).Apply(model, input), target);
        var trained = graph.Variables.Where(v => v.IsTrainable).ToArray();
        var gradients = Gradients.Of(value, trained);
        _variables = [.. trained.Where((_, i) => gradients[i] is not null)];
        if (_variables.Length == 0) throw new DunlinException("The loss depends on no trained variable: there is no surface to look at.");
        Length = checked((int)_variables.Sum(v => v.TensorType.Shape.ElementCount));
        _session = new Session(graph, new SessionOptions { Kernels = options.Kernels, Threads = options.Threads });
        Variables.Load(_session, graph.Variables.Select(v => (v.Name, v)), weights, "the given weights");
        Weights = Read();
        _step = _session.Compile([input, target], [value, .. gradients.OfType<Gradient>().Select(g => g.Dense())]);
        _results = [Tensor.Zeros(value.Type, Shape.Scalar), .. _variables.Select(v => Tensor.Zeros(v.TensorType.Type, v.TensorType.Shape))];
        _loader = new DataLoader(data, new DataLoaderOptions { BatchSize = batchSize, Shuffle = false });
        _examples = data.Count;
    }

    /// <summary>How many weights there are.</summary>
    public int Length { get; }

    /// <summary>The weights that were given.</summary>
    public IReadOnlyList<double> Weights { get; }

    /// <summary>The mean loss at some weights, and its gradient.</summary>
    /// <inheritdoc cref="Objective"/>
    public double Evaluate(ReadOnlySpan<double> x, Span<double> gradient)
    {
        var from = x;
        foreach (var variable in _variables)
        {
            var tensor = _session.Storage(variable);
            Elements.Write(tensor, 0, from[..(int)tensor.ElementCount]);
            from = from[(int)tensor.ElementCount..];
        }
        gradient.Clear();
        var sum = 0.0;
        _loader.Seek(0, 0);
        while (_loader.TryNext(out var batch))
        {
            _step.Run([batch.Tensors[0], batch.Tensors[1]], _results);
            var part = (double)batch.Count / _examples;
            sum += part * Elements.Read(_results[0])[0];
            var at = 0;
            foreach (var result in _results.AsSpan(1))
                foreach (var slope in Elements.Read(result)) gradient[at++] += part * slope;
        }
        return sum;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _loader.Dispose();
        _step.Dispose();
        _session.Dispose();
    }

    private double[] Read() => [.. _variables.SelectMany(v => Elements.Read(_session.Storage(v)))];
}
