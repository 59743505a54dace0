namespace Dunlin.Training;

/// <summary>
/// Momentum: a ← μ · a + g, u = a; by Nesterov's rule u = g + μ · a with the new a. State: momentum, at first 0. Where what comes in is a gradient times a rate that changes, the momentum holds what it was times: with
/// <paramref name="Rate"/> given, a ← μ · ηₜ / ηₜ₋₁ · a + g, so that it is the momentum of the gradients times the new rate (momentum correction: Goyal et al., 2017, section 3).
/// </summary>
/// <param name="Momentum">μ, from 0 up to, but not, 1; of 0, the link does nothing.</param>
/// <param name="Nesterov">Whether to look ahead (Nesterov, 1983; the form of Sutskever et al., 2013).</param>
/// <param name="Rate">The rate that a link before has applied, to correct for its changes; null to leave the momentum as it is, as where the rate is applied afterwards. Where it was 0, there is no correction.</param>
public sealed record Trace(double Momentum, bool Nesterov = false, Schedule? Rate = null) : GradientTransform
{
    /// <inheritdoc cref="Trace"/>
    public double Momentum { get; } = Require.Below(nameof(Trace), Momentum, 0, 1);

    /// <inheritdoc/>
    public override bool TakesPieces => true;

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Apply(OptimizerContext context, IReadOnlyList<Parameter> parameters)
    {
        if (Momentum == 0) return parameters;
        var momentum = Momentum * Correction(context);
        return [.. parameters.Select(p => p.Map(g =>
        {
            var slot = context.Slot(p, "momentum");
            var a = slot.Value * momentum + g;
            context.Assign(slot, a);
            return Nesterov ? g + a * Momentum : a;
        }))];
    }

    /// <summary>ηₜ / ηₜ₋₁; 1 at the first update.</summary>
    private Scalar Correction(OptimizerContext context)
    {
        if (Rate is null) return 1;
        var before = Rate.At(Scalar.Max(0, context.Count - 2));
        return Scalar.IfLess(0, before, context.At(Rate) / before, 1);
    }
}
