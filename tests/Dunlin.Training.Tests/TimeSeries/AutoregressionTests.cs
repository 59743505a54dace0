using Dunlin.Training.Layers;
using Dunlin.Training.TimeSeries;
using MathNet.Numerics.LinearAlgebra;

namespace Dunlin.Training.Tests.TimeSeries;

public class AutoregressionTests
{
    private static readonly Autoregression Third = new([0.5, -0.6, 0.3], noiseVariance: 2, intercept: 3);

    [Theory, InlineData(0), InlineData(1), InlineData(2), InlineData(7), InlineData(30)]
    public void Levinson_solves_the_Toeplitz_system(int order)
    {
        var covariances = Correlations.Autocovariance(Third.Simulate(200, seed: 5), order);
        var solution = LevinsonDurbin.Solve(covariances);
        if (order > 0)
        {
            var direct = Matrix<double>.Build.Dense(order, order, (i, j) => covariances[Math.Abs(i - j)]).Solve(Vector<double>.Build.Dense(covariances[1..]));
            AssertNear(direct, solution.Coefficients, 1e-10);
        }
        // γ₀ = Σ φᵢ · γᵢ + σ², and each reflection is the last coefficient of its order.
        Assert.Equal(covariances[0], solution.NoiseVariance + solution.Coefficients.Select((c, i) => c * covariances[i + 1]).Sum(), 1e-10);
        for (var m = 1; m <= order; m++) Assert.Equal(LevinsonDurbin.Solve(covariances.AsSpan(0, m + 1)).Coefficients[^1], solution.Reflections[m - 1]);
    }

    [Fact]
    public void A_process_of_first_order_is_that_of_the_closed_form()
    {
        var process = new Autoregression([0.8], noiseVariance: 1, intercept: 0.5);
        Assert.Equal(2.5, process.Mean, 1e-12);
        AssertNear(Enumerable.Range(0, 20).Select(k => Math.Pow(0.8, k) / (1 - 0.64)), process.Autocovariance(19), 1e-12);
        var forecasts = process.Forecast([100, 7], 10);
        AssertNear(Enumerable.Range(1, 10).Select(h => 2.5 + Math.Pow(0.8, h) * (7 - 2.5)), forecasts.Select(f => f.Mean), 1e-12);
        AssertNear(Enumerable.Range(1, 10).Select(h => (1 - Math.Pow(0.8, 2 * h)) / (1 - 0.64)), forecasts.Select(f => f.Variance), 1e-12);
    }

    [Fact]
    public void The_covariances_of_a_process_give_the_process_back()
    {
        var covariances = Third.Autocovariance(6);
        AssertNear([.. Third.Coefficients, 0, 0, 0], LevinsonDurbin.Solve(covariances).Coefficients, 1e-12);
        Assert.Equal(2, LevinsonDurbin.Solve(covariances).NoiseVariance, 1e-12);
        // Far ahead, nothing is known but the mean and the variance.
        Assert.Equal((Third.Mean, covariances[0]), (Third.Forecast([1, 2, 3], 400)[^1].Mean, Third.Forecast([1, 2, 3], 400)[^1].Variance), (a, b) => Math.Abs(a.Item1 - b.Item1) + Math.Abs(a.Item2 - b.Item2) < 1e-9);
    }

    [Theory, InlineData(1ul), InlineData(2ul), InlineData(3ul)]
    public void Both_estimates_and_the_partial_autocorrelations_come_near_the_truth(ulong seed)
    {
        const int length = 20_000;
        var (series, noise) = (Third.Simulate(length, seed), 3.5 / Math.Sqrt(length));
        foreach (var fit in new[] { AutoregressionFits.YuleWalker(series, 3), AutoregressionFits.LeastSquares(series, 3) })
        {
            AssertNear(Third.Coefficients, fit.Coefficients, noise);
            Assert.Equal(Third.Mean, fit.Mean, 5 * noise);
            Assert.Equal(2, fit.NoiseVariance, 2 * Math.Sqrt(2) * noise);
        }
        AssertNear(Enumerable.Repeat(0.0, 7), Correlations.PartialAutocorrelation(series, 10)[3..], noise);
        var first = new Autoregression([0.8], 1).Simulate(length, seed);
        // Bartlett's formula: the deviation of a far autocorrelation is √((1 + φ²) / (1 − φ²) / T).
        AssertNear(Enumerable.Range(0, 10).Select(k => Math.Pow(0.8, k)), Correlations.Autocorrelation(first, 9), noise * Math.Sqrt(1.64 / 0.36));
    }

    [Fact]
    public void A_linear_layer_learns_what_Yule_and_Walker_solve()
    {
        var process = new Autoregression([0.5, -0.6, 0.3], noiseVariance: 1);
        var series = process.Simulate(20_000, seed: 4);
        var solved = AutoregressionFits.YuleWalker(series, 3);
        var recipe = new TrainingRecipe(new Linear(1), Training.Losses.Squared, Training.Optimizers.Sgd(Training.Schedules.Cosine(0.05, 2500)));
        var learnt = new Trainer(recipe, new() { Epochs = 4, BatchSize = 32, ThreadsPerWorker = 1 }).Fit(AutoregressionFits.Lagged(series, 3)).Weights;
        AssertNear(solved.Coefficients, learnt["linear/weight"].ToArray<float>().Select(w => (double)w), 0.02);
        Assert.Equal(solved.Intercept, learnt["linear/bias"].Item<float>(), 0.02);
    }

    [Theory]
    [InlineData(true, 0.5, -0.6, 0.3), InlineData(false, 1.0), InlineData(false, 1.2), InlineData(true, -0.99), InlineData(true, 1.5, -0.9), InlineData(false, 0.5, 0.6), InlineData(true, 0.0, 0.0)]
    public void A_process_is_stationary_if_its_roots_lie_outside_the_unit_circle(bool stationary, params double[] coefficients)
    {
        var process = new Autoregression(coefficients, 1);
        Assert.Equal(stationary, process.IsStationary);
        foreach (var z in process.Roots)
            Assert.True((1 - coefficients.Select((c, i) => c * System.Numerics.Complex.Pow(z, i + 1)).Aggregate((a, b) => a + b)).Magnitude < 1e-9);
        if (!stationary) Assert.Contains("not stationary", Assert.Throws<DunlinException>(() => process.Simulate(10, 1)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_can_not_be_estimated_is_refused()
    {
        Assert.Contains("more than 3 values; got 3", Assert.Throws<ShapeException>(() => Correlations.Autocovariance([1, 2, 3], 3)).Message, StringComparison.Ordinal);
        Assert.Throws<DunlinException>(() => Correlations.Autocorrelation([2, 2, 2], 1));
        Assert.Throws<DunlinException>(() => AutoregressionFits.YuleWalker([2, 2, 2, 2], 1));
        Assert.Throws<DunlinException>(() => LevinsonDurbin.Solve([1, 2, 1]));
        Assert.Throws<ShapeException>(() => AutoregressionFits.LeastSquares([1, 2, 3, 4, 5], 2));
        Assert.Throws<ShapeException>(() => Third.Forecast([1, 2], 1));
        Assert.Throws<InvalidValueException>(() => new Autoregression([0.5], -1));
    }

    private static void AssertNear(IEnumerable<double> expected, IEnumerable<double> actual, double tolerance)
    {
        var (e, a) = (expected.ToArray(), actual.ToArray());
        Assert.Equal(e.Length, a.Length);
        for (var i = 0; i < e.Length; i++) Assert.True(Math.Abs(e[i] - a[i]) <= tolerance, $"[{i}]: {e[i]} expected within {tolerance}, got {a[i]}");
    }
}
