namespace Dunlin.Graphs.Ops;

/// <summary>Reductions made of others; without axes, over all elements.</summary>
public static partial class Operations
{
    /// <summary>log Σ exp(x), with the maximum subtracted first so that nothing overflows. Gradient: softmax of x.</summary>
    public static Value LogSumExp(this Value x, int[]? axes = null, bool keepDimensions = false)
    {
        var max = x.Max(axes, keepDimensions: true).StopGradient();
        // Of only −∞ (or an ∞) the difference would be NaN.
        var shift = Select(max.IsFinite(), max, max.ZerosLike());
        var result = (x - shift).Exp().Sum(axes, keepDimensions: true).Log() + shift;
        return keepDimensions ? result : result.Sum(axes);
    }

    /// <summary>The mean square of x − mean(x): the biased variance, or Σ (x − mean)² / (n − correction).</summary>
    /// <param name="x">Floating-point numbers.</param>
    /// <param name="axes">The dimensions; null for all.</param>
    /// <param name="keepDimensions">Whether the reduced dimensions stay, with length 1.</param>
    /// <param name="correction">0 for the biased variance, 1 for the unbiased estimate.</param>
    public static Value Variance(this Value x, int[]? axes = null, bool keepDimensions = false, double correction = 0)
    {
        var squares = (x - x.Mean(axes, keepDimensions: true)).Square();
        if (correction == 0) return squares.Mean(axes, keepDimensions);
        var sum = squares.Sum(axes, keepDimensions);
        return sum / (x.Graph.Add(new CountRatio(x.Type), [x, sum]) - correction);
    }

    /// <summary>The square root of <see cref="Variance"/>.</summary>
    /// <inheritdoc cref="Variance"/>
    public static Value StandardDeviation(this Value x, int[]? axes = null, bool keepDimensions = false, double correction = 0) =>
        x.Variance(axes, keepDimensions, correction).Sqrt();

    /// <summary>Σ |x|.</summary>
    public static Value NormL1(this Value x, int[]? axes = null, bool keepDimensions = false) => x.Abs().Sum(axes, keepDimensions);

    /// <summary>Whether all of some truth values hold; true of none.</summary>
    public static Value All(this Value x, int[]? axes = null, bool keepDimensions = false) => Truths(x).Min(axes, keepDimensions) > 0;

    /// <summary>Whether any of some truth values holds; false of none.</summary>
    public static Value Any(this Value x, int[]? axes = null, bool keepDimensions = false) => Truths(x).Max(axes, keepDimensions) > 0;

    private static Value Truths(Value x) => x.Type == DType.Bool ? x.Cast(DType.Int32) : throw new ShapeException($"All and Any take Bool; {x} is none: compare it first.");
}
