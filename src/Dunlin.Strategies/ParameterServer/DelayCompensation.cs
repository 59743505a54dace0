namespace Dunlin.Strategies;

/// <summary>
/// Late gradients are corrected by how far the weights have moved meanwhile: g + λ g ∘ g ∘ (w − w′), g being the gradient at w′ (DC-ASGD; Zheng et al., 2016). A server then keeps, for each worker, a copy of the weights that it gave.
/// </summary>
/// <param name="Lambda">λ, above 0; divided by the root of the gradient's mean square where there is a <paramref name="MeanSquareDecay"/>.</param>
/// <param name="MeanSquareDecay">How fast the mean square forgets, from 0 to below 1 (the adaptive form, 0.95 in the paper); null for a constant λ.</param>
public sealed record DelayCompensation(double Lambda, double? MeanSquareDecay = null)
{
    /// <inheritdoc cref="DelayCompensation(double, double?)"/>
    public double Lambda { get; } = Require.That(nameof(DelayCompensation), Lambda, double.IsFinite(Lambda) && Lambda > 0, "finite and above 0");

    /// <inheritdoc cref="DelayCompensation(double, double?)"/>
    public double? MeanSquareDecay { get; } = MeanSquareDecay is { } decay ? Require.That(nameof(DelayCompensation), decay, decay is >= 0 and < 1, "from 0 to below 1") : null;
}
