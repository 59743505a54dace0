using Dunlin.Graphs.Ops;

namespace Dunlin.Training;

/// <summary>
/// From RMSProp to plain gradients: s ← s + (1 − ρ)(g² − s), u = (α + (1 − α) · ηᵣ / η / (√s + ε)) · g, where η is the learning rate that a later link applies and α goes from near 0 to 1 as
/// <see cref="Schedules.RmsToGradient"/> says. Before <see cref="Trace"/> and the rate it is the RMSprop warm-up of Akiba, Suzuki and Fukuda ("Extremely Large Minibatch SGD", 2017). State: moment2 s, at first 0.
/// </summary>
/// <remarks>
/// The paper gives the rule, 10 for the centre and 5 for the period, in epochs. That α's counterpart is (1 − α) · ηᵣ / η, and ρ = 0.99, ε = 10⁻⁸ and ηᵣ = 3 · 10⁻⁴, are not checked against the paper but are those of
/// an independent implementation for Chainer.
/// </remarks>
/// <param name="Rate">η, the schedule of the link that applies it; where it is 0, the second term is left out.</param>
/// <param name="RmsRate">ηᵣ: about how far an element moves in an early update; at least 0.</param>
/// <param name="Center">The updates after which α is ½.</param>
/// <param name="Period">How many updates the transition takes, about; above 0.</param>
/// <param name="Printed">Whether α is as printed in the paper, with a step down from 1.5 to 1.</param>
/// <param name="Decay">ρ, from 0 up to, but not, 1.</param>
/// <param name="Epsilon">Keeps the quotient finite; above 0.</param>
public sealed record RmsToGradient(Schedule Rate, double RmsRate = 3e-4, double Center = 391, double Period = 195, bool Printed = false, double Decay = 0.99, double Epsilon = 1e-8) : GradientTransform
{
    private readonly Schedule _part = Schedules.RmsToGradient(Center, Period, Printed);

    /// <inheritdoc cref="RmsToGradient"/>
    public double RmsRate { get; } = Require.AtLeast(nameof(RmsToGradient), RmsRate, 0);

    /// <inheritdoc cref="RmsToGradient"/>
    public double Decay { get; } = Require.Below(nameof(RmsToGradient), Decay, 0, 1);

    /// <inheritdoc cref="RmsToGradient"/>
    public double Epsilon { get; } = Require.Above(nameof(RmsToGradient), Epsilon, 0);

    /// <inheritdoc/>
    public override bool TakesPieces => true;

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Apply(OptimizerContext context, IReadOnlyList<Parameter> parameters)
    {
        var (part, rate) = (context.At(_part), context.At(Rate));
        var other = Scalar.IfLess(0, rate, (1 - part) * RmsRate / rate, 0);
        return [.. parameters.Select(p => p.Map(g => g * part + g * other / (Moments.Second(context, p, g, Decay).Sqrt() + Epsilon)))];
    }
}
