using Dunlin.Graphs;
using Dunlin.Graphs.Ops;

namespace Dunlin.Training.Layers;

/// <summary>
/// The simple recurrent cell (Elman, 1990): hₜ = tanh(W·xₜ + U·hₜ₋₁ + b). Variables: input_weight[units, in], state_weight[units, units], bias[units].
/// </summary>
/// <param name="units">Features of h.</param>
public sealed class ElmanCell(int units) : RecurrentCell(units)
{
    /// <summary>The function around the sum.</summary>
    /// <value>The hyperbolic tangent unless set.</value>
    public Func<Value, Value> Activation { get; init; } = x => x.Tanh();

    /// <inheritdoc/>
    public override IReadOnlyList<int> StateFeatures => [Units];

    /// <inheritdoc/>
    public override RecurrentSteps Prepare(BuildContext context, Value x)
    {
        var inputs = Project(context, x, Units);
        var weight = Weight(context, "state_weight", Units, Units, x.Type).Value;
        return new(inputs, (states, input) => [Activation(input + states[0].MatMul(weight, transposeB: true))]);
    }
}
