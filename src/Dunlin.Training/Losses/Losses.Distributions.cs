using Dunlin.Graphs;
using Dunlin.Graphs.Ops;

namespace Dunlin.Training;

/// <content>Losses of probabilities and counts.</content>
public static partial class Losses
{
    /// <summary>
    /// The Kullback-Leibler divergence Σ_c t · (log t − log p) of log probabilities prediction[…, C] from probabilities target[…, C], in the mean over
    /// the rows. A target of 0 counts 0.
    /// </summary>
    public static Value KullbackLeibler(Value prediction, Value target)
    {
        var t = Like(prediction, target);
        var positive = t > 0;
        // The logarithm of 1 stands where t is 0, so that the product has finite slopes too.
        var log = Operations.Select(positive, t, t.OnesLike()).Log();
        return (t * (log - Operations.Select(positive, prediction, t.ZerosLike()))).Sum([-1]).Mean();
    }

    /// <summary>
    /// The negative logarithm of a Poisson distribution's probability of counts target, in the mean and without the term log(target!) that no
    /// prediction changes: exp(p) − t · p, where p is the logarithm of the rate.
    /// </summary>
    public static Value Poisson(Value prediction, Value target) => (prediction.Exp() - Like(prediction, target) * prediction).Mean();

    /// <summary>
    /// The focal loss of classes, −(1 − p)^γ · log p of the right class's probability p (Lin et al., 2017), for scores prediction[…, C] and class
    /// numbers target[…]. γ = 0 is <see cref="SoftmaxCrossEntropy"/>.
    /// </summary>
    /// <param name="gamma">At least 0: how much less examples count that are classified well.</param>
    public static Loss Focal(double gamma = 2)
    {
        Require.AtLeast(nameof(Focal), gamma, 0);
        return (prediction, target) => Focus(prediction.SoftmaxCrossEntropy(target), gamma).Mean();
    }

    /// <summary>
    /// The focal loss of truth values (Lin et al., 2017): −a · (1 − p)^γ · log p, where p is the probability of what is true, by scores of the same shape,
    /// and a is alpha for true and 1 − alpha for false.
    /// </summary>
    /// <param name="gamma">At least 0: how much less elements count that are classified well.</param>
    /// <param name="alpha">From 0 to 1: how much true ones count; null for all alike, with a = 1.</param>
    public static Loss BinaryFocal(double gamma = 2, double? alpha = 0.25)
    {
        Require.AtLeast(nameof(BinaryFocal), gamma, 0);
        if (alpha is { } part) Require.Between(nameof(BinaryFocal), part, 0, 1, nameof(alpha));
        return (prediction, target) =>
        {
            var t = Like(prediction, target);
            var loss = Focus(prediction.SigmoidCrossEntropy(t), gamma);
            return (alpha is { } a ? loss * (t * (2 * a - 1) + (1 - a)) : loss).Mean();
        };
    }

    /// <summary>c · (1 − e⁻ᶜ)^γ of cross entropies c; 1 − e⁻ᶜ without cancellation where c is small.</summary>
    private static Value Focus(Value crossEntropy, double gamma) => gamma switch
    {
        0 => crossEntropy,
        // A power of 0 has no finite slope unless the exponent is 1 or more.
        < 1 => crossEntropy * (-(-crossEntropy).Expm1()).Maximum(crossEntropy.Number(1e-7)).Pow(gamma),
        1 => crossEntropy * -(-crossEntropy).Expm1(),
        2 => crossEntropy * (-crossEntropy).Expm1().Square(),
        _ => crossEntropy * (-(-crossEntropy).Expm1()).Maximum(crossEntropy.Number(1e-30)).Pow(gamma),
    };
}
