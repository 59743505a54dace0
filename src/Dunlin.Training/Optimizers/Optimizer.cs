using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Training;

/// <summary>
/// A chain of links. Each makes new gradients of those before it; what the last one gives is subtracted from the variables. So plain gradient
/// descent is <c>new Optimizer(new ScaleBySchedule(0.1))</c>, and clipping is one more link before it.
/// </summary>
/// <param name="Links">The links in order.</param>
public sealed record Optimizer(params IReadOnlyList<GradientTransform> Links)
{
    /// <summary>This optimiser, fed by more links.</summary>
    public Optimizer After(params IEnumerable<GradientTransform> links) => new([.. links, .. Links]);

    /// <summary>Adds the update to a graph. Without state of links or a schedule, a sparse gradient changes the rows that it names only.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="step">Updates done before this one: an Int64 scalar. The caller advances it.</param>
    /// <param name="parameters">What to train.</param>
    /// <returns>The assignments, to be run together.</returns>
    /// <exception cref="ShapeException">The step is no Int64 scalar.</exception>
    public IReadOnlyList<Value> Build(Graph graph, Value step, IReadOnlyList<Parameter> parameters)
    {
        if (step.Type != DType.Int64 || step.Shape.Rank != 0) throw new ShapeException($"An optimiser's step is an Int64 scalar, not {step}.");
        using var scope = graph.Scope("optimizer");
        var context = new OptimizerContext(graph, step);
        foreach (var (variable, update) in Links.Aggregate(parameters, (p, link) => link.Apply(context, p)))
            context.Assign(variable, update.Indices is { } indices ? Operations.ScatterAdd(variable, indices, -update.Values) : variable.Value - update.Values);
        return context.Assignments;
    }
}
