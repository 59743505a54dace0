using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Training;

/// <summary>What links of an optimiser may use besides gradients.</summary>
public sealed class OptimizerContext
{
    private readonly List<Value> _assignments = [];

    internal OptimizerContext(Graph graph, Value step) => (Graph, Step) = (graph, step);

    /// <summary>The graph.</summary>
    public Graph Graph { get; }

    /// <summary>Updates done before this one: an Int64 scalar.</summary>
    public Value Step { get; }

    /// <summary>The number of this update, counted from 1, for the schedules and corrections that links compute once for all parameters.</summary>
    public Scalar Count => new Scalar(Step.Cast(DType.Float64)) + 1;

    internal IReadOnlyList<Value> Assignments => _assignments;

    /// <summary>A variable of the parameter's type and shape for a link's state: <c>optimizer/momentum/conv2d/weight</c>, not trained.</summary>
    /// <param name="parameter">Whose state.</param>
    /// <param name="name">What it is; each name once for a parameter.</param>
    /// <param name="initializer">What it holds at first; zeros unless given.</param>
    /// <exception cref="DunlinException">The name was used for the parameter before.</exception>
    public Variable Slot(Parameter parameter, string name, Initializer? initializer = null)
    {
        var (type, shape) = parameter.Variable.TensorType;
        return Graph.AddVariable($"optimizer/{name}/{parameter.Variable.Name}", type, shape, initializer ?? Initializers.Zeros, trainable: false);
    }

    /// <summary>Gives a variable new elements at the end of the step.</summary>
    public void Assign(Variable variable, Value value) => _assignments.Add(variable.Assign(value));

    /// <summary>A scalar as a Float32 value of the graph, to multiply gradients by.</summary>
    public Value Factor(Scalar scalar) => scalar.In(Graph).Cast(DType.Float32);
}
