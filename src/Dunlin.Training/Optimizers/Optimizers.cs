using System.Runtime.CompilerServices;

namespace Dunlin.Training;

/// <summary>
/// The optimisers of the field, as chains of links. A rate is a number or a schedule. Every one works with sparse gradients
/// (<see cref="Optimizer.Build"/>). Decay of weights leaves biases and scales alone.
/// </summary>
/// <remarks>This is the list of all optimisers: the command line, the tests and the checks of the documentation go through it.</remarks>
public static class Optimizers
{
    /// <summary>Gradient descent: w ← w − rate · (g + decay · w).</summary>
    public static Optimizer Sgd(Schedule? rate = null, double weightDecay = 0) => new(new AddDecayedWeights(weightDecay), Rate(rate, 0.1));

    /// <summary>Gradient descent with momentum: a ← μ · a + g, w ← w − rate · a.</summary>
    public static Optimizer Momentum(Schedule? rate = null, double momentum = 0.9, bool nesterov = false, double weightDecay = 0) =>
        new(new AddDecayedWeights(weightDecay), new Trace(momentum, nesterov), Rate(rate, 0.05));

    /// <summary>Gradient descent with Nesterov's momentum: a ← μ · a + g, w ← w − rate · (g + μ · a).</summary>
    public static Optimizer Nesterov(Schedule? rate = null, double momentum = 0.9, double weightDecay = 0) => Momentum(rate, momentum, nesterov: true, weightDecay);

    /// <summary>AdaGrad (Duchi et al., 2011); see <see cref="ScaleByAdagrad"/>.</summary>
    public static Optimizer Adagrad(Schedule? rate = null, double initial = 0.1, double epsilon = 0, double weightDecay = 0) =>
        new(new AddDecayedWeights(weightDecay), new ScaleByAdagrad(initial, epsilon), Rate(rate, 0.01));

    /// <summary>AdaGrad by dual averaging (Duchi et al., 2011); see <see cref="DualAveraging"/>.</summary>
    public static Optimizer AdagradDa(Schedule? rate = null, double l1 = 0, double l2 = 0, double initial = 0.1) => new(new DualAveraging(Checked(rate, 0.01), l1, l2, initial));

    /// <summary>AdaDelta (Zeiler, 2012); see <see cref="ScaleByAdadelta"/>.</summary>
    public static Optimizer Adadelta(Schedule? rate = null, double decay = 0.95, double epsilon = 1e-6, double weightDecay = 0) =>
        new(new AddDecayedWeights(weightDecay), new ScaleByAdadelta(decay, epsilon), Rate(rate, 1));

    /// <summary>RMSProp (Tieleman and Hinton, 2012): m ← μ · m + rate · u, w ← w − m, where u is what <see cref="ScaleByRms"/> gives.</summary>
    public static Optimizer Rmsprop(Schedule? rate = null, double decay = 0.9, double momentum = 0, double epsilon = 1e-10, bool centered = false, double initial = 0, double weightDecay = 0) =>
        new(new AddDecayedWeights(weightDecay), new ScaleByRms(decay, epsilon, centered, initial), Rate(rate, 1e-3), new Trace(momentum));

    /// <summary>
    /// RMSProp that turns into gradient descent with momentum, for the start of training with very large batches: d ← μ · d + u, w ← w − rate · d, where u is what <see cref="RmsToGradient"/> gives (Akiba, Suzuki and
    /// Fukuda, 2017). Centre and period count updates: the defaults are 10 and 5 epochs of ImageNet with 32,768 examples each.
    /// </summary>
    public static Optimizer RmspropWarmup(Schedule? rate = null, double momentum = 0.9, double rmsRate = 3e-4, double center = 391, double period = 195, bool printed = false, double decay = 0.99, double epsilon = 1e-8,
        double weightDecay = 0) =>
        new(new AddDecayedWeights(weightDecay), new RmsToGradient(rate ?? 0.1, rmsRate, center, period, printed, decay, epsilon), new Trace(momentum), Rate(rate, 0.1));

    /// <summary>Adam (Kingma and Ba, 2015); see <see cref="ScaleByAdam"/>.</summary>
    public static Optimizer Adam(Schedule? rate = null, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8) =>
        new(new ScaleByAdam(beta1, beta2, epsilon), Rate(rate, 1e-3));

    /// <summary>Adam with decoupled weight decay: w ← w − rate · (u + decay · w) (Loshchilov and Hutter, 2019).</summary>
    public static Optimizer AdamW(Schedule? rate = null, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8, double weightDecay = 0.01) =>
        new(new ScaleByAdam(beta1, beta2, epsilon), new AddDecayedWeights(weightDecay), Rate(rate, 1e-3));

