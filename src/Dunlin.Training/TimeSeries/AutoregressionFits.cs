using Dunlin.Tensors;
using Dunlin.Training.Data;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Factorization;

namespace Dunlin.Training.TimeSeries;

/// <summary>Autoregressive processes of given order from a series.</summary>
public static class AutoregressionFits
{
    /// <summary>By the estimated autocovariances and <see cref="LevinsonDurbin"/>. The result is stationary, whatever the series.</summary>
    /// <param name="series">x.</param>
    /// <param name="order">p, from 0 to one less than the length.</param>
    /// <exception cref="ShapeException">The series is too short.</exception>
    /// <exception cref="DunlinException">All values are equal.</exception>
    public static Autoregression YuleWalker(ReadOnlySpan<double> series, int order)
    {
        var solution = LevinsonDurbin.Solve(Correlations.Autocovariance(series, order));
        var mean = 0.0;
        foreach (var x in series) mean += x / series.Length;
        return new(solution.Coefficients, solution.NoiseVariance, mean * (1 - solution.Coefficients.Sum()));
    }

    /// <summary>By least squares of xₜ on 1, xₜ₋₁, …, xₜ₋ₚ, through a QR factorisation. The noise's variance is the residuals' sum of squares over T − p − (p + 1).</summary>
    /// <param name="series">x.</param>
    /// <param name="order">p, at least 0.</param>
    /// <exception cref="ShapeException">The series has not more than 2p + 1 values.</exception>
    /// <exception cref="DunlinException">The lagged values depend on each other linearly, as in a series of equal values.</exception>
    public static Autoregression LeastSquares(ReadOnlySpan<double> series, int order)
    {
        Require.AtLeast(nameof(LeastSquares), order, 0);
        var rows = series.Length - order;
        if (rows <= order + 1) throw new ShapeException($"Least squares for order {order} need more than {2 * order + 1} values; got {series.Length}.");
        var x = series.ToArray();
        var lagged = Matrix<double>.Build.Dense(rows, order + 1, (t, i) => i == 0 ? 1 : x[t + order - i]);
        var values = Vector<double>.Build.Dense(x[order..]);
        var solution = lagged.QR(QRMethod.Thin).Solve(values);
        if (!solution.All(double.IsFinite)) throw new DunlinException($"The values at lags 1 to {order} depend on each other linearly; take a lower order.");
        var residuals = values - lagged * solution;
        return new(solution.Skip(1), residuals.DotProduct(residuals) / (rows - order - 1), solution[0]);
    }

    /// <summary>The examples on which a linear layer learns the process: <c>x</c> Float32 [p], the values xₜ₋₁, …, xₜ₋ₚ, and <c>y</c> Float32 [1], the value xₜ.</summary>
    /// <param name="series">x.</param>
    /// <param name="order">p, at least 1.</param>
    /// <exception cref="ShapeException">The series has not more than p values.</exception>
    public static InMemoryDataset Lagged(ReadOnlySpan<double> series, int order)
    {
        Require.AtLeast(nameof(Lagged), order, 1);
        var rows = series.Length - order;
        if (rows < 1) throw new ShapeException($"Examples of order {order} need more than {order} values; got {series.Length}.");
        var (inputs, outputs) = (new float[rows * order], new float[rows]);
        for (var t = 0; t < rows; t++)
        {
            outputs[t] = (float)series[t + order];
            for (var i = 0; i < order; i++) inputs[t * order + i] = (float)series[t + order - 1 - i];
        }
        return new(Column.Of("x", Tensor.From(inputs, [rows, order])), Column.Of("y", Tensor.From(outputs, [rows, 1])));
    }
}
