using System.Numerics;
using System.Numerics.Tensors;

namespace Dunlin.Graphs.Ops;

public sealed partial record Unary
{
    /// <summary>The cube root, also of negative numbers. Gradient: dy / (3 · y²).</summary>
    public static readonly Unary Cbrt = new("Cbrt", TensorPrimitives.Cbrt, TensorPrimitives.Cbrt, (x, y, dy) => dy / (y.Square() * 3));

    /// <summary>x − trunc(x), which has the sign of x. Gradient: dy.</summary>
    public static readonly Unary Frac = new("Frac", Fraction, Fraction, (x, y, dy) => dy);

    /// <summary>sin(πx) / (πx), 1 at 0. Gradient: dy · (cos(πx) − y) / x, 0 at 0.</summary>
    public static readonly Unary Sinc = new("Sinc", x => x == 0 ? 1 : double.SinPi(x) / (Math.PI * x), (x, y, dy) =>
    {
        var isZero = x.EqualTo(x.Number(0));
        return Operations.Select(isZero, x.Number(0), dy * ((x * Math.PI).Cos() - y) / Operations.Select(isZero, x.Number(1), x));
    });

    /// <summary>ln(x / (1 − x)), the inverse of <see cref="Sigmoid"/>; NaN outside 0 to 1. Gradient: dy / (x · (1 − x)).</summary>
    public static readonly Unary Logit = new("Logit", x => Math.Log(x) - SpecialFunctions.Log1p(-x), (x, y, dy) => dy / (x * (1 - x)));

    private static void Fraction<T>(ReadOnlySpan<T> x, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T>
    {
        for (var i = 0; i < x.Length; i++) y[i] = x[i] - T.Truncate(x[i]);
    }
}

public sealed partial record Binary
{
    /// <summary>a · ln b, and 0 where a is 0 (NaN where b is NaN). Gradients: dy · ln b (0 where a is 0 and b ≤ 0), dy · a / b.</summary>
    public static readonly Binary Xlogy = new("Xlogy", static (a, b) => a == 0 && !double.IsNaN(b) ? 0 : a * Math.Log(b), (a, b, y, dy) =>
    {
        var isEdge = a.EqualTo(a.Number(0)) & (b <= 0);
        return (Operations.Select(isEdge, dy.Number(0), dy * Operations.Select(isEdge, b.Number(1), b).Log()), dy * a / b);
    });

    /// <summary>a · ln(1 + b), and 0 where a is 0 (NaN where b is NaN). Gradients: dy · ln(1 + b) (0 where a is 0 and b ≤ −1), dy · a / (1 + b).</summary>
    public static readonly Binary Xlog1py = new("Xlog1py", static (a, b) => a == 0 && !double.IsNaN(b) ? 0 : a * SpecialFunctions.Log1p(b), (a, b, y, dy) =>
    {
        var isEdge = a.EqualTo(a.Number(0)) & (b <= -1);
        return (Operations.Select(isEdge, dy.Number(0), dy * Operations.Select(isEdge, b.Number(1), b).Log1p()), dy * a / (1 + b));
    });

    /// <summary>ln(eᵃ + eᵇ) without overflow. Gradients: dy · σ(a − b), dy · σ(b − a).</summary>
    public static readonly Binary LogAddExp = new("LogAddExp", static (a, b) => a == b ? a + Ln2 : Math.Max(a, b) + SpecialFunctions.Log1p(Math.Exp(-Math.Abs(a - b))),
        (a, b, y, dy) => (dy * (a - b).Sigmoid(), dy * (b - a).Sigmoid()));

    /// <summary>|a| with the sign of b, also of −0 and NaN. Gradients: dy or −dy for a as its sign stayed or not, 0 at 0; none for b.</summary>
    public static readonly Binary CopySign = new("CopySign", new(SignCopied), new(SignCopied), (a, b, y, dy) => (dy * a.Sign() * y.Sign(), null));

    /// <summary>The number next to a in the direction of b, in the element type; a itself where they are equal. It takes Float32 and Float64.</summary>
    public static readonly Binary NextAfter = new("NextAfter", new(Next), new(Next), null, noGradient: "Neighbouring numbers are a matter of representation, not of calculus.");

