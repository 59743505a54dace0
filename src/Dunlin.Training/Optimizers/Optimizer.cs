using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Training;

/// <summary>
/// A chain of links. Each makes new gradients of those before it; what comes out is subtracted from the variables, unless a link sets the new
/// weights itself. So plain gradient descent is <c>new Optimizer(new ScaleBySchedule(0.1))</c>, and clipping is one more link before it.
/// </summary>
/// <param name="Links">The links in order.</param>
public sealed record Optimizer(params IReadOnlyList<GradientTransform> Links)
{
    /// <summary>The learning rate; null where no link says that it applies one.</summary>
    public Schedule? LearningRate => Links.Select(l => l.LearningRate).FirstOrDefault(rate => rate is not null);

    /// <summary>This optimiser, fed by more links.</summary>
    public Optimizer After(params IEnumerable<GradientTransform> links) => new([.. links, .. Links]);

    /// <summary>This optimiser, followed by more links: such as see the new weights.</summary>
    public Optimizer Then(params IEnumerable<GradientTransform> links) => new([.. Links, .. links]);

    /// <summary>This optimiser, its update times a scalar of the graph: after all that makes it, or where a link sets the weights itself, the gradient that this one is given.</summary>
    /// <param name="factor">Known when the update is done; with 1 it is this optimiser's to the bit.</param>
    public Optimizer ScaledBy(Value factor)
    {
        var before = Links.TakeWhile(l => !l.SeesNewWeights).Count();
        return new([.. Links.Take(before), new ScaleByValue(factor), .. Links.Skip(before)]);
    }

    /// <summary>
    /// Adds the update to a graph. A sparse gradient (rows of equal number are summed first) changes the rows that it names and no others, of
    /// the variable and of all state: momentum of the others does not decay, and they are not pulled towards 0. The step's cost does not depend
    /// on the number of rows in the table.
    /// </summary>
    /// <param name="graph">The graph.</param>
    /// <param name="step">Updates done before this one: an Int64 scalar. The caller advances it.</param>
    /// <param name="parameters">What to train.</param>
    /// <param name="shards">How workers meet that each have a piece of the parameters; null where all are whole.</param>
    /// <returns>The assignments, to be run together.</returns>
    /// <exception cref="ShapeException">The step is no Int64 scalar.</exception>
    /// <exception cref="DunlinException">A link loses parameters, changes gradients after another one has set the weights, or needs whole tensors where there are pieces.</exception>
    public IReadOnlyList<Value> Build(Graph graph, Value step, IReadOnlyList<Parameter> parameters, IShards? shards = null)
    {
        if (step.Type != DType.Int64 || step.Shape.Rank != 0) throw new ShapeException($"An optimiser's step is an Int64 scalar, not {step}.");
        using var scope = graph.Scope("optimizer");
        var context = new OptimizerContext(graph, step, shards);
        IReadOnlyList<Parameter> updated = [.. parameters.Select(p => p.WithDistinctRows())];
        foreach (var link in Links)
        {
            if (!link.TakesPieces && updated.FirstOrDefault(p => p.Cut is not null) is { } piece)
                throw new DunlinException($"The optimiser's link {link} needs whole tensors, but each worker has only a piece of {piece.Variable.Name} (sharding: {shards!.Sharding}). "
                    + $"Leave the link out, train without sharding, or override {nameof(GradientTransform.TakesPieces)} of a link of your own that works element by element.");
            updated = link.Apply(context, updated);
            if (!updated.Select(p => p.Variable).SequenceEqual(parameters.Select(p => p.Variable)))
                throw new DunlinException($"The optimiser's link {link} was given {parameters.Count} parameters and returns others; it has to return the same ones in the same order.");
        }
        foreach (var parameter in updated.Where(p => !p.IsCutFromWhole)) context.Assign(parameter.Variable, parameter.Rows, parameter.NewWeights);
        List<Parameter> cut = [.. updated.Where(p => p.IsCutFromWhole)];
        if (cut.Count == 0) return context.Assignments;
        var wholes = shards!.Gather([.. cut.Select(p => p.NewWeights.Cast(p.Variable.TensorType.Type))], [.. cut.Select(p => p.Cut!)]);
        foreach (var (parameter, whole) in cut.Zip(wholes)) context.Assign(parameter.Variable, whole);
        return context.Assignments;
    }
}
