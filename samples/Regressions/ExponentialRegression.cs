using Dunlin.Graphs.Ops;
using Dunlin.Training;
using MathNet.Numerics.LinearAlgebra;

namespace Dunlin.Samples.Regressions;

/// <summary>
/// y = a · exp(b · x) with noise added to y. Taking logarithms makes it linear, log y = log a + b · x, but that minimises another error: one
/// of the logarithms, in which small y weigh too much. Descent minimises the squared error of y itself, as Gauss and Newton's iteration does.
/// </summary>
public static class ExponentialRegression
{
    private static readonly double[] True = [5, -0.9];

    /// <returns>Descent beside the logarithms' answer, which differs, and beside Gauss and Newton's, which does not.</returns>
    public static IReadOnlyList<Comparison> Run(ulong seed, int count = 300)
    {
        var x = Vector<double>.Build.Dense(Draws.Uniform(count, seed, "exponential/x", 0, 2));
        var y = Model(x, True) + Vector<double>.Build.Dense(Draws.Normal(count, seed, "exponential/noise", deviation: 0.1));

        var logarithms = ByLogarithms(x, y);
        var descent = GradientDescent.Minimize([1, 0], w =>
        {
            var ab = w.Unstack();
            return Losses.Squared(ab[0] * (ab[1] * w.Graph.Constant(x)).Exp(), w.Graph.Constant(y));
        }, Optimizers.Nesterov(0.02));

        Comparison Beside(string method, double[] coefficients) => new("Exponential regression, mean squared error", ["a", "b"],
            Judge("true", True), Judge(method, coefficients), Judge("gradient descent", descent.Coefficients), descent.Steps);
        Answer Judge(string method, double[] w) => new(method, w, (Model(x, w) - y).PointwisePower(2).Average());
        return [Beside("normal equations of log y", logarithms), Beside("Gauss-Newton", GaussNewton(x, y, logarithms))];
    }

    private static Vector<double> Model(Vector<double> x, double[] w) => (x * w[1]).PointwiseExp() * w[0];

    private static double[] ByLogarithms(Vector<double> x, Vector<double> y)
    {
        if (y.Minimum() <= 0) throw new DunlinException($"A logarithm needs numbers above 0; the smallest y is {y.Minimum():g3}. Fit by descent alone.");
        var line = LeastSquares.NormalEquations(Matrix<double>.Build.Dense(x.Count, 2, (i, j) => j == 0 ? 1 : x[i]), y.PointwiseLog());
        return [Math.Exp(line[0]), line[1]];
    }

    /// <summary>Least squares on the model's tangent, again and again: w ← w + (JᵀJ)⁻¹Jᵀ(y − f(w)).</summary>
    private static double[] GaussNewton(Vector<double> x, Vector<double> y, double[] start)
    {
        var w = Vector<double>.Build.DenseOfArray(start);
        for (var iteration = 0; iteration < 50; iteration++)
        {
            var (a, rise) = (w[0], (x * w[1]).PointwiseExp());
            var change = LeastSquares.NormalEquations(Matrix<double>.Build.DenseOfColumnVectors(rise, a * x.PointwiseMultiply(rise)), y - a * rise);
            w += change;
            if (change.L2Norm() < 1e-12) return w.ToArray();
        }
        throw new DunlinException("Gauss and Newton's iteration did not converge in 50 steps.");
    }
}
