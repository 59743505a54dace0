using Dunlin.Graphs.Ops;
using Dunlin.Training;

namespace Dunlin.Samples.OwnParts;

/// <summary>AdaBelief (Zhuang et al., 2020): long steps where gradients are as their mean foretells.</summary>
public sealed record ScaleByBelief(double Beta1 = 0.9, double Beta2 = 0.999, double Epsilon = 1e-8) : GradientTransform
{
    public override IReadOnlyList<Parameter> Apply(OptimizerContext context, IReadOnlyList<Parameter> parameters)
    {
        var correction = Scalar.Sqrt(1 - context.Power(Beta2)) / (1 - context.Power(Beta1));
        return [.. parameters.Select(p => p.Map(g =>
        {
            var (mean, spread) = (context.Slot(p, "mean"), context.Slot(p, "spread"));
            var m = mean.Value * Beta1 + g * (1 - Beta1);
            var s = spread.Value * Beta2 + (g - m).Square() * (1 - Beta2);
            context.Assign(mean, m);
            context.Assign(spread, s);
            return m * correction / (s.Sqrt() + Epsilon);
        }))];
    }
}
