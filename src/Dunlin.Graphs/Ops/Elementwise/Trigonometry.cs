using System.Numerics.Tensors;

namespace Dunlin.Graphs.Ops;

public sealed partial record Unary
{
    /// <summary>Sine of x in radians. Gradient: dy · cos x.</summary>
    public static readonly Unary Sin = new("Sin", TensorPrimitives.Sin, TensorPrimitives.Sin, (x, y, dy) => dy * x.Cos());

    /// <summary>Cosine of x in radians. Gradient: −dy · sin x.</summary>
    public static readonly Unary Cos = new("Cos", TensorPrimitives.Cos, TensorPrimitives.Cos, (x, y, dy) => -(dy * x.Sin()));

    /// <summary>Tangent of x in radians. Gradient: dy · (1 + y²).</summary>
    public static readonly Unary Tan = new("Tan", TensorPrimitives.Tan, TensorPrimitives.Tan, (x, y, dy) => dy * (1 + y.Square()));

    /// <summary>Inverse sine, −π/2 to π/2; NaN outside −1 to 1. Gradient: dy / √(1 − x²).</summary>
    public static readonly Unary Asin = new("Asin", TensorPrimitives.Asin, TensorPrimitives.Asin, (x, y, dy) => dy / (1 - x.Square()).Sqrt());

    /// <summary>Inverse cosine, 0 to π; NaN outside −1 to 1. Gradient: −dy / √(1 − x²).</summary>
    public static readonly Unary Acos = new("Acos", TensorPrimitives.Acos, TensorPrimitives.Acos, (x, y, dy) => -(dy / (1 - x.Square()).Sqrt()));

    /// <summary>Inverse tangent, −π/2 to π/2. Gradient: dy / (1 + x²).</summary>
    public static readonly Unary Atan = new("Atan", TensorPrimitives.Atan, TensorPrimitives.Atan, (x, y, dy) => dy / (1 + x.Square()));

    /// <summary>Hyperbolic sine. Gradient: dy · cosh x.</summary>
    public static readonly Unary Sinh = new("Sinh", TensorPrimitives.Sinh, TensorPrimitives.Sinh, (x, y, dy) => dy * x.Cosh());

    /// <summary>Hyperbolic cosine. Gradient: dy · sinh x.</summary>
    public static readonly Unary Cosh = new("Cosh", TensorPrimitives.Cosh, TensorPrimitives.Cosh, (x, y, dy) => dy * x.Sinh());

    /// <summary>Inverse hyperbolic sine. Gradient: dy / √(x² + 1).</summary>
    public static readonly Unary Asinh = new("Asinh", TensorPrimitives.Asinh, TensorPrimitives.Asinh, (x, y, dy) => dy / (x.Square() + 1).Sqrt());

    /// <summary>Inverse hyperbolic cosine; NaN below 1. Gradient: dy / √(x² − 1).</summary>
    public static readonly Unary Acosh = new("Acosh", TensorPrimitives.Acosh, TensorPrimitives.Acosh, (x, y, dy) => dy / (x.Square() - 1).Sqrt());

    /// <summary>Inverse hyperbolic tangent; NaN outside −1 to 1. Gradient: dy / (1 − x²).</summary>
    public static readonly Unary Atanh = new("Atanh", TensorPrimitives.Atanh, TensorPrimitives.Atanh, (x, y, dy) => dy / (1 - x.Square()));
}

/// <summary>Functions of angles, and their hyperbolic kin.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Unary.Sin"/>
    public static Value Sin(this Value x) => x.Graph.Add(Unary.Sin, [x]);

    /// <inheritdoc cref="Unary.Cos"/>
    public static Value Cos(this Value x) => x.Graph.Add(Unary.Cos, [x]);

    /// <inheritdoc cref="Unary.Tan"/>
    public static Value Tan(this Value x) => x.Graph.Add(Unary.Tan, [x]);

    /// <inheritdoc cref="Unary.Asin"/>
    public static Value Asin(this Value x) => x.Graph.Add(Unary.Asin, [x]);

    /// <inheritdoc cref="Unary.Acos"/>
    public static Value Acos(this Value x) => x.Graph.Add(Unary.Acos, [x]);

    /// <inheritdoc cref="Unary.Atan"/>
    public static Value Atan(this Value x) => x.Graph.Add(Unary.Atan, [x]);

    /// <inheritdoc cref="Unary.Sinh"/>
    public static Value Sinh(this Value x) => x.Graph.Add(Unary.Sinh, [x]);

    /// <inheritdoc cref="Unary.Cosh"/>
    public static Value Cosh(this Value x) => x.Graph.Add(Unary.Cosh, [x]);

    /// <inheritdoc cref="Unary.Asinh"/>
    public static Value Asinh(this Value x) => x.Graph.Add(Unary.Asinh, [x]);

    /// <inheritdoc cref="Unary.Acosh"/>
    public static Value Acosh(this Value x) => x.Graph.Add(Unary.Acosh, [x]);

    /// <inheritdoc cref="Unary.Atanh"/>
    public static Value Atanh(this Value x) => x.Graph.Add(Unary.Atanh, [x]);
}
