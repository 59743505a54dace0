using Dunlin.Graphs.Ops;

namespace Dunlin.Training;

/// <summary>
/// m ← m + (1 − β₁)(g − m), v ← v + (1 − β₂)(g² − v), u = √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + ε) with t from 1 (Kingma and Ba, 2015, in the form
/// at the end of its section 2: ε beside the root of the v that is not corrected). State: moment1, moment2, at first 0. Sparse gradients become dense.
/// </summary>
/// <param name="Beta1">Decay of the mean, from 0 up to, but not, 1.</param>
/// <param name="Beta2">Decay of the mean square, from 0 up to, but not, 1.</param>
/// <param name="Epsilon">Keeps the quotient finite; above 0.</param>
public sealed record ScaleByAdam(double Beta1 = 0.9, double Beta2 = 0.999, double Epsilon = 1e-8) : GradientTransform
{
    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Apply(OptimizerContext context, IReadOnlyList<Parameter> parameters)
    {
        // One scalar for all parameters; in double precision, since 1 − β₂ᵗ is a small difference of numbers near 1.
        var correction = context.Factor(Scalar.Sqrt(1 - Power(Beta2)) / (1 - Power(Beta1)));
        return [.. parameters.Select(p => p.Map(g =>
        {
            var (slot1, slot2) = (context.Slot(p, "moment1"), context.Slot(p, "moment2"));
            var m = slot1.Value + (g - slot1) * (1 - Beta1);
            var v = slot2.Value + (g.Square() - slot2) * (1 - Beta2);
            context.Assign(slot1, m);
            context.Assign(slot2, v);
            return m * correction.Cast(g.Type) / (v.Sqrt() + Epsilon);
        }))];

        Scalar Power(double beta) => beta == 0 ? 0 : Scalar.Exp(context.Count * Math.Log(beta));
    }
}
