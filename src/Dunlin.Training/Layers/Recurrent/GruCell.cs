using Dunlin.Graphs;
using Dunlin.Graphs.Ops;

namespace Dunlin.Training.Layers;

/// <summary>
/// The gated recurrent unit (Cho et al., 2014): z, r = σ(W·xₜ + U·hₜ₋₁ + b), n = tanh(W·xₜ + U·(r·hₜ₋₁) + b), hₜ = (1 − z)·n + z·hₜ₋₁. Variables, gates in the order
/// r, z, n: input_weight[3·units, in], state_weight[3·units, units], bias[3·units], and with <see cref="ResetAfter"/> state_bias[units].
/// </summary>
/// <param name="units">Features of h.</param>
public sealed class GruCell(int units) : RecurrentCell(units)
{
    /// <summary>Whether r multiplies the product and not the state: n = tanh(W·xₜ + b + r·(U·hₜ₋₁ + b′)), one product instead of two.</summary>
    public bool ResetAfter { get; init; }

    /// <inheritdoc/>
    public override IReadOnlyList<int> StateFeatures => [Units];

    /// <inheritdoc/>
    public override RecurrentSteps Prepare(BuildContext context, Value x)
    {
        var inputs = Project(context, x, 3 * Units);
        var weight = Weight(context, "state_weight", 3 * Units, Units, x.Type).Value;
        if (ResetAfter)
        {
            var bias = context.Variable("state_bias", [Units], Initializers.Zeros, type: x.Type).Value;
            return new(inputs, (states, input) =>
            {
                var (own, fed) = (states[0].MatMul(weight, transposeB: true).Split(3, -1), input.Split(3, -1));
                var (r, z) = ((fed[0] + own[0]).Sigmoid(), (fed[1] + own[1]).Sigmoid());
                return [Mix(z, (fed[2] + r * (own[2] + bias)).Tanh(), states[0])];
            });
        }
        var (gates, candidate) = (weight.Slice([0, 0], [2 * Units, -1]), weight.Slice([2 * Units, 0], [Units, -1]));
        return new(inputs, (states, input) =>
        {
            var (h, fed) = (states[0], input.Split([2 * Units, Units], -1));
            var parts = (fed[0] + h.MatMul(gates, transposeB: true)).Sigmoid().Split(2, -1);
            return [Mix(parts[1], (fed[1] + (parts[0] * h).MatMul(candidate, transposeB: true)).Tanh(), h)];
        });
    }

    private static Value Mix(Value z, Value n, Value h) => n + z * (h - n);
}
