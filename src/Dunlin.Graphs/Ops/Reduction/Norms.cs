namespace Dunlin.Graphs.Ops;

/// <summary>Norms and other reductions made of others; without axes, over all elements.</summary>
public static partial class Operations
{
    /// <summary>√(Σ x²). Where all x are 0, its gradient is taken as 0: one of its subgradients.</summary>
    public static Value NormL2(this Value x, int[]? axes = null, bool keepDimensions = false) => Root(x.Square().Sum(axes, keepDimensions), s => s.Sqrt());

    /// <summary>(Σ |x|ᵖ)¹ᐟᵖ; for p = ∞ the largest |x|, for −∞ the smallest, for 0 the number of x ≠ 0. Where all x are 0, its gradient is taken as 0; for p &lt; 1 it is not finite where any is.</summary>
    public static Value Norm(this Value x, double p, int[]? axes = null, bool keepDimensions = false) => p switch
    {
        double.PositiveInfinity => x.Abs().Max(axes, keepDimensions),
        double.NegativeInfinity => x.Abs().Min(axes, keepDimensions),
        0 => x.NotEqualTo(x.Number(0)).Cast(x.Type).Sum(axes, keepDimensions),
        1 => x.NormL1(axes, keepDimensions),
        2 => x.NormL2(axes, keepDimensions),
        _ => Root(x.Abs().Pow(x.Number(p)).Sum(axes, keepDimensions), s => s.Pow(s.Number(1 / p))),
    };

    /// <summary>How many elements are not 0 (or true), as Int64.</summary>
    public static Value CountNonZero(this Value x, int[]? axes = null, bool keepDimensions = false) =>
        (x.Type == DType.Bool ? x : x.NotEqualTo(x.Number(0))).Cast(DType.Int64).Sum(axes, keepDimensions);

    /// <summary>The entropy −Σ p · log p of probabilities in nats, where 0 · log 0 is 0.</summary>
    public static Value Entropy(this Value probabilities, int[]? axes = null, bool keepDimensions = false)
    {
        var positive = probabilities > 0;
        var safe = Select(positive, probabilities, probabilities.OnesLike());
        return -(Select(positive, probabilities, probabilities.ZerosLike()) * safe.Log()).Sum(axes, keepDimensions);
    }

    /// <summary>Whether |a − b| ≤ absolute + relative · |b| for all elements, as in NumPy: a Bool scalar. Infinities of one sign are close; NaN is close to nothing unless <paramref name="equalNaN"/>.</summary>
    public static Value AllClose(Value a, Value b, double relative = 1e-5, double absolute = 1e-8, bool equalNaN = false)
    {
        var close = ((a - b).Abs() <= b.Abs() * relative + absolute) & a.IsFinite() & b.IsFinite() | a.EqualTo(b);
        return (equalNaN ? close | (a.IsNaN() & b.IsNaN()) : close).All();
    }

    /// <summary>A root of a sum of non-negative terms whose gradient is 0, not NaN, where the sum is.</summary>
    private static Value Root(Value sum, Func<Value, Value> root)
    {
        var zero = sum.EqualTo(sum.Number(0));
        return Select(zero, sum.ZerosLike(), root(Select(zero, sum.OnesLike(), sum)));
    }
}
