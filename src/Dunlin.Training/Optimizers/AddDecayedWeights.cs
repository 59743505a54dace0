namespace Dunlin.Training;

/// <summary>
/// u = g + rate · w: before the other links it is the gradient of rate / 2 · ‖w‖², after an adaptive one it is decoupled decay (Loshchilov and
/// Hutter, 2019). Of a sparse gradient the touched rows decay.
/// </summary>
/// <param name="Rate">At least 0; of 0, the link does nothing.</param>
/// <param name="AllVariables">Whether biases and scales (fewer than two dimensions) decay, too.</param>
public sealed record AddDecayedWeights(double Rate, bool AllVariables = false) : GradientTransform
{
    /// <inheritdoc cref="AddDecayedWeights"/>
    public double Rate { get; } = Require.AtLeast(nameof(AddDecayedWeights), Rate, 0);

    /// <inheritdoc/>
    public override bool TakesPieces => true;

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Apply(OptimizerContext context, IReadOnlyList<Parameter> parameters) => Rate == 0
        ? parameters
        : [.. parameters.Select(p => AllVariables || p.Shape.Rank >= 2 ? p.Map(g => g + p.Weights * Rate) : p)];
}