    /// <summary>Adam by the largest second moment so far (Reddi et al., 2018); see <see cref="ScaleByAdam"/>.</summary>
    public static Optimizer Amsgrad(Schedule? rate = null, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8) =>
        new(new ScaleByAdam(beta1, beta2, epsilon, AmsGrad: true), Rate(rate, 1e-3));

    /// <summary>Adam by the largest gradient (Kingma and Ba, 2015, section 7.1); see <see cref="ScaleByAdamax"/>.</summary>
    public static Optimizer Adamax(Schedule? rate = null, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8) =>
        new(new ScaleByAdamax(beta1, beta2, epsilon), Rate(rate, 2e-3));

    /// <summary>Adam with Nesterov's momentum (Dozat, 2016); see <see cref="ScaleByNadam"/>.</summary>
    public static Optimizer Nadam(Schedule? rate = null, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8, double momentumDecay = 0.004) =>
        new(new ScaleByNadam(beta1, beta2, epsilon, momentumDecay), Rate(rate, 2e-3));

    /// <summary>Adam with a rectified start (Liu et al., 2020); see <see cref="ScaleByRadam"/>.</summary>
    public static Optimizer Radam(Schedule? rate = null, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8) =>
        new(new ScaleByRadam(beta1, beta2, epsilon), Rate(rate, 1e-3));

    /// <summary>Lion: w ← w − rate · (u + decay · w) where u is what <see cref="SignOfMean"/> gives (Chen et al., 2023).</summary>
    public static Optimizer Lion(Schedule? rate = null, double beta1 = 0.9, double beta2 = 0.99, double weightDecay = 0) =>
        new(new SignOfMean(beta1, beta2), new AddDecayedWeights(weightDecay), Rate(rate, 1e-4));

    /// <summary>Follow the regularised leader (McMahan et al., 2013); see <see cref="Training.Ftrl"/>.</summary>
    public static Optimizer Ftrl(Schedule? rate = null, double l1 = 0, double l2 = 0, double shrinkage = 0, double initial = 0.1) =>
        new(new Ftrl(Checked(rate, 0.05), l1, l2, shrinkage, initial));

    /// <summary>Gradient descent with soft thresholds (Duchi and Singer, 2009); see <see cref="ProximalStep"/>.</summary>
    public static Optimizer ProximalSgd(Schedule? rate = null, double l1 = 0, double l2 = 0) => new(new ProximalStep(Checked(rate, 0.1), l1, l2));

    /// <summary>AdaGrad with soft thresholds (Duchi and Singer, 2009); see <see cref="ProximalStep"/>.</summary>
    public static Optimizer ProximalAdagrad(Schedule? rate = null, double l1 = 0, double l2 = 0, double initial = 0.1) => new(new ProximalStep(Checked(rate, 0.01), l1, l2, initial));

    /// <summary>LARS for large batches: a ← μ · a + rate · u, w ← w − a, where u is what <see cref="ScaleByLayer"/> gives (You, Gitman and Ginsburg, 2017).</summary>
    public static Optimizer Lars(Schedule? rate = null, double momentum = 0.9, double coefficient = 1e-3, double weightDecay = 1e-4, double epsilon = 1e-9) =>
        new(new ScaleByLayer(coefficient, weightDecay, epsilon), Rate(rate, 1), new Trace(momentum));

    /// <summary>
    /// LAMB for large batches (You et al., 2020): m and v as Adam's, u = m / (1 − β₁ᵗ) / (√(v / (1 − β₂ᵗ)) + ε) + decay · w, w ← w − rate · ‖w‖ / ‖u‖ · u;
    /// see <see cref="ScaleByTrustRatio"/>.
    /// </summary>
    public static Optimizer Lamb(Schedule? rate = null, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-6, double weightDecay = 0.01) =>
        new(new ScaleByAdam(beta1, beta2, epsilon, CorrectedRoot: true), new AddDecayedWeights(weightDecay), new ScaleByTrustRatio(), Rate(rate, 1e-3));

    private static ScaleBySchedule Rate(Schedule? rate, double usual, [CallerMemberName] string optimizer = "") => new(Checked(rate, usual, optimizer));

    /// <summary>The rate, which has to be at least 0 where it begins.</summary>
    private static Schedule Checked(Schedule? rate, double usual, [CallerMemberName] string optimizer = "")
    {
        if (rate is not null) Require.AtLeast(optimizer, rate.At(0.0), 0, rate.At(1.0).Equals(rate.At(0.0)) ? "rate" : "rate at step 0");
        return rate ?? usual;
    }
}
