using Dunlin.Graphs.Ops;

namespace Dunlin.Training;

/// <summary>
/// Adam by the largest gradient: m ← m + (1 − β₁)(g − m), s ← max(β₂ · s, |g|), u = m / (1 − β₁ᵗ) / (s + ε) (Kingma and Ba, 2015, section 7.1).
/// State: moment1, largest, at first 0.
/// </summary>
/// <param name="Beta1">Decay of the mean, from 0 up to, but not, 1.</param>
/// <param name="Beta2">Decay of the largest, from 0 up to, but not, 1.</param>
/// <param name="Epsilon">Keeps the quotient finite; above 0.</param>
public sealed record ScaleByAdamax(double Beta1 = 0.9, double Beta2 = 0.999, double Epsilon = 1e-8) : GradientTransform
{
    /// <inheritdoc cref="ScaleByAdamax"/>
    public double Beta1 { get; } = Require.Below(nameof(ScaleByAdamax), Beta1, 0, 1);

    /// <inheritdoc cref="ScaleByAdamax"/>
    public double Beta2 { get; } = Require.Below(nameof(ScaleByAdamax), Beta2, 0, 1);

    /// <inheritdoc cref="ScaleByAdamax"/>
    public double Epsilon { get; } = Require.Above(nameof(ScaleByAdamax), Epsilon, 0);

    /// <inheritdoc/>
    public override bool TakesPieces => true;

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Apply(OptimizerContext context, IReadOnlyList<Parameter> parameters)
    {
        var correction = 1 / (1 - context.Power(Beta1));
        return [.. parameters.Select(p => p.Map(g =>
        {
            var (m, slot) = (Moments.First(context, p, g, Beta1), context.Slot(p, "largest"));
            var largest = (slot.Value * Beta2).Maximum(g.Abs());
            context.Assign(slot, largest);
            return m * correction / (largest + Epsilon);
        }))];
    }
}

/// <summary>
/// Adam with Nesterov's momentum (Dozat, 2016): μₜ = β₁ · (1 − ½ · 0.96^(t · δ)), Pₜ = μ₁ ⋯ μₜ, m and v as Adam's,
/// u = (μₜ₊₁ · m / (1 − Pₜ₊₁) + (1 − μₜ) · g / (1 − Pₜ)) / (√(v / (1 − β₂ᵗ)) + ε). State: moment1, moment2, at first 0, and the product P of all
/// momenta, at first 1.
/// </summary>
/// <param name="Beta1">Decay of the mean, from 0 up to, but not, 1.</param>
/// <param name="Beta2">Decay of the mean square, from 0 up to, but not, 1.</param>
/// <param name="Epsilon">Keeps the quotient finite; above 0.</param>
/// <param name="MomentumDecay">δ: how fast the momentum grows to β₁; at least 0.</param>
public sealed record ScaleByNadam(double Beta1 = 0.9, double Beta2 = 0.999, double Epsilon = 1e-8, double MomentumDecay = 0.004) : GradientTransform
{
    /// <inheritdoc cref="ScaleByNadam"/>
    public double Beta1 { get; } = Require.Below(nameof(ScaleByNadam), Beta1, 0, 1);

    /// <inheritdoc cref="ScaleByNadam"/>
    public double Beta2 { get; } = Require.Below(nameof(ScaleByNadam), Beta2, 0, 1);

    /// <inheritdoc cref="ScaleByNadam"/>
    public double Epsilon { get; } = Require.Above(nameof(ScaleByNadam), Epsilon, 0);

    /// <inheritdoc cref="ScaleByNadam"/>
    public double MomentumDecay { get; } = Require.AtLeast(nameof(ScaleByNadam), MomentumDecay, 0);

    /// <inheritdoc/>
    public override bool TakesPieces => true;

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Apply(OptimizerContext context, IReadOnlyList<Parameter> parameters)
    {
        var products = context.State("momentum-product", 1);
        var (now, next) = (Momentum(context.Count), Momentum(context.Count + 1));
        var product = new Scalar(products.Value) * now;
        context.Assign(products, context.Number(product));
        var (ofMean, ofGradient, correction) = (next / (1 - product * next), (1 - now) / (1 - product), 1 / (1 - context.Power(Beta2)));
        return [.. parameters.Select(p => p.Map(g =>
        {
            var (m, v) = (Moments.First(context, p, g, Beta1), Moments.Second(context, p, g, Beta2));
            return (m * ofMean + g * ofGradient) / ((v * correction).Sqrt() + Epsilon);
        }))];
    }

