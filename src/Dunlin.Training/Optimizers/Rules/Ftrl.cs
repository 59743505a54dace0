using Dunlin.Graphs;
using Dunlin.Graphs.Ops;

namespace Dunlin.Training;

/// <summary>
/// Follow the regularised leader (FTRL-proximal: McMahan et al., 2013): with n′ = n + g², z ← z + g + 2λ · w − (n′⁻ᵖ − n⁻ᵖ) / rate · w, n ← n′ and
/// w ← 0 where |z| ≤ l₁, else −(z − sign(z) · l₁) / (n⁻ᵖ / rate + 2 · l₂). It sets the weights: links that change gradients stand before it. State:
/// squares n, linear z (at first 0).
/// </summary>
/// <param name="Rate">Above 0.</param>
/// <param name="L1">l₁, at least 0.</param>
/// <param name="L2">l₂, at least 0.</param>
/// <param name="Shrinkage">λ, at least 0: decay that shrinks without changing n (magnitude of the gradients).</param>
/// <param name="Initial">What n is at first; above 0.</param>
/// <param name="Power">p, at most 0; −½ makes rates fall as AdaGrad's, 0 keeps them.</param>
public sealed record Ftrl(Schedule Rate, double L1 = 0, double L2 = 0, double Shrinkage = 0, double Initial = 0.1, double Power = -0.5) : GradientTransform
{
    /// <inheritdoc/>
    public override Schedule? LearningRate => Rate;

    /// <inheritdoc cref="Ftrl"/>
    public double L1 { get; } = Require.AtLeast(nameof(Ftrl), L1, 0);

    /// <inheritdoc cref="Ftrl"/>
    public double L2 { get; } = Require.AtLeast(nameof(Ftrl), L2, 0);

    /// <inheritdoc cref="Ftrl"/>
    public double Shrinkage { get; } = Require.AtLeast(nameof(Ftrl), Shrinkage, 0);

    /// <inheritdoc cref="Ftrl"/>
    public double Initial { get; } = Require.Above(nameof(Ftrl), Initial, 0);

    /// <inheritdoc cref="Ftrl"/>
    public double Power { get; } = Require.That(nameof(Ftrl), Power, Power <= 0, "at most 0");

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
            var (g, w) = (p.Gradient, p.Weights);
            var (squares, linear) = (context.Slot(p, "squares", Initializers.Constant(Initial)), context.Slot(p, "linear"));
            var n = squares.Value + g.Square();
            var root = Root(n);
            var z = linear.Value + (Shrinkage > 0 ? g + w * (2 * Shrinkage) : g) - (root - Root(squares.Value)) / rate * w;
            context.Assign(squares, n);
            context.Assign(linear, z);
            return p.Become(-ProximalStep.Shrink(z, z.Number(L1)) / (root / rate + 2 * L2));
        })];
    }

    private Value Root(Value n) => Power == -0.5 ? n.Sqrt() : n.Pow(n.Number(-Power));
}

/// <summary>
/// AdaGrad by dual averaging (Duchi et al., 2011): with the sums G ← G + g and S ← S + g² of all gradients and T updates,
/// w ← −rate · sign(G) · max(|G| − l₁ · T, 0) / (l₂ · T · rate + √(k₀ + S)). The weights' first values are forgotten at the first update. It sets the
/// weights: links that change gradients stand before it. State: gradients G, squares S, at first 0.
/// </summary>
/// <param name="Rate">Above 0.</param>
/// <param name="L1">l₁, at least 0.</param>
/// <param name="L2">l₂, at least 0.</param>
/// <param name="Initial">k₀, above 0.</param>
public sealed record DualAveraging(Schedule Rate, double L1 = 0, double L2 = 0, double Initial = 0.1) : GradientTransform
{
    /// <inheritdoc/>
    public override Schedule? LearningRate => Rate;

    /// <inheritdoc cref="DualAveraging"/>
    public double L1 { get; } = Require.AtLeast(nameof(DualAveraging), L1, 0);

    /// <inheritdoc cref="DualAveraging"/>
    public double L2 { get; } = Require.AtLeast(nameof(DualAveraging), L2, 0);

    /// <inheritdoc cref="DualAveraging"/>
    public double Initial { get; } = Require.Above(nameof(DualAveraging), Initial, 0);

    /// <inheritdoc/>
    public override bool TakesPieces => true;

    /// <inheritdoc/>
    public override bool SeesNewWeights => true;

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Apply(OptimizerContext context, IReadOnlyList<Parameter> parameters)
    {
        var (rate, threshold) = (context.At(Rate), context.Count * L1);
        var ridge = context.Count * rate * L2;
        return [.. parameters.Select(p =>
        {
            var g = p.Gradient;
            var (gradients, squares) = (context.Slot(p, "gradients"), context.Slot(p, "squares"));
            var (sum, square) = (gradients.Value + g, squares.Value + g.Square());
            context.Assign(gradients, sum);
            context.Assign(squares, square);
            return p.Become(ProximalStep.Shrink(sum, g.Number(1) * threshold) * (0 - rate) / ((square + Initial).Sqrt() + ridge));
        })];
    }
}
