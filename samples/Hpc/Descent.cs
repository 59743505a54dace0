namespace Dunlin.Samples.Hpc;

/// <summary>One rank walks down.</summary>
public static class Descent
{
    /// <summary>(b) Gradient descent: every step looks at all examples.</summary>
    /// <returns>The weights before the first step and after each.</returns>
    public static IEnumerable<double[]> Full(LeastSquares problem, double rate)
    {
        int[] all = [.. Enumerable.Range(0, problem.Examples)];
        return Walk(problem, rate, _ => all);
    }

    /// <summary>(c) Stochastic gradient descent: every step looks at a batch. Cheaper, and noisy.</summary>
    /// <inheritdoc cref="Full"/>
    public static IEnumerable<double[]> Stochastic(LeastSquares problem, double rate, int batchSize, ulong seed) => Walk(problem, rate, step => problem.Batch(batchSize, step, seed));

    /// <summary>
    /// How far above the minimum SGD stays in the mean, at a constant rate η with batches of B: the noise that each step adds and the pull that takes it away hold the balance.
    /// </summary>
    /// <remarks>
    /// For normally distributed inputs with curvatures hᵢ and noise of variance σ², the second moment mᵢ of the distance along direction i goes in one step to
    /// (1 − ηhᵢ)² mᵢ + (η²/B)(hᵢS + hᵢ²mᵢ + hᵢσ²), S = Σ hⱼmⱼ. At rest, S = σ²A / (1 − A) with A = (η/B) Σ hᵢ / (2 − ηhᵢ(1 + 1/B)); the loss is S/2 above its minimum: η/B to first order.
    /// </remarks>
    public static double NoiseFloor(IReadOnlyList<double> curvatures, double variance, double rate, int batchSize)
    {
        var a = rate / batchSize * curvatures.Sum(h => h / (2 - rate * h * (1 + 1.0 / batchSize)));
        return variance * a / (1 - a) / 2;
    }

    private static IEnumerable<double[]> Walk(LeastSquares problem, double rate, Func<int, int[]> batch)
    {
        var w = new double[problem.Inputs];
        for (var step = 0; ; step++)
        {
            yield return [.. w];
            var gradient = new double[w.Length];
            var examples = batch(step);
            problem.AddGradient(w, examples, 1.0 / examples.Length, gradient);
            for (var j = 0; j < w.Length; j++) w[j] -= rate * gradient[j];
        }
    }
}