    private Scalar Momentum(Scalar t) => Beta1 * (1 - 0.5 * Scalar.Exp(t * (MomentumDecay * Math.Log(0.96))));
}

/// <summary>
/// Adam that trusts its second moment only when enough gradients have been seen (Liu et al., 2020): with ρ∞ = 2 / (1 − β₂) − 1 and
/// ρₜ = ρ∞ − 2t · β₂ᵗ / (1 − β₂ᵗ), u = r · √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + ε) where ρₜ > 5, r² = (ρₜ − 4)(ρₜ − 2)ρ∞ / ((ρ∞ − 4)(ρ∞ − 2)ρₜ), and else
/// u = m / (1 − β₁ᵗ). State: moment1, moment2, at first 0.
/// </summary>
/// <param name="Beta1">Decay of the mean, from 0 up to, but not, 1.</param>
/// <param name="Beta2">Decay of the mean square, from 0 up to, but not, 1.</param>
/// <param name="Epsilon">Keeps the quotient finite; above 0.</param>
public sealed record ScaleByRadam(double Beta1 = 0.9, double Beta2 = 0.999, double Epsilon = 1e-8) : GradientTransform
{
    /// <inheritdoc cref="ScaleByRadam"/>
    public double Beta1 { get; } = Require.Below(nameof(ScaleByRadam), Beta1, 0, 1);

    /// <inheritdoc cref="ScaleByRadam"/>
    public double Beta2 { get; } = Require.Below(nameof(ScaleByRadam), Beta2, 0, 1);

    /// <inheritdoc cref="ScaleByRadam"/>
    public double Epsilon { get; } = Require.Above(nameof(ScaleByRadam), Epsilon, 0);

    /// <inheritdoc/>
    public override bool TakesPieces => true;

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Apply(OptimizerContext context, IReadOnlyList<Parameter> parameters)
    {
        var (power, unbias) = (context.Power(Beta2), 1 / (1 - context.Power(Beta1)));
        var most = 2 / (1 - Beta2) - 1;
        var length = most - 2 * context.Count * power / (1 - power);
        var rectified = Scalar.Sqrt((length - 4) * (length - 2) * most / ((most - 4) * (most - 2) * length)) * Scalar.Sqrt(1 - power) * unbias;
        var (adaptive, plain) = (Scalar.IfLess(5, length, rectified, 0), Scalar.IfLess(5, length, 0, unbias));
        return [.. parameters.Select(p => p.Map(g =>
        {
            var (m, v) = (Moments.First(context, p, g, Beta1), Moments.Second(context, p, g, Beta2));
            return m * adaptive / (v.Sqrt() + Epsilon) + m * plain;
        }))];
    }
}

/// <summary>The sign of a running mean: u = sign(β₁ · m + (1 − β₁) · g), then m ← β₂ · m + (1 − β₂) · g (Chen et al., 2023). State: moment1, at first 0.</summary>
/// <param name="Beta1">The mean's part in the sign, from 0 up to, but not, 1.</param>
/// <param name="Beta2">Decay of the mean, from 0 up to, but not, 1.</param>
public sealed record SignOfMean(double Beta1 = 0.9, double Beta2 = 0.99) : GradientTransform
{
    /// <inheritdoc cref="SignOfMean"/>
    public double Beta1 { get; } = Require.Below(nameof(SignOfMean), Beta1, 0, 1);

    /// <inheritdoc cref="SignOfMean"/>
    public double Beta2 { get; } = Require.Below(nameof(SignOfMean), Beta2, 0, 1);

    /// <inheritdoc/>
    public override bool TakesPieces => true;

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Apply(OptimizerContext context, IReadOnlyList<Parameter> parameters) => [.. parameters.Select(p => p.Map(g =>
    {
        var slot = context.Slot(p, "moment1");
        Moments.Mean(context, slot, g, Beta2);
        return (slot.Value * Beta1 + g * (1 - Beta1)).Sign();
    }))];
}
