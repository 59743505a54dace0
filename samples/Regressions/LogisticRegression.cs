using Dunlin.Graphs.Ops;
using Dunlin.Training;
using MathNet.Numerics.LinearAlgebra;

namespace Dunlin.Samples.Regressions;

/// <summary>P(y = 1) = σ(w₀ + w₁x₁ + w₂x₂): no closed form, but Newton's method needs a few weighted least squares.</summary>
public static class LogisticRegression
{
    private static readonly double[] True = [-1, 2, -0.5];

    public static Comparison Run(ulong seed, int count = 1000)
    {
        double[][] inputs = [Draws.Normal(count, seed, "logistic/x1"), Draws.Normal(count, seed, "logistic/x2", mean: 3, deviation: 4)];
        var x = Matrix<double>.Build.Dense(count, 3, (i, j) => j == 0 ? 1 : inputs[j - 1][i]);
        var chances = Probabilities(x, Vector<double>.Build.Dense(True));
        var coins = Draws.Uniform(count, seed, "logistic/coins", 0, 1);
        var y = Vector<double>.Build.Dense(count, i => coins[i] < chances[i] ? 1 : 0);

        var descent = Descend(x, y);
        Answer Judge(string method, IEnumerable<double> w) => new(method, [.. w], CrossEntropy(x, y, Vector<double>.Build.DenseOfEnumerable(w)));
        return new("Logistic regression, mean cross entropy", ["w₀", "w₁", "w₂"],
            Judge("true", True), Judge("Newton (IRLS)", Newton(x, y)), Judge("gradient descent", descent.Coefficients), descent.Steps);
    }

    /// <summary>Iteratively reweighted least squares: w ← w + (XᵀSX)⁻¹Xᵀ(y − p) with S = diag(p · (1 − p)).</summary>
    private static Vector<double> Newton(Matrix<double> x, Vector<double> y)
    {
        var w = Vector<double>.Build.Dense(x.ColumnCount);
        for (var iteration = 0; iteration < 50; iteration++)
        {
            var p = Probabilities(x, w);
            var weighted = Matrix<double>.Build.Dense(x.RowCount, x.ColumnCount, (i, j) => p[i] * (1 - p[i]) * x[i, j]);
            var change = x.TransposeThisAndMultiply(weighted).Cholesky().Solve(x.TransposeThisAndMultiply(y - p));
            w += change;
            if (change.L2Norm() < 1e-12) return w;
        }
        throw new DunlinException("Newton's method did not converge in 50 steps: perhaps a plane separates the classes, and the coefficients grow without end.");
    }

    private static Descent Descend(Matrix<double> x, Vector<double> y)
    {
        var standard = new Standardization(x);
        var descent = GradientDescent.Minimize(new double[x.ColumnCount], w =>
        {
            var logits = w.Graph.Constant(standard.Scaled).MatMul(w.Reshape([x.ColumnCount, 1])).Reshape([x.RowCount]);
            return Losses.SigmoidCrossEntropy(logits, w.Graph.Constant(y));
        }, Optimizers.Nesterov(1));
        return descent with { Coefficients = standard.Unscale(descent.Coefficients) };
    }

    private static Vector<double> Probabilities(Matrix<double> x, Vector<double> w) => (x * w).Map(z => 1 / (1 + Math.Exp(-z)));

    private static double CrossEntropy(Matrix<double> x, Vector<double> y, Vector<double> w) =>
        (x * w).Select((z, i) => Math.Max(z, 0) - y[i] * z + Math.Log(1 + Math.Exp(-Math.Abs(z)))).Average();
}
