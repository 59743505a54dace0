using Dunlin.Graphs;
using Dunlin.Graphs.Ops;

namespace Dunlin.Training;

/// <summary>How far predictions are from targets: a scalar, the mean over the batch, to be made small.</summary>
/// <param name="prediction">The model's output.</param>
/// <param name="target">What it should have been.</param>
public delegate Value Loss(Value prediction, Value target);

/// <summary>The usual losses. Each is a mean over all elements of the target, so that the mean of ranks' losses on equal shares is the loss of the whole batch.</summary>
public static partial class Losses
{
    /// <summary>
    /// Cross entropy of softmax(prediction[…, C]) against class numbers target[…] (integers from 0 to C − 1). Where the prediction are scores that servers compute (<see cref="Layers.ClassScores"/>), they compute this as well.
    /// </summary>
    public static Value SoftmaxCrossEntropy(Value prediction, Value target) => DistantSoftmax.LossesOf(prediction, target)?.Mean() ?? prediction.SoftmaxCrossEntropy(target).Mean();

    /// <summary>Cross entropy against 1 − smoothing for the right class and smoothing spread evenly over all C (Szegedy et al., 2016).</summary>
    /// <param name="smoothing">From 0 up to, but not, 1.</param>
    public static Loss SmoothedCrossEntropy(double smoothing)
    {
        Require.Below(nameof(SmoothedCrossEntropy), smoothing, 0, 1);
        return (prediction, target) => SoftmaxCrossEntropy(prediction, target) * (1 - smoothing) - prediction.LogSoftmax().Mean() * smoothing;
    }

    /// <summary>Cross entropy of sigmoid(prediction) against probabilities from 0 to 1 of the same shape.</summary>
    public static Value SigmoidCrossEntropy(Value prediction, Value target) => prediction.SigmoidCrossEntropy(target.Cast(prediction.Type)).Mean();

    /// <summary>The mean of (prediction − target)².</summary>
    public static Value Squared(Value prediction, Value target) => Difference(prediction, target).Square().Mean();

    /// <summary>The mean of |prediction − target|.</summary>
    public static Value Absolute(Value prediction, Value target) => Distance(prediction, target).Mean();

    /// <summary>The mean of d² / 2 where |d| = |prediction − target| is at most delta, else delta · (|d| − delta / 2) (Huber, 1964).</summary>
    /// <param name="delta">Above 0.</param>
    public static Loss Huber(double delta = 1)
    {
        Require.Above(nameof(Huber), delta, 0);
        return (prediction, target) =>
        {
            var distance = Distance(prediction, target);
            var near = distance.Minimum(distance.Number(delta));
            return (near * (distance - near * 0.5)).Mean();
        };
    }

    /// <summary>The mean of d² / (2 · beta) where |d| = |prediction − target| is less than beta, else |d| − beta / 2 (Girshick, 2015): <see cref="Huber"/> over its delta.</summary>
    /// <param name="beta">Above 0.</param>
    public static Loss SmoothAbsolute(double beta = 1)
    {
        var huber = Huber(beta);
        return (prediction, target) => huber(prediction, target) * (1 / beta);
    }

    private static Value Difference(Value prediction, Value target) => prediction - Like(prediction, target);

    private static Value Distance(Value prediction, Value target) => Difference(prediction, target).Abs();

    /// <summary>Broadcasting would hide a missing dimension: [N, 1] against [N] would compare all pairs.</summary>
    private static Value Like(Value prediction, Value target) => prediction.Shape.Accepts(target.Shape)
        ? target.Cast(prediction.Type)
        : throw new ShapeException($"The loss compares predictions {prediction.Shape} with targets {target.Shape}; they have to be of the same shape.");
}
