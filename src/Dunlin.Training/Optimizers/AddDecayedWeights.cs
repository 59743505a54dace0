namespace Dunlin.Training;

/// <summary>
/// u = g + rate · w: before the other links it is the gradient of rate / 2 · ‖w‖², after an adaptive one it is decoupled decay (Loshchilov and
/// Hutter, 2019). Sparse gradients become dense, as every row decays.
/// </summary>
/// <param name="Rate">At least 0; of 0, the link does nothing.</param>
/// <param name="AllVariables">Whether biases and scales (fewer than two dimensions) decay, too.</param>
public sealed record AddDecayedWeights(double Rate, bool AllVariables = false) : GradientTransform
{
    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Apply(OptimizerContext context, IReadOnlyList<Parameter> parameters) => Rate == 0
        ? parameters
        : [.. parameters.Select(p => AllVariables || p.Variable.TensorType.Shape.Rank >= 2 ? p.Map(g => g + p.Variable.Value * Rate) : p)];
}