    /// <summary>0 for a &lt; 0, 1 for a > 0, b for a = 0; NaN of NaN.</summary>
    public static readonly Binary Heaviside = new("Heaviside", new(StepOf), new(StepOf), null, new(StepOf), new(StepOf), "It is constant almost everywhere.");

    private const double Ln2 = 0.69314718055994530942;

    private static void SignCopied<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T> => TensorPrimitives.CopySign(a, b, y);

    private static void Next<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T>
    {
        for (var i = 0; i < a.Length; i++)
            y[i] = T.IsNaN(b[i]) ? b[i] : a[i] < b[i] ? T.BitIncrement(a[i]) : a[i] > b[i] ? T.BitDecrement(a[i]) : a[i];
    }

    private static void StepOf<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> y) where T : unmanaged, INumber<T>
    {
        for (var i = 0; i < a.Length; i++) y[i] = T.IsNaN(a[i]) ? a[i] : a[i] == T.Zero ? b[i] : a[i] > T.Zero ? T.One : T.Zero;
    }
}

/// <summary>Odds and ends of numerics.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Unary.Cbrt"/>
    public static Value Cbrt(this Value x) => x.Graph.Add(Unary.Cbrt, [x]);

    /// <inheritdoc cref="Unary.Frac"/>
    public static Value Frac(this Value x) => x.Graph.Add(Unary.Frac, [x]);

    /// <inheritdoc cref="Unary.Sinc"/>
    public static Value Sinc(this Value x) => x.Graph.Add(Unary.Sinc, [x]);

    /// <summary>ln(x / (1 − x)), of x clipped to margin … 1 − margin if a margin is given; see <see cref="Unary.Logit"/>.</summary>
    public static Value Logit(this Value x, double margin = 0) => x.Graph.Add(Unary.Logit, [margin == 0 ? x : x.Clip(margin, 1 - margin)]);

    /// <inheritdoc cref="Binary.Xlogy"/>
    public static Value Xlogy(this Value a, Value b) => a.Graph.Add(Binary.Xlogy, [a, b]);

    /// <inheritdoc cref="Binary.Xlog1py"/>
    public static Value Xlog1py(this Value a, Value b) => a.Graph.Add(Binary.Xlog1py, [a, b]);

    /// <inheritdoc cref="Binary.LogAddExp"/>
    public static Value LogAddExp(this Value a, Value b) => a.Graph.Add(Binary.LogAddExp, [a, b]);

    /// <inheritdoc cref="Binary.CopySign"/>
    public static Value CopySign(this Value a, Value b) => a.Graph.Add(Binary.CopySign, [a, b]);

    /// <inheritdoc cref="Binary.NextAfter"/>
    public static Value NextAfter(this Value a, Value b) => a.Graph.Add(Binary.NextAfter, [a, b]);

    /// <inheritdoc cref="Binary.Heaviside"/>
    public static Value Heaviside(this Value a, Value b) => a.Graph.Add(Binary.Heaviside, [a, b]);

    /// <summary>Degrees to radians: x · π / 180.</summary>
    public static Value DegreesToRadians(this Value x) => x * (Math.PI / 180);

    /// <summary>Radians to degrees: x · 180 / π.</summary>
    public static Value RadiansToDegrees(this Value x) => x * (180 / Math.PI);

    /// <summary>
    /// Whether |a − b| ≤ absolute + relative · |b|, as in NumPy: equal infinities are close to each other, NaN to nothing unless
    /// <paramref name="equalNaN"/> says that it is to NaN.
    /// </summary>
    public static Value IsClose(this Value a, Value b, double relative = 1e-5, double absolute = 1e-8, bool equalNaN = false)
    {
        if (!a.Type.IsFloat()) return a.Cast(DType.Float64).IsClose(b.Cast(DType.Float64), relative, absolute);
        var close = a.EqualTo(b) | (((a - b).Abs() <= b.Abs() * relative + absolute) & b.IsFinite());
        return equalNaN ? close | (a.IsNaN() & b.IsNaN()) : close;
    }
}
