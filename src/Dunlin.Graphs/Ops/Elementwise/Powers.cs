using System.Numerics;
using System.Numerics.Tensors;

namespace Dunlin.Graphs.Ops;

public sealed partial record Binary
{
    /// <summary>
    /// aᵇ. Gradients: dy · b · aᵇ⁻¹ for a; for b dy · y · ln a where a > 0, else 0. Integers wrap around; a negative exponent is an error when it runs.
    /// </summary>
    public static readonly Binary Pow = new("Pow", new(PowOf, PowOfScalar), new(PowOf, PowOfScalar), (a, b, y, dy) =>
        (dy * b * a.Pow(b - 1), Operations.Select(a > 0, dy * y * Operations.Select(a > 0, a, a.OnesLike()).Log(), dy.Number(0))),
        new(WholePower), new(WholePower), u8: new(WholePower));

    /// <summary>(a − b)². Gradients: ±2 · dy · (a − b).</summary>
    public static readonly Binary SquaredDifference = new("SquaredDifference", new(SquareOfDifference), new(SquareOfDifference),
        (a, b, y, dy) => (dy * 2 * (a - b), dy * 2 * (b - a)), new(SquareOfDifference), new(SquareOfDifference), u8: new(SquareOfDifference));

    /// <summary>√(a² + b²) without overflow. Gradients: dy · a / y and dy · b / y, not defined where both are 0.</summary>
    public static readonly Binary Hypot = new("Hypot", new(TensorPrimitives.Hypot), new(TensorPrimitives.Hypot), (a, b, y, dy) => (dy * a / y, dy * b / y));

    /// <summary>The angle of the point (b, a), −π to π. Gradients: dy · b / (a² + b²) and −dy · a / (a² + b²).</summary>
    public static readonly Binary Atan2 = new("Atan2", new(TensorPrimitives.Atan2), new(TensorPrimitives.Atan2), (a, b, y, dy) =>
    {
        var scaled = dy / (a.Square() + b.Square());
        return (scaled * b, -(scaled * a));
    });

    /// <summary>a / b rounded down, as in NumPy. Of integers, a divisor of 0 is an error when it runs.</summary>
    public static readonly Binary FloorDivide = new("FloorDivide", new(FloorQuotient), new(FloorQuotient), null,
        new(WholeQuotient), new(WholeQuotient), "It is constant almost everywhere.", new(WholeQuotient));

    /// <summary>a − b · ⌊a / b⌋, which has the sign of b, as in NumPy. Gradients: dy, and −dy · ⌊a / b⌋. Of integers, a divisor of 0 is an error when it runs.</summary>
    public static readonly Binary Modulo = new("Modulo", new(Remainder), new(Remainder), (a, b, y, dy) => (dy, -(dy * a.FloorDivide(b))),
        new(WholeRemainder), new(WholeRemainder), u8: new(WholeRemainder));

    // Element by element: TensorPrimitives.Pow goes through a logarithm and gives NaN for negative bases.
    private static void PowOf<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T>
    {
        for (var i = 0; i < a.Length; i++) y[i] = T.Pow(a[i], b[i]);
    }

    private static void PowOfScalar<T>(ReadOnlySpan<T> a, T b, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (b == T.One + T.One) TensorPrimitives.Multiply(a, a, y);
        else if (b == T.One) a.CopyTo(y);
        else for (var i = 0; i < a.Length; i++) y[i] = T.Pow(a[i], b);
    }

    private static void SquareOfDifference<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> y) where T : unmanaged, INumber<T>
    {
        TensorPrimitives.Subtract(a, b, y);
        TensorPrimitives.Multiply<T>(y, y, y);
    }

    private static void Remainder<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T>
    {
        for (var i = 0; i < a.Length; i++) y[i] = Remainder(a[i], b[i]);
    }

    private static void FloorQuotient<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T>
    {
        // As Python does: from the exact remainder, so that rounding of a / b can't jump over an integer.
        for (var i = 0; i < a.Length; i++) y[i] = b[i] == T.Zero ? a[i] / b[i] : T.Round((a[i] - Remainder(a[i], b[i])) / b[i]);
    }

    private static T Remainder<T>(T a, T b) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var rest = a % b;
        return rest != T.Zero && T.IsNegative(rest) != T.IsNegative(b) ? rest + b : rest;
    }

    private static void WholeRemainder<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> y) where T : unmanaged, IBinaryInteger<T>
    {
        for (var i = 0; i < a.Length; i++)
        {
            // −1 divides everything; the processor would overflow on the least number.
            var rest = IsMinusOne(b[i]) ? T.Zero : a[i] % Divisor(b[i], "Modulo");
            y[i] = rest != T.Zero && T.IsNegative(rest) != T.IsNegative(b[i]) ? rest + b[i] : rest;
        }
    }

    private static void WholeQuotient<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> y) where T : unmanaged, IBinaryInteger<T>
    {
        for (var i = 0; i < a.Length; i++)
        {
            var (x, d) = (a[i], Divisor(b[i], "FloorDivide"));
            if (IsMinusOne(d))
            {
                y[i] = unchecked(-x);
                continue;
            }
            var quotient = x / d;
            y[i] = x % d != T.Zero && T.IsNegative(x) != T.IsNegative(d) ? quotient - T.One : quotient;
        }
    }

    private static void WholePower<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> y) where T : unmanaged, IBinaryInteger<T>
    {
        for (var i = 0; i < a.Length; i++)
        {
            var (factor, exponent, power) = (a[i], b[i], T.One);
            if (T.IsNegative(exponent)) throw new DunlinException($"Pow: the exponent {exponent} is negative, for which integers have no result; Cast to a floating-point type.");
            for (; exponent != T.Zero; exponent >>= 1, factor = unchecked(factor * factor))
                if (T.IsOddInteger(exponent)) power = unchecked(power * factor);
            y[i] = power;
        }
    }

    private static bool IsMinusOne<T>(T value) where T : INumber<T> => T.IsNegative(value) && value == -T.One;

    private static T Divisor<T>(T value, string operation) where T : INumber<T> =>
        value != T.Zero ? value : throw new DunlinException($"{operation}: an element of the divisor is 0, for which integers have no result; Cast to a floating-point type or mask it with Select.");
}

/// <summary>Powers, distances and division with remainder.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Binary.Pow"/>
    public static Value Pow(this Value a, Value b) => a.Graph.Add(Binary.Pow, [a, b]);

    /// <inheritdoc cref="Binary.Pow"/>
    public static Value Pow(this Value a, double b) => a.Pow(a.Number(b));

    /// <inheritdoc cref="Binary.SquaredDifference"/>
    public static Value SquaredDifference(this Value a, Value b) => a.Graph.Add(Binary.SquaredDifference, [a, b]);

    /// <inheritdoc cref="Binary.Hypot"/>
    public static Value Hypot(this Value a, Value b) => a.Graph.Add(Binary.Hypot, [a, b]);

    /// <inheritdoc cref="Binary.Atan2"/>
    public static Value Atan2(this Value a, Value b) => a.Graph.Add(Binary.Atan2, [a, b]);

    /// <inheritdoc cref="Binary.FloorDivide"/>
    public static Value FloorDivide(this Value a, Value b) => a.Graph.Add(Binary.FloorDivide, [a, b]);

    /// <inheritdoc cref="Binary.Modulo"/>
    public static Value Modulo(this Value a, Value b) => a.Graph.Add(Binary.Modulo, [a, b]);
}
