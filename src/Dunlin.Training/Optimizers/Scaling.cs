namespace Dunlin.Training;

/// <summary>u = factor · g. Sparse gradients stay sparse.</summary>
public sealed record Scale(double Factor) : GradientTransform
{
    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Apply(OptimizerContext context, IReadOnlyList<Parameter> parameters)
    {
        var factor = context.Factor(Factor);
        return [.. parameters.Select(p => p.Scaled(factor))];
    }
}

/// <summary>u = rate · g, the rate taken from a schedule. Sparse gradients stay sparse.</summary>
public sealed record ScaleBySchedule(Schedule Schedule) : GradientTransform
{
    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Apply(OptimizerContext context, IReadOnlyList<Parameter> parameters)
    {
        var factor = Schedule.At(context.Step);
        return [.. parameters.Select(p => p.Scaled(factor))];
    }
}
