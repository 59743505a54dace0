namespace Dunlin.Training;

/// <summary>The optimisers of the field, as chains of links. A rate is a number or a schedule.</summary>
public static class Optimizers
{
    /// <summary>Gradient descent: w ← w − rate · (g + decay · w).</summary>
    public static Optimizer Sgd(Schedule rate, double decay = 0) => new(new AddDecayedWeights(decay), new ScaleBySchedule(rate));

    /// <summary>Gradient descent with momentum: a ← μ · a + g, w ← w − rate · a.</summary>
    public static Optimizer Momentum(Schedule rate, double momentum = 0.9, bool nesterov = false, double decay = 0) =>
        new(new AddDecayedWeights(decay), new Trace(momentum, nesterov), new ScaleBySchedule(rate));

    /// <summary>Gradient descent with Nesterov's momentum: a ← μ · a + g, w ← w − rate · (g + μ · a).</summary>
    public static Optimizer Nesterov(Schedule rate, double momentum = 0.9, double decay = 0) => Momentum(rate, momentum, nesterov: true, decay);

    /// <summary>Adam (Kingma and Ba, 2015); see <see cref="ScaleByAdam"/>.</summary>
    public static Optimizer Adam(Schedule? rate = null, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8) =>
        new(new ScaleByAdam(beta1, beta2, epsilon), new ScaleBySchedule(rate ?? 1e-3));

    /// <summary>Adam with decoupled weight decay: w ← w − rate · (u + decay · w) (Loshchilov and Hutter, 2019).</summary>
    public static Optimizer AdamW(Schedule? rate = null, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8, double decay = 0.01) =>
        new(new ScaleByAdam(beta1, beta2, epsilon), new AddDecayedWeights(decay), new ScaleBySchedule(rate ?? 1e-3));
}
