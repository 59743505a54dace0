using System.Numerics.Tensors;

namespace Dunlin.Graphs.Ops;

/// <summary>Sums of probabilities that are given by their logarithms; −∞ stands for 0.</summary>
internal static class LogSpace
{
    /// <summary>log(eᵃ + eᵇ).</summary>
    public static double Add(double a, double b)
    {
        if (double.IsNegativeInfinity(a)) return b;
        if (double.IsNegativeInfinity(b)) return a;
        return Math.Max(a, b) + Math.Log(1 + Math.Exp(-Math.Abs(a - b)));
    }

    /// <summary>log Σ exp(x). The elements of x are used up.</summary>
    public static double Sum(Span<double> x)
    {
        if (x.IsEmpty) return double.NegativeInfinity;
        var max = TensorPrimitives.Max<double>(x);
        if (double.IsInfinity(max) || double.IsNaN(max)) return max;
        TensorPrimitives.Subtract(x, max, x);
        TensorPrimitives.Exp<double>(x, x);
        return max + Math.Log(TensorPrimitives.Sum<double>(x));
    }
}
