using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Training.Tests.Optimizers;

/// <summary>An optimiser at work on one variable, whose gradients are fed.</summary>
internal sealed class OptimizerRun : IDisposable
{
    private readonly Variable _variable;
    private readonly Session _session;
    private readonly Step _step;
    private Tensor[] _feeds = [];

    /// <summary>Makes the variable w of normal numbers and its update.</summary>
    public OptimizerRun(Optimizer optimizer, DType type, Shape shape, bool sparse)
    {
        var graph = new Graph();
        _variable = graph.Variable("w", type, shape, Training.Initializers.Normal());
        var counter = graph.Variable("step", DType.Int64, [], Training.Initializers.Zeros, trainable: false);
        var gradient = graph.Placeholder("gradient", type, sparse ? shape.With(0, Shape.Unknown) : shape);
        var rows = graph.Placeholder("rows", DType.Int64, [Shape.Unknown]);
        var assignments = optimizer.Build(graph, counter, [new(_variable, sparse ? Gradient.Sparse(rows, gradient, _variable) : gradient)]);
        _session = new Session(graph, TestSession.Options);
        _step = _session.Compile(sparse ? [gradient, rows] : [gradient], [], [.. assignments, counter.Assign(counter.Value + 1)]);
    }

    /// <summary>Bytes of the last step's intermediate values.</summary>
    public long ArenaBytes => _step.PlanFor(_feeds).ArenaBytes;

    public IReadOnlyList<string> Operations => _step.PlanFor(_feeds).Operations;

    public void Step(Tensor gradient, Tensor? rows = null)
    {
        _feeds = rows is null ? [gradient] : [gradient, rows];
        _step.Run(_feeds, []);
    }

    public void Set(Tensor weights) => _session.Set(_variable, weights);

    public T[] Weights<T>() where T : unmanaged => _session.Storage(_variable).ToArray<T>();

    public double[] WeightsAsDoubles() => Cast(_session.Storage(_variable), DType.Float64).ToArray<double>();

    public T[] State<T>(string name) where T : unmanaged => _session.Storage(_session.Graph.FindVariable($"optimizer/{name}/w")!).ToArray<T>();

    /// <summary>The variable, then all state of its shape.</summary>
    public IEnumerable<Tensor> Tables() => _session.Graph.Variables.Where(v => v.TensorType.Shape == _variable.TensorType.Shape).Select(_session.Storage);

    /// <summary>Normal numbers.</summary>
    public static double[] Draw(int count, uint stream)
    {
        var numbers = new double[count];
        Philox.FillNormal(numbers, new PhiloxKey(11, stream));
        return numbers;
    }

    public static Tensor Cast(Tensor tensor, DType type)
    {
        var graph = new Graph();
        using var session = new Session(graph, TestSession.Options);
        return session.Run(graph.Constant(tensor).Cast(type));
    }

    public void Dispose() => _session.Dispose();
}
