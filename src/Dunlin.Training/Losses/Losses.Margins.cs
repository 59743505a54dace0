using Dunlin.Graphs;
using Dunlin.Graphs.Ops;

namespace Dunlin.Training;

/// <content>Losses that are 0 where predictions are right by a margin.</content>
public static partial class Losses
{
    /// <summary>The mean of max(0, 1 − prediction · target), for targets −1 and 1.</summary>
    public static Value Hinge(Value prediction, Value target) => (1 - prediction * Like(prediction, target)).Relu().Mean();

    /// <summary>The mean of max(0, 1 − prediction · target)², for targets −1 and 1.</summary>
    public static Value SquaredHinge(Value prediction, Value target) => (1 - prediction * Like(prediction, target)).Relu().Square().Mean();

    /// <summary>
    /// For pairs of vectors a[…, D] and b[…, D] that belong together (target[…] = 1) or not (−1): the mean of 1 − cos(a, b), or of
    /// max(0, cos(a, b) − margin). The cosine of a vector of zeros is 0.
    /// </summary>
    /// <param name="a">The first of each pair.</param>
    /// <param name="b">The second.</param>
    /// <param name="target">1 or −1.</param>
    /// <param name="margin">From −1 to 1; 0 to 0.5 is usual.</param>
    public static Value CosineEmbedding(Value a, Value b, Value target, double margin = 0)
    {
        Require.Between(nameof(CosineEmbedding), margin, -1, 1);
        var other = Like(a, b);
        // As PyTorch: keeps the root and its slope finite at 0.
        const double tiny = 1e-12;
        Value Squares(Value v) => v.Square().Sum([-1]) + tiny;
        var cosine = (a * other).Sum([-1]) / (Squares(a) * Squares(other)).Sqrt();
        var t = Like(cosine, target);
        return Operations.Select(t > 0, 1 - cosine, (cosine - margin).Relu()).Mean();
    }

    /// <summary>
    /// The mean of max(0, |anchor − positive| − |anchor − negative| + margin) with Euclidean distances of vectors […, D] (Schroff et al., 2015).
    /// </summary>
    /// <param name="anchor">Vectors.</param>
    /// <param name="positive">A vector for each that is to be near.</param>
    /// <param name="negative">A vector for each that is to be farther, by the margin.</param>
    /// <param name="margin">Above 0.</param>
    public static Value TripletMargin(Value anchor, Value positive, Value negative, double margin = 1)
    {
        Require.Above(nameof(TripletMargin), margin, 0);
        // Added to each difference, as PyTorch does: the root has no slope at 0.
        const double tiny = 1e-6;
        Value Apart(Value other) => (Difference(anchor, other) + tiny).Square().Sum([-1]).Sqrt();
        return (Apart(positive) - Apart(negative) + margin).Relu().Mean();
    }
}
