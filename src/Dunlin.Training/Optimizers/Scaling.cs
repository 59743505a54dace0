namespace Dunlin.Training;

/// <summary>u = factor · g.</summary>
public sealed record Scale(double Factor) : GradientTransform
{
    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Apply(OptimizerContext context, IReadOnlyList<Parameter> parameters)
    {
        var factor = context.Number(Factor);
        return [.. parameters.Select(p => p.Scaled(factor))];
    }
}

/// <summary>u = rate · g, the rate taken from a schedule.</summary>
public sealed record ScaleBySchedule(Schedule Schedule) : GradientTransform
{
    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Apply(OptimizerContext context, IReadOnlyList<Parameter> parameters)
    {
        var factor = context.Number(context.At(Schedule));
        return [.. parameters.Select(p => p.Scaled(factor))];
    }
}
