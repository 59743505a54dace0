using Dunlin.Graphs.Ops;
using Dunlin.Training;

namespace Dunlin.Samples.OwnParts;

/// <summary>Uses only the signs of the gradients (Riedmiller and Braun, 1993, without their adaptive steps).</summary>
public sealed record Signs : GradientTransform
{
    public override IReadOnlyList<Parameter> Apply(OptimizerContext context, IReadOnlyList<Parameter> parameters) =>
        [.. parameters.Select(p => p.Map(g => g.Sign()))];
}
