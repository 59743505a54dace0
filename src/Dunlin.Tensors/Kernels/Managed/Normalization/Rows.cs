using System.Numerics;
using System.Numerics.Tensors;

namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>What normalisations do with contiguous elements.</summary>
internal static unsafe class Rows<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    public static T Sum(T* x, int count) => TensorPrimitives.Sum(new ReadOnlySpan<T>(x, count));

    /// <summary>Σ (x − mean)².</summary>
    public static T SumOfSquares(T* x, T mean, int count) => SumOfProducts(x, mean, x, mean, count);

    /// <summary>Σ (x − xOrigin) · (y − yOrigin).</summary>
    public static T SumOfProducts(T* x, T xOrigin, T* y, T yOrigin, int count)
    {
        var (xOrigins, yOrigins) = (new Vector<T>(xOrigin), new Vector<T>(yOrigin));
        var (even, odd) = (Vector<T>.Zero, Vector<T>.Zero);
        var i = 0;
        for (; i + 2 * Vector<T>.Count <= count; i += 2 * Vector<T>.Count)
        {
            even += (Vector.Load(x + i) - xOrigins) * (Vector.Load(y + i) - yOrigins);
            odd += (Vector.Load(x + i + Vector<T>.Count) - xOrigins) * (Vector.Load(y + i + Vector<T>.Count) - yOrigins);
        }
        var sum = Vector.Sum(even + odd);
        for (; i < count; i++) sum += (x[i] - xOrigin) * (y[i] - yOrigin);
        return sum;
    }

    /// <summary>y = (x − origin) · factor + addend.</summary>
    public static void Scale(T* x, T origin, T factor, T addend, T* y, int count)
    {
        var (origins, factors, addends) = (new Vector<T>(origin), new Vector<T>(factor), new Vector<T>(addend));
        var i = 0;
        for (; i + Vector<T>.Count <= count; i += Vector<T>.Count) ((Vector.Load(x + i) - origins) * factors + addends).Store(y + i);
        for (; i < count; i++) y[i] = (x[i] - origin) * factor + addend;
    }

    /// <summary>dx = factor · (dy − dyMean − (x − mean) · slope): the gradient through the statistics of a group.</summary>
    public static void Gradient(T* x, T mean, T slope, T* dy, T dyMean, T factor, T* dx, int count)
    {
        var (means, slopes, dyMeans, factors) = (new Vector<T>(mean), new Vector<T>(slope), new Vector<T>(dyMean), new Vector<T>(factor));
        var i = 0;
        for (; i + Vector<T>.Count <= count; i += Vector<T>.Count)
            (factors * (Vector.Load(dy + i) - dyMeans - (Vector.Load(x + i) - means) * slopes)).Store(dx + i);
        for (; i < count; i++) dx[i] = factor * (dy[i] - dyMean - (x[i] - mean) * slope);
    }

    /// <summary>1 / √(variance + ε).</summary>
    public static T InverseDeviation(T variance, double epsilon) => T.One / T.Sqrt(variance + T.CreateChecked(epsilon));
}
