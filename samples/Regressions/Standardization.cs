using MathNet.Numerics.LinearAlgebra;

namespace Dunlin.Samples.Regressions;

/// <summary>
/// Inputs shifted and scaled to mean 0 and deviation 1. Gradient descent needs it: the steps it takes grow with the condition number of
/// XᵀX, which columns of unequal size or far from zero make huge.
/// </summary>
/// <remarks>Column 0 of the design matrix is all ones and stays.</remarks>
public sealed class Standardization
{
    private readonly double[] _means;
    private readonly double[] _deviations;

    public Standardization(Matrix<double> x)
    {
        _means = [.. x.EnumerateColumns().Select(column => column.Average())];
        _deviations = [.. x.EnumerateColumns().Select((column, j) => Math.Sqrt(column.Select(v => (v - _means[j]) * (v - _means[j])).Average()))];
        (_means[0], _deviations[0]) = (0, 1);
        Scaled = Matrix<double>.Build.Dense(x.RowCount, x.ColumnCount, (i, j) => (x[i, j] - _means[j]) / _deviations[j]);
    }

    /// <summary>The standardised design matrix.</summary>
    public Matrix<double> Scaled { get; }

    /// <summary>Coefficients for the inputs as they were, from those for the standardised ones.</summary>
    public double[] Unscale(double[] coefficients)
    {
        double[] unscaled = [.. coefficients.Select((w, j) => w / _deviations[j])];
        unscaled[0] -= unscaled.Select((w, j) => w * _means[j]).Sum();
        return unscaled;
    }
}
