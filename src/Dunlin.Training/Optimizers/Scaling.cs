using Dunlin.Graphs;

namespace Dunlin.Training;

/// <summary>u = factor · g.</summary>
/// <param name="Factor">Finite.</param>
public sealed record Scale(double Factor) : GradientTransform
{
    /// <inheritdoc cref="Scale"/>
    public double Factor { get; } = Require.That(nameof(Scale), Factor, double.IsFinite(Factor), "finite");

    /// <inheritdoc/>
    public override bool TakesPieces => true;

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Apply(OptimizerContext context, IReadOnlyList<Parameter> parameters) => [.. parameters.Select(p => p.Map(g => g * Factor))];
}

/// <summary>u = rate · g, the rate taken from a schedule.</summary>
public sealed record ScaleBySchedule(Schedule Schedule) : GradientTransform
{
    /// <inheritdoc/>
    public override Schedule? LearningRate => Schedule;

    /// <inheritdoc/>
    public override bool TakesPieces => true;

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Apply(OptimizerContext context, IReadOnlyList<Parameter> parameters)
    {
        var rate = context.At(Schedule);
        return [.. parameters.Select(p => p.Map(g => g * rate))];
    }
}

/// <summary>u = factor · g, the factor a number that the graph computes or is fed.</summary>
/// <param name="Factor">A scalar.</param>
internal sealed record ScaleByValue(Value Factor) : GradientTransform
{
    /// <inheritdoc/>
    public override bool TakesPieces => true;

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Apply(OptimizerContext context, IReadOnlyList<Parameter> parameters) => [.. parameters.Select(p => p.Scaled(Factor))];
}
