using Dunlin.Graphs.Ops;
using Dunlin.Training;
using MathNet.Numerics.LinearAlgebra;

namespace Dunlin.Samples.Regressions;

/// <summary>Least squares for models that are linear in their coefficients: y ≈ X · w.</summary>
public static class LeastSquares
{
    /// <summary>The normal equations XᵀX · w = Xᵀy, by Cholesky's factorisation.</summary>
    public static Vector<double> NormalEquations(Matrix<double> x, Vector<double> y) =>
        x.TransposeThisAndMultiply(x).Cholesky().Solve(x.TransposeThisAndMultiply(y));

    /// <summary>The same minimum by X = QR, which never forms XᵀX and so does not square the condition number.</summary>
    public static Vector<double> ByQr(Matrix<double> x, Vector<double> y) => x.QR(MathNet.Numerics.LinearAlgebra.Factorization.QRMethod.Thin).Solve(y);

    /// <summary>The same minimum by gradient descent on standardised inputs.</summary>
    public static Descent Descend(Matrix<double> x, Vector<double> y, Optimizer optimizer)
    {
        var standard = new Standardization(x);
        var descent = GradientDescent.Minimize(new double[x.ColumnCount], w =>
        {
            var prediction = w.Graph.Constant(standard.Scaled).MatMul(w.Reshape([x.ColumnCount, 1])).Reshape([x.RowCount]);
            return Losses.Squared(prediction, w.Graph.Constant(y));
        }, optimizer);
        return descent with { Coefficients = standard.Unscale(descent.Coefficients) };
    }

    /// <summary>The answer and its mean squared error.</summary>
    public static Answer Judge(string method, Matrix<double> x, Vector<double> y, IEnumerable<double> coefficients)
    {
        var w = Vector<double>.Build.DenseOfEnumerable(coefficients);
        return new(method, w.ToArray(), (x * w - y).PointwisePower(2).Average());
    }
}
