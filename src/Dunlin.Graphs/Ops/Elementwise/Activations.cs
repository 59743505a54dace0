using System.Numerics;
using System.Numerics.Tensors;

namespace Dunlin.Graphs.Ops;

public sealed partial record Unary
{
    private const double SeluScale = 1.0507009873554804934;
    private const double SeluAlpha = 1.6732632423543772848;
    private const double RootHalf = 0.70710678118654752440;
    private const double RootTwoOverPi = 0.79788456080286535588;
    private const double GeluCubic = 0.044715;

    /// <summary>ln(1 + eˣ) without overflow. Gradient: dy · σ(x).</summary>
    public static readonly Unary Softplus = new("Softplus", ElementaryMaps.Softplus, ElementaryMaps.Softplus, (x, y, dy) => dy * x.Sigmoid());

    /// <summary>x / (1 + |x|). Gradient: dy / (1 + |x|)².</summary>
    public static readonly Unary Softsign = new("Softsign", ElementaryMaps.Softsign, ElementaryMaps.Softsign, (x, y, dy) => dy / (1 + x.Abs()).Square());

    /// <summary>
    /// Self-normalising unit (Klambauer et al., 2017): λ·x for x > 0, else λ·α·(eˣ − 1), λ = 1.0507…, α = 1.6733…. Gradient: λ·dy, else dy · (y + λ·α).
    /// </summary>
    public static readonly Unary Selu = new("Selu", SeluOf, SeluOf, (x, y, dy) => Operations.Select(x > 0, dy * SeluScale, dy * (y + SeluScale * SeluAlpha)));

    /// <summary>x · Φ(x) with the normal distribution's Φ(x) = ½ · erfc(−x/√2) (Hendrycks and Gimpel, 2016). Gradient: dy · (Φ(x) + x · φ(x)).</summary>
    public static readonly Unary Gelu = new("Gelu", GeluOf, GeluOf,
        (x, y, dy) => dy * (((x * RootHalf).Erf() + 1) * 0.5 + x * (x.Square() * -0.5).Exp() * (RootTwoOverPi / 2)));

    /// <summary>An approximation of <see cref="Gelu"/>: ½ · x · (1 + tanh(√(2/π) · (x + 0.044715 · x³))). Gradient: that of the formula.</summary>
    public static readonly Unary GeluTanh = new("GeluTanh", GeluTanhOf, GeluTanhOf, (x, y, dy) =>
    {
        var t = ((x + x * x.Square() * GeluCubic) * RootTwoOverPi).Tanh();
        return dy * 0.5 * ((1 + t) + x * (1 - t.Square()) * (1 + x.Square() * (3 * GeluCubic)) * RootTwoOverPi);
    });

    /// <summary>x · σ(x), also known as swish. Gradient: dy · (σ(x) + y · (1 − σ(x))).</summary>
    public static readonly Unary Silu = new("Silu", SiluOf, SiluOf, (x, y, dy) =>
    {
        var s = x.Sigmoid();
        return dy * (s + y * (1 - s));
    });

    /// <summary>x · tanh(softplus(x)) (Misra, 2019). Gradient: dy · (t + x · (1 − t²) · σ(x)), t the hyperbolic tangent.</summary>
    public static readonly Unary Mish = new("Mish", MishOf, MishOf, (x, y, dy) =>
    {
        var t = x.Softplus().Tanh();
        return dy * (t + x * (1 - t.Square()) * x.Sigmoid());
    });

    /// <summary>min(max(x, 0), 6). Gradient: dy for 0 &lt; x &lt; 6, else 0.</summary>
    public static readonly Unary Relu6 = new("Relu6", static (x, y) => TensorPrimitives.Clamp(x, 0f, 6f, y), static (x, y) => TensorPrimitives.Clamp(x, 0.0, 6.0, y),
        (x, y, dy) => Inside(x, 0, 6, dy));

    /// <summary>min(max(x / 6 + ½, 0), 1). Gradient: dy / 6 for −3 &lt; x &lt; 3, else 0.</summary>
    public static readonly Unary HardSigmoid = new("HardSigmoid", HardSigmoidOf, HardSigmoidOf, (x, y, dy) => Inside(x, -3, 3, dy * (1.0 / 6)));

    /// <summary>min(max(x, −1), 1). Gradient: dy for −1 &lt; x &lt; 1, else 0.</summary>
    public static readonly Unary HardTanh = new("HardTanh", static (x, y) => TensorPrimitives.Clamp(x, -1f, 1f, y), static (x, y) => TensorPrimitives.Clamp(x, -1.0, 1.0, y),
        (x, y, dy) => Inside(x, -1, 1, dy));

