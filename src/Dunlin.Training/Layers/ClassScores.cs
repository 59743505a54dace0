using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Training.Layers;

/// <summary>
/// Scores of many classes, for <see cref="Losses.SoftmaxCrossEntropy"/>: x[…, in] gives y[…, classes] = x · wᵀ + b. It is a <see cref="Linear"/> whose weights are shared out over parameter servers where there are some: in training
/// each computes the scores of its part of the classes, and their gradient; features travel, and three numbers for each example and server, never the weights (<see cref="DistantSoftmax"/>). Everywhere else, as on one worker, it
/// computes the same by itself. Variable: weight[classes, in + 1], whose last column is the bias; without one, weight[classes, in].
/// </summary>
/// <remarks>It is the model's last layer. Metrics of the training batch take all of the scores, which then travel as well; those of validation are computed by worker 0.</remarks>
public sealed class ClassScores : Layer
{
    private readonly int _classes;

    /// <summary>Creates the layer; it takes the number of input features from its input.</summary>
    /// <param name="classes">How many classes there are, at least 1.</param>
    /// <param name="bias">Whether each has a bias.</param>
    public ClassScores(int classes, bool bias = true)
    {
        Require.AtLeast(nameof(ClassScores), classes, 1);
        (_classes, HasBias) = (classes, bias);
    }

    /// <summary>Whether each class has a bias.</summary>
    public bool HasBias { get; }

    /// <summary>How weights and biases start.</summary>
    /// <value><see cref="Initializers.FanInUniform"/> unless set.</value>
    public Initializer WeightInitializer { get; init; } = Initializers.FanInUniform();

    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input)
    {
        if (input.Shape.Rank < 2 || input.Shape[^1] == Shape.Unknown)
            throw new ShapeException($"expected x[batch, …, in] with a known number of features, got {input.Shape}; put Flatten before it where there are several dimensions.");
        var features = HasBias ? Operations.Concat([input, input.Sum([-1], keepDimensions: true).OnesLike()], -1) : input;
        var weights = context.Variable("weight", [_classes, features.Shape[^1]], WeightInitializer, type: input.Type);
        return context.DistantClasses is { } distant && input.Type == DType.Float32 ? DistantSoftmax.Scores(distant, context.Distant(weights), features) : features.MatMul(weights.Value, transposeB: true);
    }
}
