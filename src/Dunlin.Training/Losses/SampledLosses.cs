using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Training;

/// <summary>
/// Losses for many classes that compare with a sample of them, for training only: gradients of weights and bias are sparse, only rows of classes that
/// occur. Evaluation takes all classes: features · weightsᵀ + bias.
/// </summary>
public static class SampledLosses
{
    /// <summary>The score of a class that is left out: its exponential is 0 even in sums of many.</summary>
    private const double LeftOut = -1e37;

    /// <summary>
    /// The mean cross entropy of softmax over the right class and a sample S (Jean et al., 2015): scores ⟨h, w_k⟩ + b_k − log(expected count of k); a sampled
    /// class that is the right one is left out.
    /// </summary>
    /// <param name="weights">w[C, D].</param>
    /// <param name="bias">b[C].</param>
    /// <param name="features">h[N, D].</param>
    /// <param name="labels">The right classes [N] (Int32 or Int64).</param>
    /// <param name="sampler">Draws the sample.</param>
    /// <param name="counter">An Int64 scalar that is another at each step.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="stream">A number of the place's own.</param>
    /// <exception cref="ShapeException">The shapes do not fit.</exception>
    public static Value SampledSoftmax(Value weights, Value bias, Value features, Value labels, CandidateSampler sampler, Value counter, ulong seed, uint stream)
    {
        var (right, sampled, hits) = Scores(weights, bias, features, labels, sampler, counter, seed, stream);
        var others = Operations.Select(hits, sampled.Number(LeftOut), sampled);
        return (Operations.Concat([right, others], 1).LogSumExp([1]) - right.Squeeze(1)).Mean();
    }

    /// <summary>
    /// Noise-contrastive estimation (Gutmann and Hyvärinen, 2010): tells the right class from sampled ones, by the cross entropy of
    /// sigmoid(⟨h, w_k⟩ + b_k − log(expected count of k)), summed over the classes and in the mean over the examples.
    /// </summary>
    /// <param name="weights">w[C, D].</param>
    /// <param name="bias">b[C].</param>
    /// <param name="features">h[N, D].</param>
    /// <param name="labels">The right classes [N] (Int32 or Int64).</param>
    /// <param name="sampler">Draws the noise.</param>
    /// <param name="counter">An Int64 scalar that is another at each step.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="stream">A number of the place's own.</param>
    /// <param name="dropHits">Whether a sampled class that is the right one is left out; the estimate is consistent without.</param>
    /// <exception cref="ShapeException">The shapes do not fit.</exception>
    public static Value NoiseContrastive(
        Value weights, Value bias, Value features, Value labels, CandidateSampler sampler, Value counter, ulong seed, uint stream, bool dropHits = false)
    {
        var (right, sampled, hits) = Scores(weights, bias, features, labels, sampler, counter, seed, stream);
        var noise = sampled.SigmoidCrossEntropy(sampled.ZerosLike());
        if (dropHits) noise = Operations.Select(hits, noise.ZerosLike(), noise);
        return (right.SigmoidCrossEntropy(right.OnesLike()).Sum([1]) + noise.Sum([1])).Mean();
    }

    /// <summary>The corrected scores of the right classes [N, 1] and of the sampled ones [N, S], and where those are the right ones.</summary>
    private static (Value Right, Value Sampled, Value Hits) Scores(
        Value weights, Value bias, Value features, Value labels, CandidateSampler sampler, Value counter, ulong seed, uint stream)
    {
        if (!Shape.Of(sampler.Classes, features.Shape[^1]).Accepts(weights.Shape) || !weights.Shape[..1].Accepts(bias.Shape))
            throw new ShapeException($"The loss takes weights[{sampler.Classes}, {features.Shape[^1]}] and a bias for each of the sampler's classes, not {weights.Shape} and {bias.Shape}.");
        if (features.Shape.Rank != 2 || !features.Shape[..1].Accepts(labels.Shape)) throw new ShapeException($"The loss takes features[N, D] and labels[N], not {features.Shape} and {labels.Shape}.");
        var (classes, draws) = sampler.Draw(counter, seed, stream);
        var wanted = labels.Cast(DType.Int64);
        Value Correction(Value of) => sampler.ExpectedCounts(of, draws, features.Type).Log();
        var right = (features * weights.Gather(wanted)).Sum([1]) + bias.Gather(wanted) - Correction(wanted);
        var sampled = features.MatMul(weights.Gather(classes), transposeB: true) + bias.Gather(classes) - Correction(classes);
        return (right.ExpandDims(1), sampled, wanted.ExpandDims(1).EqualTo(classes));
    }
}
