using Dunlin.Tensors;
using MathNet.Numerics.LinearAlgebra;

namespace Dunlin.Samples.Hpc;

/// <summary>Find w with X · w ≈ y: the least mean of (x · w − y)² / 2 over n examples.</summary>
public sealed class LeastSquares
{
    private readonly double[] _x, _y;

    /// <summary>Draws a problem: inputs whose variances fall from 1 to 1/10, so that descent is faster in some directions than in others.</summary>
    /// <param name="examples">n.</param>
    /// <param name="inputs">d, at least 2.</param>
    /// <param name="noise">The deviation of what no w explains.</param>
    /// <param name="seed">Chooses everything random.</param>
    public LeastSquares(int examples, int inputs, double noise, ulong seed)
    {
        (Examples, Inputs) = (examples, inputs);
        (_x, _y) = (new double[examples * inputs], new double[examples]);
        var truth = new double[inputs];
        Philox.FillNormal(_x, new PhiloxKey(seed, PhiloxKey.StreamOf("hpc/x")));
        Philox.FillNormal(_y, new PhiloxKey(seed, PhiloxKey.StreamOf("hpc/noise")), deviation: noise);
        Philox.FillNormal(truth, new PhiloxKey(seed, PhiloxKey.StreamOf("hpc/truth")));
        for (var i = 0; i < examples; i++)
            for (var j = 0; j < inputs; j++)
            {
                _x[i * inputs + j] *= Math.Pow(10, -0.5 * j / (inputs - 1));
                _y[i] += _x[i * inputs + j] * truth[j];
            }
    }

    /// <summary>n.</summary>
    public int Examples { get; }

    /// <summary>d.</summary>
    public int Inputs { get; }

    /// <summary>(a) The minimum in one go: the normal equations XᵀX · w = Xᵀy, by Cholesky's factorisation.</summary>
    public double[] Solve()
    {
        var x = Matrix<double>.Build.Dense(Examples, Inputs, (i, j) => _x[i * Inputs + j]);
        return [.. x.TransposeThisAndMultiply(x).Cholesky().Solve(x.TransposeThisAndMultiply(Vector<double>.Build.Dense(_y)))];
    }

    /// <summary>The curvatures: eigenvalues of XᵀX / n, ascending.</summary>
    public double[] Curvatures()
    {
        var x = Matrix<double>.Build.Dense(Examples, Inputs, (i, j) => _x[i * Inputs + j]);
        return [.. (x.TransposeThisAndMultiply(x) / Examples).Evd(Symmetricity.Symmetric).EigenValues.Select(value => value.Real).Order()];
    }

    /// <summary>The loss of all examples.</summary>
    public double Loss(ReadOnlySpan<double> w)
    {
        var sum = 0.0;
        for (var i = 0; i < Examples; i++) sum += Math.Pow(Residual(i, w), 2);
        return sum / (2 * Examples);
    }

    /// <summary>Adds weight × the gradient of each example's loss, x (x · w − y).</summary>
    public void AddGradient(ReadOnlySpan<double> w, ReadOnlySpan<int> examples, double weight, Span<double> gradient)
    {
        foreach (var i in examples)
        {
            var residual = weight * Residual(i, w);
            for (var j = 0; j < Inputs; j++) gradient[j] += residual * _x[i * Inputs + j];
        }
    }

    /// <summary>A step's batch: examples drawn with replacement, the same wherever it is drawn, since it depends on seed and step alone.</summary>
    public int[] Batch(int size, int step, ulong seed)
    {
        var drawn = new long[size];
        Philox.FillIntegers(drawn, 0, Examples, new PhiloxKey(seed, PhiloxKey.StreamOf("hpc/batch")).At(step));
        return [.. drawn.Select(i => (int)i)];
    }

    private double Residual(int i, ReadOnlySpan<double> w)
    {
        var prediction = 0.0;
        for (var j = 0; j < Inputs; j++) prediction += _x[i * Inputs + j] * w[j];
        return prediction - _y[i];
    }
}