    private static Value Inside(Value x, double low, double high, Value dy) => Operations.Select((x > low) & (x < high), dy, dy.Number(0));

    private static void SeluOf<T>(ReadOnlySpan<T> x, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T> =>
        ElementaryMaps.Elu(x, T.CreateChecked(SeluScale), T.CreateChecked(SeluScale * SeluAlpha), y);

    private static void GeluOf(ReadOnlySpan<float> x, Span<float> y)
    {
        var cdf = (stackalloc float[TileFunction.MaxLength])[..x.Length];
        TensorPrimitives.Multiply(x, (float)RootHalf, cdf);
        ErrorFunction.Erf(cdf, cdf);
        TensorPrimitives.AddMultiply(cdf, 1f, x, cdf);
        TensorPrimitives.Multiply(cdf, 0.5f, y);
    }

    private static void GeluOf(ReadOnlySpan<double> x, Span<double> y)
    {
        for (var i = 0; i < x.Length; i++) y[i] = 0.5 * x[i] * ErrorFunction.Erfc(-x[i] * RootHalf);
    }

    private static void GeluTanhOf<T>(ReadOnlySpan<T> x, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T>
    {
        Span<T> t = (stackalloc T[TileFunction.MaxLength])[..x.Length];
        TensorPrimitives.Multiply(x, x, t);
        TensorPrimitives.Multiply<T>(t, T.CreateChecked(GeluCubic * RootTwoOverPi), t);
        TensorPrimitives.Add<T>(t, T.CreateChecked(RootTwoOverPi), t);
        TensorPrimitives.Multiply(t, x, t);
        TensorPrimitives.Tanh<T>(t, t);
        TensorPrimitives.AddMultiply(t, T.One, x, t);
        TensorPrimitives.Multiply<T>(t, T.CreateChecked(0.5), y);
    }

    private static void SiluOf<T>(ReadOnlySpan<T> x, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T>
    {
        Span<T> s = (stackalloc T[TileFunction.MaxLength])[..x.Length];
        TensorPrimitives.Sigmoid(x, s);
        TensorPrimitives.Multiply(x, s, y);
    }

    private static void MishOf<T>(ReadOnlySpan<T> x, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T>
    {
        Span<T> t = (stackalloc T[TileFunction.MaxLength])[..x.Length];
        ElementaryMaps.Softplus(x, t);
        TensorPrimitives.Tanh<T>(t, t);
        TensorPrimitives.Multiply(x, t, y);
    }

    private static void HardSigmoidOf<T>(ReadOnlySpan<T> x, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T>
    {
        TensorPrimitives.Divide(x, T.CreateChecked(6), y);
        TensorPrimitives.Add<T>(y, T.CreateChecked(0.5), y);
        TensorPrimitives.Clamp<T>(y, T.Zero, T.One, y);
    }
}

/// <summary>Activations.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Unary.Softplus"/>
    public static Value Softplus(this Value x) => x.Graph.Add(Unary.Softplus, [x]);

    /// <inheritdoc cref="Unary.Softsign"/>
    public static Value Softsign(this Value x) => x.Graph.Add(Unary.Softsign, [x]);

    /// <inheritdoc cref="Unary.Selu"/>
    public static Value Selu(this Value x) => x.Graph.Add(Unary.Selu, [x]);

    /// <inheritdoc cref="Unary.Gelu"/>
    public static Value Gelu(this Value x) => x.Graph.Add(Unary.Gelu, [x]);

    /// <inheritdoc cref="Unary.GeluTanh"/>
    public static Value GeluTanh(this Value x) => x.Graph.Add(Unary.GeluTanh, [x]);

    /// <inheritdoc cref="Unary.Silu"/>
    public static Value Silu(this Value x) => x.Graph.Add(Unary.Silu, [x]);

    /// <inheritdoc cref="Unary.Mish"/>
    public static Value Mish(this Value x) => x.Graph.Add(Unary.Mish, [x]);

    /// <inheritdoc cref="Unary.Relu6"/>
    public static Value Relu6(this Value x) => x.Graph.Add(Unary.Relu6, [x]);

    /// <inheritdoc cref="Unary.HardSigmoid"/>
    public static Value HardSigmoid(this Value x) => x.Graph.Add(Unary.HardSigmoid, [x]);

    /// <inheritdoc cref="Unary.HardTanh"/>
    public static Value HardTanh(this Value x) => x.Graph.Add(Unary.HardTanh, [x]);
}
