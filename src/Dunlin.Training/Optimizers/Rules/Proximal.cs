using Dunlin.Graphs;
using Dunlin.Graphs.Ops;

namespace Dunlin.Training;

/// <summary>
/// A step and then the proximal operator of l₁ · |w| + l₂ / 2 · w² (forward-backward splitting: Duchi and Singer, 2009). With rate η, which AdaGrad
/// divides by √s after s ← s + g²: v = w − η · g, w ← sign(v) · max(|v| − η · l₁, 0) / (1 + η · l₂). Weights become exactly 0. It sets the weights: links
/// that change gradients stand before it. State: with AdaGrad, squares s.
/// </summary>
/// <param name="Rate">η, or what is divided by √s.</param>
/// <param name="L1">At least 0.</param>
/// <param name="L2">At least 0.</param>
/// <param name="Initial">With AdaGrad, what s is at first, above 0; null without it.</param>
public sealed record ProximalStep(Schedule Rate, double L1 = 0, double L2 = 0, double? Initial = null) : GradientTransform
{
    /// <inheritdoc/>
    public override Schedule? LearningRate => Rate;

    /// <inheritdoc cref="ProximalStep"/>
    public double L1 { get; } = Require.AtLeast(nameof(ProximalStep), L1, 0);

    /// <inheritdoc cref="ProximalStep"/>
    public double L2 { get; } = Require.AtLeast(nameof(ProximalStep), L2, 0);

    /// <inheritdoc cref="ProximalStep"/>
    public double? Initial { get; } = Initial is { } initial ? Require.Above(nameof(ProximalStep), initial, 0) : null;

    /// <inheritdoc/>
    public override bool TakesPieces => true;

    /// <inheritdoc/>
    public override bool SeesNewWeights => true;

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Apply(OptimizerContext context, IReadOnlyList<Parameter> parameters)
    {
        var rate = context.At(Rate);
        return [.. parameters.Select(p =>
        {
            var g = p.Gradient;
            var step = g.Number(1) * rate;
            if (Initial is { } initial)
            {
                var slot = context.Slot(p, "squares", Initializers.Constant(initial));
                var s = slot.Value + g.Square();
                context.Assign(slot, s);
                step /= s.Sqrt();
            }
            var v = p.Weights - step * g;
            if (L1 > 0) v = Shrink(v, step * L1);
            return p.Become(L2 > 0 ? v / (step * L2 + 1) : v);
        })];
    }

    /// <summary>sign(x) · max(|x| − by, 0).</summary>
    internal static Value Shrink(Value x, Value by) => x.Sign() * (x.Abs() - by).Maximum(x.Number(0));
}
