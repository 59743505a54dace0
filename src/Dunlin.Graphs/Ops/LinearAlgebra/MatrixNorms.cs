namespace Dunlin.Graphs.Ops;

/// <summary>Which norm of a matrix.</summary>
public enum MatrixNormKind
{
    /// <summary>√Σ aᵢⱼ².</summary>
    Frobenius,
    /// <summary>The sum of the singular values.</summary>
    Nuclear,
    /// <summary>The largest singular value.</summary>
    Spectral,
}

/// <summary>Sizes of matrices.</summary>
public static partial class Operations
{
    /// <summary>A norm of each of the matrices […, m, n]. The gradient is undefined at zero matrices, the second order where singular values are equal.</summary>
    public static Value MatrixNorm(this Value a, MatrixNormKind kind = MatrixNormKind.Frobenius) => kind switch
    {
        MatrixNormKind.Frobenius => a.NormL2([-2, -1]),
        MatrixNormKind.Nuclear => a.SingularValues().Sum([-1]),
        _ => a.SingularValues().Max([-1]),
    };

    /// <summary>The largest singular value divided by the least, of matrices […, m, n]; ∞ where the least is 0.</summary>
    public static Value ConditionNumber(this Value a)
    {
        var s = a.SingularValues();
        return s.Max([-1]) / s.Min([-1]);
    }

    /// <summary>The number of singular values greater than a tolerance times the largest, Int64 […]. It has no gradient: it is constant almost everywhere.</summary>
    /// <param name="a">Matrices […, m, n].</param>
    /// <param name="tolerance">Relative to the largest singular value; null for max(m, n) times the element type's precision.</param>
    public static Value MatrixRank(this Value a, double? tolerance = null)
    {
        var s = a.SingularValues();
        var relative = tolerance is { } t
            ? s.Number(t)
            : Precision.Of(a.Type) * a.ShapeOf().StridedSlice(^2..).Max().Cast(a.Type);
        return (s > relative * s.Max([-1], keepDimensions: true)).Cast(DType.Int64).Sum([-1]);
    }
}
