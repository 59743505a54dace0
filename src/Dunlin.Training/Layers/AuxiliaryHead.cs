using Dunlin.Graphs;

namespace Dunlin.Training.Layers;

/// <summary>
/// A second prediction from the middle of a model: y = x, and head(x) is held against the same target as the model's output (Szegedy et al., 2014; Lee et al., 2014).
/// In training its loss, times a weight, is added to the model's; validation and inference compute the model's alone.
/// </summary>
/// <param name="head">From x to a prediction that the recipe's loss takes.</param>
/// <param name="weight">How much its loss counts, beside 1 for the model's; above 0.</param>
public sealed class AuxiliaryHead(Layer head, double weight) : Layer
{
    private readonly double _weight = Require.Above("AuxiliaryHead", weight, 0);

    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input)
    {
        // Built in inference too, so that a model has the same variables in both; what nothing fetches is not computed.
        context.AddPrediction(context.Apply(head, input), _weight);
        return input;
    }
}
