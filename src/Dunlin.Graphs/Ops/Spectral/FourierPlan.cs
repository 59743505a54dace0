using System.Numerics;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// The discrete Fourier transform y[k] = Σⱼ x[j] · exp(−2πi jk / n) of one length, whose roots of unity are computed once. Real and imaginary parts
/// stand apart; exchanging them, of x and of y, gives the inverse without its factor 1 / n.
/// </summary>
internal abstract unsafe class FourierPlan<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>Lengths with a greater prime factor are transformed as convolutions.</summary>
    private const int LargestFactor = 61;

    /// <summary>The number of elements.</summary>
    public required int Length { get; init; }

    /// <summary>How many numbers of working memory <see cref="Run"/> wants.</summary>
    public abstract long Scratch { get; }

    /// <summary>Transforms; x is left as it is and must not overlap y.</summary>
    public abstract void Run(T* xRe, T* xIm, T* yRe, T* yIm, T* scratch);

    /// <summary>The plan for a length, at least 1.</summary>
    public static FourierPlan<T> Of(int length)
    {
        var factors = new List<int>();
        var rest = length;
        foreach (var factor in Enumerable.Range(2, LargestFactor - 1).Prepend(4))
            for (; rest % factor == 0; rest /= factor) factors.Add(factor);
        return rest == 1 ? new StockhamPlan<T>([.. factors]) { Length = length } : new BluesteinPlan<T>(length) { Length = length };
    }

    /// <summary>exp(−2πi · numerator / denominator), as precise as T allows.</summary>
    protected static (T Re, T Im) Root(long numerator, long denominator)
    {
        var (sin, cos) = Math.SinCos(-2 * Math.PI * (numerator % denominator) / denominator);
        return (T.CreateChecked(cos), T.CreateChecked(sin));
    }
}
