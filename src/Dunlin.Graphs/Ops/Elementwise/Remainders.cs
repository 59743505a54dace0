using System.Numerics;
using System.Numerics.Tensors;

namespace Dunlin.Graphs.Ops;

public sealed partial record Binary
{
    private const string Whole = "Integers have no gradient.";

    /// <summary>a / b rounded towards 0, as in C. Of integers, a divisor of 0 is an error when it runs.</summary>
    public static readonly Binary TruncateDivide = new("TruncateDivide", new(TruncatedQuotient), new(TruncatedQuotient), null,
        new(CutQuotient), new(CutQuotient), "It is constant almost everywhere.", new(CutQuotient));

    /// <summary>
    /// a − b · trunc(a / b), exactly, which has the sign of a, as C's fmod and unlike <see cref="Modulo"/>. Gradients: dy, and −dy · trunc(a / b).
    /// Of integers, a divisor of 0 is an error when it runs.
    /// </summary>
    public static readonly Binary Fmod = new("Fmod", new(CutRemainder), new(CutRemainder), (a, b, y, dy) => (dy, -(dy * a.TruncateDivide(b))),
        new(WholeCutRemainder), new(WholeCutRemainder), u8: new(WholeCutRemainder));

    /// <summary>a − b · n, exactly, n the integer nearest to a / b (the even one of two): IEEE 754's remainder, −|b|/2 to |b|/2. Gradients: dy, and −dy · n.</summary>
    public static readonly Binary IeeeRemainder = new("IeeeRemainder", new(NearRemainder), new(NearRemainder), (a, b, y, dy) => (dy, -(dy * ((a - y) / b).Round())));

    /// <summary>The greatest common divisor of two integers, not negative; that of 0 and b is |b|.</summary>
    public static readonly Binary Gcd = new("Gcd", default, default(Maps<double>), null, new(CommonDivisor), new(CommonDivisor), Whole, new(CommonDivisor));

    /// <summary>The least common multiple of two integers, not negative; 0 if either is 0. It wraps around.</summary>
    public static readonly Binary Lcm = new("Lcm", default, default(Maps<double>), null, new(CommonMultiple), new(CommonMultiple), Whole, new(CommonMultiple));

    private static void TruncatedQuotient<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T>
    {
        // From the exact remainder, so that rounding of a / b can't jump over an integer.
        for (var i = 0; i < a.Length; i++) y[i] = b[i] == T.Zero ? a[i] / b[i] : T.Round((a[i] - a[i] % b[i]) / b[i]);
    }

    private static void CutRemainder<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T>
    {
        for (var i = 0; i < a.Length; i++) y[i] = a[i] % b[i];
    }

    private static void NearRemainder<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T> =>
        TensorPrimitives.Ieee754Remainder(a, b, y);

    private static void CutQuotient<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> y) where T : unmanaged, IBinaryInteger<T>
    {
        for (var i = 0; i < a.Length; i++) y[i] = IsMinusOne(b[i]) ? unchecked(-a[i]) : a[i] / Divisor(b[i], "TruncateDivide");
    }

    private static void WholeCutRemainder<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> y) where T : unmanaged, IBinaryInteger<T>
    {
        for (var i = 0; i < a.Length; i++) y[i] = IsMinusOne(b[i]) ? T.Zero : a[i] % Divisor(b[i], "Fmod");
    }

    private static void CommonDivisor<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> y) where T : unmanaged, IBinaryInteger<T>
    {
        for (var i = 0; i < a.Length; i++) y[i] = CommonDivisor(a[i], b[i]);
    }

    private static void CommonMultiple<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> y) where T : unmanaged, IBinaryInteger<T>
    {
        for (var i = 0; i < a.Length; i++)
            y[i] = a[i] == T.Zero || b[i] == T.Zero ? T.Zero : Size(unchecked(a[i] / CommonDivisor(a[i], b[i]) * b[i]));
    }

    /// <summary>Euclid's algorithm.</summary>
    private static T CommonDivisor<T>(T a, T b) where T : unmanaged, IBinaryInteger<T>
    {
        while (b != T.Zero) (a, b) = (b, IsMinusOne(b) ? T.Zero : a % b);
        return Size(a);
    }

    private static T Size<T>(T value) where T : INumber<T> => T.IsNegative(value) ? unchecked(-value) : value;
}

/// <summary>Further kinds of division with remainder.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Binary.TruncateDivide"/>
    public static Value TruncateDivide(this Value a, Value b) => a.Graph.Add(Binary.TruncateDivide, [a, b]);

    /// <inheritdoc cref="Binary.Fmod"/>
    public static Value Fmod(this Value a, Value b) => a.Graph.Add(Binary.Fmod, [a, b]);

    /// <inheritdoc cref="Binary.IeeeRemainder"/>
    public static Value IeeeRemainder(this Value a, Value b) => a.Graph.Add(Binary.IeeeRemainder, [a, b]);

    /// <inheritdoc cref="Binary.Gcd"/>
    public static Value Gcd(this Value a, Value b) => a.Graph.Add(Binary.Gcd, [a, b]);

    /// <inheritdoc cref="Binary.Lcm"/>
    public static Value Lcm(this Value a, Value b) => a.Graph.Add(Binary.Lcm, [a, b]);
}
