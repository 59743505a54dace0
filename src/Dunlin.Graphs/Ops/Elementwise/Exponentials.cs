using System.Numerics.Tensors;

namespace Dunlin.Graphs.Ops;

public sealed partial record Unary
{
    private const double Ln2 = 0.69314718055994530942;
    private const double Ln10 = 2.3025850929940456840;

    /// <summary>1 / x. Gradient: −dy · y².</summary>
    public static readonly Unary Reciprocal = new("Reciprocal", TensorPrimitives.Reciprocal, TensorPrimitives.Reciprocal, (x, y, dy) => -(dy * y.Square()));

    /// <summary>1 / √x. Gradient: −dy · y³ / 2.</summary>
    public static readonly Unary Rsqrt = new("Rsqrt", TensorPrimitives.ReciprocalSqrt, TensorPrimitives.ReciprocalSqrt, (x, y, dy) => dy * -0.5 * y * y.Square());

    /// <summary>2ˣ. Gradient: dy · y · ln 2.</summary>
    public static readonly Unary Exp2 = new("Exp2", TensorPrimitives.Exp2, TensorPrimitives.Exp2, (x, y, dy) => dy * y * Ln2);

    /// <summary>eˣ − 1, precise near 0. Gradient: dy · (y + 1).</summary>
    public static readonly Unary Expm1 = new("Expm1", ElementaryMaps.Expm1, ElementaryMaps.Expm1, (x, y, dy) => dy * (y + 1));

    /// <summary>ln(1 + x), precise near 0. Gradient: dy / (1 + x).</summary>
    public static readonly Unary Log1p = new("Log1p", ElementaryMaps.Log1p, ElementaryMaps.Log1p, (x, y, dy) => dy / (x + 1));

    /// <summary>Logarithm to base 2. Gradient: dy / (x · ln 2).</summary>
    public static readonly Unary Log2 = new("Log2", TensorPrimitives.Log2, TensorPrimitives.Log2, (x, y, dy) => dy / (x * Ln2));

    /// <summary>Logarithm to base 10. Gradient: dy / (x · ln 10).</summary>
    public static readonly Unary Log10 = new("Log10", TensorPrimitives.Log10, TensorPrimitives.Log10, (x, y, dy) => dy / (x * Ln10));
}

/// <summary>Powers and logarithms.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Unary.Reciprocal"/>
    public static Value Reciprocal(this Value x) => x.Graph.Add(Unary.Reciprocal, [x]);

    /// <inheritdoc cref="Unary.Rsqrt"/>
    public static Value Rsqrt(this Value x) => x.Graph.Add(Unary.Rsqrt, [x]);

    /// <inheritdoc cref="Unary.Exp2"/>
    public static Value Exp2(this Value x) => x.Graph.Add(Unary.Exp2, [x]);

    /// <inheritdoc cref="Unary.Expm1"/>
    public static Value Expm1(this Value x) => x.Graph.Add(Unary.Expm1, [x]);

    /// <inheritdoc cref="Unary.Log1p"/>
    public static Value Log1p(this Value x) => x.Graph.Add(Unary.Log1p, [x]);

    /// <inheritdoc cref="Unary.Log2"/>
    public static Value Log2(this Value x) => x.Graph.Add(Unary.Log2, [x]);

    /// <inheritdoc cref="Unary.Log10"/>
    public static Value Log10(this Value x) => x.Graph.Add(Unary.Log10, [x]);
}
