using Dunlin.Training;
using MathNet.Numerics.LinearAlgebra;

namespace Dunlin.Samples.Regressions;

/// <summary>y = w₀ + w₁x + w₂x² + w₃x³: still linear in w, but x and x³ rise together, so the valley is narrow and momentum pays.</summary>
public static class PolynomialRegression
{
    private static readonly double[] True = [1, -2, 0.5, 0.3];

    public static Comparison Run(ulong seed, int count = 300)
    {
        var inputs = Draws.Uniform(count, seed, "polynomial/x", -2, 2);
        var x = Matrix<double>.Build.Dense(count, 4, (i, j) => Math.Pow(inputs[i], j));
        var y = x * Vector<double>.Build.Dense(True) + Vector<double>.Build.Dense(Draws.Normal(count, seed, "polynomial/noise", deviation: 0.2));

        var descent = LeastSquares.Descend(x, y, Optimizers.Nesterov(0.2));
        return new("Polynomial regression of degree 3, mean squared error", ["w₀", "w₁", "w₂", "w₃"],
            LeastSquares.Judge("true", x, y, True),
            LeastSquares.Judge("QR", x, y, LeastSquares.ByQr(x, y)),
            LeastSquares.Judge("gradient descent", x, y, descent.Coefficients),
            descent.Steps);
    }
}
