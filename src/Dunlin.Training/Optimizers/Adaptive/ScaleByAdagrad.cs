using Dunlin.Graphs.Ops;

namespace Dunlin.Training;

/// <summary>s ← s + g², u = g / (√s + ε) (Duchi et al., 2011). State: squares, the sum s.</summary>
/// <param name="Initial">What s is at first; above 0 unless ε is.</param>
/// <param name="Epsilon">Keeps the quotient finite where s may be 0; at least 0.</param>
public sealed record ScaleByAdagrad(double Initial = 0.1, double Epsilon = 0) : GradientTransform
{
    /// <inheritdoc cref="ScaleByAdagrad"/>
    public double Initial { get; } = Epsilon > 0 ? Require.AtLeast(nameof(ScaleByAdagrad), Initial, 0) : Require.Above(nameof(ScaleByAdagrad), Initial, 0);

    /// <inheritdoc cref="ScaleByAdagrad"/>
    public double Epsilon { get; } = Require.AtLeast(nameof(ScaleByAdagrad), Epsilon, 0);

    /// <inheritdoc/>
    public override bool TakesPieces => true;

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Apply(OptimizerContext context, IReadOnlyList<Parameter> parameters) => [.. parameters.Select(p => p.Map(g =>
    {
        var slot = context.Slot(p, "squares", Initializers.Constant(Initial));
        var s = slot.Value + g.Square();
        context.Assign(slot, s);
        return Epsilon == 0 ? g / s.Sqrt() : g / (s.Sqrt() + Epsilon);
    }))];
}

/// <summary>
/// s ← ρ · s + (1 − ρ) · g², u = √(d + ε) / √(s + ε) · g, d ← ρ · d + (1 − ρ) · u² (Zeiler, 2012). State: squares s and updates d, at first 0.
/// </summary>
/// <param name="Decay">ρ, from 0 up to, but not, 1.</param>
/// <param name="Epsilon">Starts the updates; above 0.</param>
public sealed record ScaleByAdadelta(double Decay = 0.95, double Epsilon = 1e-6) : GradientTransform
{
    /// <inheritdoc cref="ScaleByAdadelta"/>
    public double Decay { get; } = Require.Below(nameof(ScaleByAdadelta), Decay, 0, 1);

    /// <inheritdoc cref="ScaleByAdadelta"/>
    public double Epsilon { get; } = Require.Above(nameof(ScaleByAdadelta), Epsilon, 0);

    /// <inheritdoc/>
    public override bool TakesPieces => true;

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Apply(OptimizerContext context, IReadOnlyList<Parameter> parameters) => [.. parameters.Select(p => p.Map(g =>
    {
        var (squares, updates) = (context.Slot(p, "squares"), context.Slot(p, "updates"));
        var s = Moments.Mean(context, squares, g.Square(), Decay);
        var u = (updates.Value + Epsilon).Sqrt() / (s + Epsilon).Sqrt() * g;
        Moments.Mean(context, updates, u.Square(), Decay);
        return u;
    }))];
}

/// <summary>
/// s ← s + (1 − ρ)(g² − s), u = g / √(s + ε); centred, also c ← c + (1 − ρ)(g − c) and u = g / √(s − c² + ε) (Tieleman and Hinton, 2012; Graves,
/// 2013; ε within the root as in TensorFlow). State: moment2 s and, centred, moment1 c, at first 0.
/// </summary>
/// <param name="Decay">ρ, from 0 up to, but not, 1.</param>
/// <param name="Epsilon">Keeps the quotient finite; above 0.</param>
/// <param name="Centered">Whether to divide by the deviation rather than by the root of the mean square.</param>
/// <param name="Initial">What s is at first; at least 0.</param>
public sealed record ScaleByRms(double Decay = 0.9, double Epsilon = 1e-10, bool Centered = false, double Initial = 0) : GradientTransform
{
    /// <inheritdoc cref="ScaleByRms"/>
    public double Decay { get; } = Require.Below(nameof(ScaleByRms), Decay, 0, 1);

    /// <inheritdoc cref="ScaleByRms"/>
    public double Epsilon { get; } = Require.Above(nameof(ScaleByRms), Epsilon, 0);

    /// <inheritdoc cref="ScaleByRms"/>
    public double Initial { get; } = Require.AtLeast(nameof(ScaleByRms), Initial, 0);

    /// <inheritdoc/>
    public override bool TakesPieces => true;

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Apply(OptimizerContext context, IReadOnlyList<Parameter> parameters) => [.. parameters.Select(p => p.Map(g =>
    {
        var s = Moments.Second(context, p, g, Decay, Initial);
        if (Centered) s -= Moments.First(context, p, g, Decay).Square();
        return g / (s + Epsilon).Sqrt();
    }))];
}
