using Dunlin.Training;
using MathNet.Numerics.LinearAlgebra;

namespace Dunlin.Samples.Regressions;

/// <summary>y = w₀ + w₁x₁ + w₂x₂ + w₃x₃, from inputs of very unequal size.</summary>
public static class LinearRegression
{
    private static readonly double[] True = [2, 1.5, -3, 0.04];

    public static Comparison Run(ulong seed, int count = 500)
    {
        double[][] inputs =
        [
            Draws.Normal(count, seed, "linear/x1"),
            Draws.Normal(count, seed, "linear/x2", mean: 10, deviation: 0.5),
            Draws.Normal(count, seed, "linear/x3", mean: -20, deviation: 50),
        ];
        var x = Matrix<double>.Build.Dense(count, 4, (i, j) => j == 0 ? 1 : inputs[j - 1][i]);
        var y = x * Vector<double>.Build.Dense(True) + Vector<double>.Build.Dense(Draws.Normal(count, seed, "linear/noise", deviation: 0.3));

        var descent = LeastSquares.Descend(x, y, Optimizers.Sgd(0.2));
        return new("Linear regression, mean squared error", ["w₀", "w₁", "w₂", "w₃"],
            LeastSquares.Judge("true", x, y, True),
            LeastSquares.Judge("normal equations", x, y, LeastSquares.NormalEquations(x, y)),
            LeastSquares.Judge("gradient descent", x, y, descent.Coefficients),
            descent.Steps);
    }
}
