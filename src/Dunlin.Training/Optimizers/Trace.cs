namespace Dunlin.Training;

/// <summary>Momentum: a ← μ · a + g, u = a; by Nesterov's rule u = g + μ · a with the new a. State: momentum, at first 0.</summary>
/// <param name="Momentum">μ, from 0 up to, but not, 1; of 0, the link does nothing.</param>
/// <param name="Nesterov">Whether to look ahead (Nesterov, 1983; the form of Sutskever et al., 2013).</param>
public sealed record Trace(double Momentum, bool Nesterov = false) : GradientTransform
{
    /// <inheritdoc cref="Trace"/>
    public double Momentum { get; } = Require.Below(nameof(Trace), Momentum, 0, 1);

    /// <inheritdoc/>
    public override bool TakesPieces => true;

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Apply(OptimizerContext context, IReadOnlyList<Parameter> parameters) => Momentum == 0
        ? parameters
        : [.. parameters.Select(p => p.Map(g =>
        {
            var slot = context.Slot(p, "momentum");
            var a = slot.Value * Momentum + g;
            context.Assign(slot, a);
            return Nesterov ? g + a * Momentum : a;
        }))];
}
