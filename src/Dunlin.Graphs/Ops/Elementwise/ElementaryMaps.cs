using System.Numerics;
using System.Numerics.Tensors;

namespace Dunlin.Graphs.Ops;

/// <summary>Functions that TensorPrimitives lacks, or computes less precisely than the type allows. A span has at most a tile's length; y may be x.</summary>
internal static class ElementaryMaps
{
    /// <summary>
    /// log(1 + x). The logarithm of the rounded sum u, corrected for what the rounding lost: log u − ((u − 1) − x) / u
    /// (Higham, Accuracy and Stability of Numerical Algorithms, 2002, problem 1.5).
    /// </summary>
    public static void Log1p<T>(ReadOnlySpan<T> x, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T>
    {
        Span<T> sum = (stackalloc T[TileFunction.MaxLength])[..x.Length];
        Span<T> logarithm = (stackalloc T[TileFunction.MaxLength])[..x.Length];
        TensorPrimitives.Add(x, T.One, sum);
        TensorPrimitives.Log<T>(sum, logarithm);
        for (var i = 0; i < x.Length; i++)
        {
            var u = sum[i];
            y[i] = T.IsFinite(logarithm[i]) ? logarithm[i] - ((u - T.One) - x[i]) / u : logarithm[i];
        }
    }

    /// <summary>exp(x) − 1, as (u − 1) · x / log u with u = exp x, where the errors of u cancel (Kahan; Higham 2002, section 1.14.1).</summary>
    public static void Expm1<T>(ReadOnlySpan<T> x, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T>
    {
        Span<T> power = (stackalloc T[TileFunction.MaxLength])[..x.Length];
        Span<T> logarithm = (stackalloc T[TileFunction.MaxLength])[..x.Length];
        TensorPrimitives.Exp(x, power);
        TensorPrimitives.Log<T>(power, logarithm);
        for (var i = 0; i < x.Length; i++)
        {
            var less = power[i] - T.One;
            y[i] = less == T.Zero ? x[i] : less == -T.One || T.IsInfinity(less) ? less : less * x[i] / logarithm[i];
        }
    }

    /// <summary>log(1 + eˣ) = max(x, 0) + log(1 + exp(−|x|)), which never overflows.</summary>
    public static void Softplus<T>(ReadOnlySpan<T> x, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T>
    {
        Span<T> decay = (stackalloc T[TileFunction.MaxLength])[..x.Length];
        Decay(x, decay);
        for (var i = 0; i < x.Length; i++) y[i] = T.Max(x[i], T.Zero) + decay[i];
    }

    /// <summary>x / (1 + |x|).</summary>
    public static void Softsign<T>(ReadOnlySpan<T> x, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T>
    {
        Span<T> size = (stackalloc T[TileFunction.MaxLength])[..x.Length];
        TensorPrimitives.Abs(x, size);
        TensorPrimitives.Add<T>(size, T.One, size);
        TensorPrimitives.Divide(x, size, y);
    }

    /// <summary>slope · x for x > 0, else alpha · (eˣ − 1).</summary>
    public static void Elu<T>(ReadOnlySpan<T> x, T slope, T alpha, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T>
    {
        Span<T> less = (stackalloc T[TileFunction.MaxLength])[..x.Length];
        Expm1(x, less);
        for (var i = 0; i < x.Length; i++) y[i] = x[i] > T.Zero ? slope * x[i] : alpha * less[i];
    }

    /// <summary>log(1 + exp(−|x|)). Unlike elsewhere, y is not x.</summary>
    public static void Decay<T>(ReadOnlySpan<T> x, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T>
    {
        TensorPrimitives.Abs(x, y);
        TensorPrimitives.Negate<T>(y, y);
        TensorPrimitives.Exp<T>(y, y);
        Log1p<T>(y, y);
    }
}
