using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Training;

/// <summary>The usual measures.</summary>
public static class Metrics
{
    /// <summary>The share of examples whose largest of prediction[N, C] is at the class number target[N]; of equal ones, the first counts.</summary>
    public static Metric Accuracy { get; } = new("accuracy",
        (prediction, target) => prediction.ArgMax().EqualTo(target.Cast(DType.Int64)).Cast(DType.Float32).Mean(), HigherIsBetter: true);

    /// <summary>
    /// The share of examples for which fewer than k classes of prediction[N, C] score higher than the right one, target[N].
    /// </summary>
    /// <param name="k">At least 1.</param>
    public static Metric TopAccuracy(int k)
    {
        Require.AtLeast(nameof(TopAccuracy), k, 1);
        return new($"top{k}_accuracy", (prediction, target) =>
        {
            var right = (prediction * target.OneHot(prediction.Shape[^1], prediction.Type)).Sum([-1], keepDimensions: true);
            return ((prediction > right).Cast(DType.Float32).Sum([-1]) < k).Cast(DType.Float32).Mean();
        }, HigherIsBetter: true);
    }

    /// <summary>The mean of (prediction − target)².</summary>
    public static Metric MeanSquaredError { get; } = new("mean_squared_error", Losses.Squared, HigherIsBetter: false);

    /// <summary>The mean of |prediction − target|.</summary>
    public static Metric MeanAbsoluteError { get; } = new("mean_absolute_error", Losses.Absolute, HigherIsBetter: false);
}
