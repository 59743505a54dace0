using Dunlin.Graphs;
using Dunlin.Graphs.Ops;

namespace Dunlin.Training;

/// <summary>
/// u = ‖w‖ / ‖g‖ · g for each variable, with ratio 1 where either length is 0: after <see cref="ScaleByAdam"/> and decay it is LAMB (You et al.,
/// 2020). Variables of fewer than two dimensions keep ratio 1. Of a sparse gradient, the lengths are those of the touched rows together.
/// </summary>
/// <param name="Least">The least ‖w‖ that counts; at least 0.</param>
/// <param name="Most">The largest ‖w‖ that counts; at least the least.</param>
/// <param name="AllVariables">Whether biases and scales (fewer than two dimensions) are scaled, too.</param>
public sealed record ScaleByTrustRatio(double Least = 0, double Most = double.PositiveInfinity, bool AllVariables = false) : GradientTransform
{
    /// <inheritdoc cref="ScaleByTrustRatio"/>
    public double Least { get; } = Require.AtLeast(nameof(ScaleByTrustRatio), Least, 0);

    /// <inheritdoc cref="ScaleByTrustRatio"/>
    public double Most { get; } = Require.That(nameof(ScaleByTrustRatio), Most, Most >= Least, $"at least Least, {Least}");

    /// <inheritdoc/>
    public override bool TakesPieces => true;

    /// <inheritdoc/>
    public override LengthsUsed Lengths => LengthsUsed.OfEach;

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Apply(OptimizerContext context, IReadOnlyList<Parameter> parameters) =>
        Norms.Map(context, parameters, p => AllVariables || p.Shape.Rank >= 2, (p, w, g) => p.Scaled(TrustRatios.OrOne(w, g, w.Clip(Least, Most) / g)));
}

/// <summary>
/// u = r · (g + λ · w) with r = η · ‖w‖ / (‖g‖ + λ · ‖w‖ + ε) for each variable (LARS: You, Gitman and Ginsburg, 2017), and r = 1 where ‖w‖ or ‖g‖ is
/// 0. Variables of fewer than two dimensions keep their gradients, and do not decay. Of a sparse gradient, the lengths are those of the touched
/// rows together.
/// </summary>
/// <param name="Coefficient">η, above 0.</param>
/// <param name="Decay">λ, at least 0.</param>
/// <param name="Epsilon">Keeps the quotient finite; at least 0.</param>
/// <param name="AllVariables">Whether biases and scales (fewer than two dimensions) are scaled and decay, too.</param>
public sealed record ScaleByLayer(double Coefficient = 1e-3, double Decay = 0, double Epsilon = 1e-9, bool AllVariables = false) : GradientTransform
{
    /// <inheritdoc cref="ScaleByLayer"/>
    public double Coefficient { get; } = Require.Above(nameof(ScaleByLayer), Coefficient, 0);

    /// <inheritdoc cref="ScaleByLayer"/>
    public double Decay { get; } = Require.AtLeast(nameof(ScaleByLayer), Decay, 0);

    /// <inheritdoc cref="ScaleByLayer"/>
    public double Epsilon { get; } = Require.AtLeast(nameof(ScaleByLayer), Epsilon, 0);

    /// <inheritdoc/>
    public override bool TakesPieces => true;

    /// <inheritdoc/>
    public override LengthsUsed Lengths => LengthsUsed.OfEach;

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Apply(OptimizerContext context, IReadOnlyList<Parameter> parameters) =>
        Norms.Map(context, parameters, p => AllVariables || p.Shape.Rank >= 2, Scaled);

    private Parameter Scaled(Parameter p, Value w, Value g)
    {
        var ratio = TrustRatios.OrOne(w, g, w * Coefficient / (g + w * Decay + Epsilon));
        return (Decay == 0 ? p : p.Map(x => x + p.Weights * Decay)).Scaled(ratio);
    }
}

internal static class TrustRatios
{
    /// <summary>The ratio where both lengths are above 0, else 1: weights that start at 0 could never leave it otherwise.</summary>
    public static Value OrOne(Value weights, Value gradient, Value ratio) => Operations.Select((weights > 0) & (gradient > 0), ratio, ratio.Number(1));
}
