using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Training;

/// <summary>
/// The full softmax over classes whose weights w[C, D] are shared out over servers, which compute the scores of their own classes: what travels are features and, for each class's part, three numbers an example; never the weights
/// (Abadi et al., 2016, section 4.2). A trainer's model has it by <see cref="Layers.ClassScores"/>.
/// </summary>
public static class DistantSoftmax
{
    /// <summary>
    /// The cross entropies −log softmax(features · wᵀ)[label] of each example […]. For a bias, the features end with a 1. Where the loss is differentiated, the servers keep the gradient of w, and use it with the step's others. Once for
    /// each w in a step.
    /// </summary>
    /// <param name="classes">Where the weights are.</param>
    /// <param name="weights">w[C, D], one of the learned variables (<see cref="RemoteModel.Classes"/>).</param>
    /// <param name="features">[…, D], Float32.</param>
    /// <param name="labels">The right classes […], Int64.</param>
    /// <exception cref="ShapeException">The shapes or types do not fit.</exception>
    public static Value CrossEntropies(IDistantClasses classes, Variable weights, Value features, Value labels) =>
        features.Graph.AddNode(new DistantSoftmaxLosses(classes, weights), [features, labels]).Outputs[0];

    /// <summary>
    /// The scores features · wᵀ themselves, for measures of them: all of them travel. They are not differentiated, but <see cref="Losses.SoftmaxCrossEntropy"/> of them is <see cref="CrossEntropies"/>, for which they need not be
    /// computed.
    /// </summary>
    /// <param name="classes">Where the weights are.</param>
    /// <param name="weights">w[C, D], one of the learned variables (<see cref="RemoteModel.Classes"/>).</param>
    /// <param name="features">[…, D], Float32.</param>
    /// <returns>The scores […, C].</returns>
    /// <exception cref="ShapeException">The shapes or types do not fit.</exception>
    public static Value Scores(IDistantClasses classes, Variable weights, Value features) => features.Graph.AddNode(new DistantScores(classes, weights), [features]).Outputs[0];

    /// <summary>The cross entropies of scores, where those are computed elsewhere; else null.</summary>
    internal static Value? LossesOf(Value scores, Value labels)
    {
        if (scores.Node.Operation is not DistantScores distant) return null;
        if (labels.Type is not (DType.Int32 or DType.Int64)) throw new ShapeException($"The softmax cross entropy takes class numbers of Int32 or Int64, not {labels}.");
        return CrossEntropies(distant.Classes, distant.Weights, scores.Node.Inputs[0], labels.Cast(DType.Int64));
    }
}
