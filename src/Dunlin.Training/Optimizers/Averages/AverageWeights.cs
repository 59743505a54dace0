using Dunlin.Graphs;
using Dunlin.Graphs.Ops;

namespace Dunlin.Training;

/// <summary>
/// Keeps a running mean of the new weights, which often does better on new data than the weights: a ← d · a + (1 − d) · w with decay d, at the start
/// no more than (1 + t) / (10 + t), t being the updates before (Polyak and Juditsky, 1992; the start as in TensorFlow). It changes no weights; it
/// stands last. A <see cref="Trainer"/> validates with the mean and hands it out as the trained model. State: average, at first the weights. Of a
/// sparse gradient the means of the touched rows move.
/// </summary>
/// <param name="Decay">d, from 0 up to, but not, 1.</param>
/// <param name="Warmup">Whether d is smaller at the start.</param>
public sealed record AverageWeights(double Decay = 0.999, bool Warmup = true) : GradientTransform
{
    private const string SlotName = "average";

    /// <inheritdoc cref="AverageWeights"/>
    public double Decay { get; } = Require.Below(nameof(AverageWeights), Decay, 0, 1);

    /// <summary>The variable that holds the mean of another one; null where none is kept.</summary>
    public static Variable? Of(Graph graph, Variable variable) => graph.FindVariable(OptimizerContext.NameOf(SlotName, variable));

    /// <inheritdoc/>
    public override bool TakesPieces => true;

    /// <inheritdoc/>
    public override bool SeesNewWeights => true;

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Apply(OptimizerContext context, IReadOnlyList<Parameter> parameters)
    {
        var decay = Warmup ? Scalar.Min(Decay, context.Count / (context.Count + 9)) : Decay;
        foreach (var p in parameters)
        {
            var slot = context.Slot(p, SlotName, new SameAs(p.Variable));
            context.Assign(slot, slot.Value + (p.NewWeights - slot.Value) * (1 - decay));
        }
        return parameters;
    }
}

/// <summary>
/// Goes back part of the way after every k updates: s ← s + α · (w − s), w ← s, with the weights s of the last such update (Zhang et al., 2019). It
/// stands after the links that make gradients and weights. Tables with sparse gradients are updated as a whole. State: slow s, at first the weights.
/// </summary>
/// <param name="Every">k, at least 1.</param>
/// <param name="Part">α, above 0, up to 1.</param>
public sealed record Lookahead(int Every = 5, double Part = 0.5) : GradientTransform
{
    /// <inheritdoc cref="Lookahead"/>
    public int Every { get; } = Require.AtLeast(nameof(Lookahead), Every, 1);

    /// <inheritdoc cref="Lookahead"/>
    public double Part { get; } = Require.That(nameof(Lookahead), Part, Part is > 0 and <= 1, "above 0 and up to 1");

    /// <inheritdoc/>
    public override bool TakesPieces => true;

    /// <inheritdoc/>
    public override bool SeesNewWeights => true;

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Apply(OptimizerContext context, IReadOnlyList<Parameter> parameters)
    {
        var round = context.Count / Every;
        var goesBack = context.Number(Scalar.IfLess(Scalar.Truncate(round), round, 0, 1)) > 0;
        return [.. parameters.Select(sparse =>
        {
            var p = sparse.Whole();
            var slot = context.Slot(p, "slow", new SameAs(p.Variable));
            var slow = Operations.Select(goesBack, slot.Value + (p.NewWeights - slot.Value) * Part, slot.Value);
            context.Assign(slot, slow);
            return p.Become(Operations.Select(goesBack, slow, p.NewWeights));
        })];
    }
}
