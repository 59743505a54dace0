using Dunlin.Graphs;
using Dunlin.Graphs.Ops;

namespace Dunlin.Training;

/// <summary>
/// m ← m + (1 − β₁)(g − m), v ← v + (1 − β₂)(g² − v), u = √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + ε) with t from 1 (Kingma and Ba, 2015, in the form
/// at the end of its section 2: ε beside the root of the v that is not corrected). AMSGrad divides by the root of the largest v so far instead
/// (Reddi et al., 2018). With the corrected root, u = m / (1 − β₁ᵗ) / (√(v / (1 − β₂ᵗ)) + ε), algorithm 1 of the paper. State: moment1, moment2, for AMSGrad largest, at first 0.
/// </summary>
/// <param name="Beta1">Decay of the mean, from 0 up to, but not, 1.</param>
/// <param name="Beta2">Decay of the mean square, from 0 up to, but not, 1.</param>
/// <param name="Epsilon">Keeps the quotient finite; above 0.</param>
/// <param name="AmsGrad">Whether v counts with its largest value so far.</param>
/// <param name="CorrectedRoot">Whether ε stands beside the root of the corrected v, as in PyTorch, rather than beside that of v, as in TensorFlow.</param>
public sealed record ScaleByAdam(double Beta1 = 0.9, double Beta2 = 0.999, double Epsilon = 1e-8, bool AmsGrad = false, bool CorrectedRoot = false) : GradientTransform
{
    /// <inheritdoc cref="ScaleByAdam"/>
    public double Beta1 { get; } = Require.Below(nameof(ScaleByAdam), Beta1, 0, 1);

    /// <inheritdoc cref="ScaleByAdam"/>
    public double Beta2 { get; } = Require.Below(nameof(ScaleByAdam), Beta2, 0, 1);

    /// <inheritdoc cref="ScaleByAdam"/>
    public double Epsilon { get; } = Require.Above(nameof(ScaleByAdam), Epsilon, 0);

    /// <inheritdoc/>
    public override bool TakesPieces => true;

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Apply(OptimizerContext context, IReadOnlyList<Parameter> parameters)
    {
        // One scalar for all parameters; in double precision, since 1 − β₂ᵗ is a small difference of numbers near 1.
        var (unbias, unbiasSquare) = (1 / (1 - context.Power(Beta1)), 1 - context.Power(Beta2));
        var factor = CorrectedRoot ? unbias : unbias * Scalar.Sqrt(unbiasSquare);
        return [.. parameters.Select(p => p.Map(g =>
        {
            var (m, v) = (Moments.First(context, p, g, Beta1), Moments.Second(context, p, g, Beta2));
            if (AmsGrad)
            {
                var largest = context.Slot(p, "largest");
                context.Assign(largest, v = largest.Value.Maximum(v));
            }
            return m * factor / ((CorrectedRoot ? v / unbiasSquare : v).Sqrt() + Epsilon);
        }))];
    }
}

/// <summary>Running means of the gradient and of its square.</summary>
internal static class Moments
{
    /// <summary>m ← m + (1 − β)(g − m) in the slot moment1.</summary>
    public static Value First(OptimizerContext context, Parameter p, Value g, double beta) => Mean(context, context.Slot(p, "moment1"), g, beta);

    /// <summary>v ← v + (1 − β)(g² − v) in the slot moment2.</summary>
    public static Value Second(OptimizerContext context, Parameter p, Value g, double beta, double initial = 0) =>
        Mean(context, context.Slot(p, "moment2", Initializers.Constant(initial)), g.Square(), beta);

    /// <summary>The new running mean, kept in a slot.</summary>
    public static Value Mean(OptimizerContext context, Slot slot, Value x, double beta)
    {
        var mean = slot.Value + (x - slot.Value) * (1 - beta);
        context.Assign(slot, mean);
        return mean;
    }
}
