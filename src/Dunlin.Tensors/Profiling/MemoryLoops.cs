using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Dunlin.Tensors;

/// <summary>The loops of <see cref="MemoryRate"/>, compiled at once as well as they ever will be: what is still waiting for that would say little of the machine.</summary>
internal static class MemoryLoops
{
    /// <summary>Lengths are multiples of it.</summary>
    public const int Grain = 128;

    /// <summary>The sum of all elements.</summary>
    public static float Sum(ReadOnlySpan<float> x) => Avx512F.IsSupported ? Sum512(MemoryMarshal.Cast<float, Vector512<float>>(x)) : Sum256(MemoryMarshal.Cast<float, Vector256<float>>(x));

    /// <summary>The first third becomes the second plus half of the last.</summary>
    public static void Triad(Span<float> x)
    {
        var third = x.Length / 3;
        if (Avx512F.IsSupported) Triad512(Cast512(x[..third]), Cast512(x.Slice(third, third)), Cast512(x[(2 * third)..]));
        else Triad256(Cast256(x[..third]), Cast256(x.Slice(third, third)), Cast256(x[(2 * third)..]));
    }

    private static Span<Vector512<float>> Cast512(Span<float> x) => MemoryMarshal.Cast<float, Vector512<float>>(x);

    private static Span<Vector256<float>> Cast256(Span<float> x) => MemoryMarshal.Cast<float, Vector256<float>>(x);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Sum512(ReadOnlySpan<Vector512<float>> x)
    {
        Vector512<float> a = default, b = default, c = default, d = default, e = default, f = default, g = default, h = default;
        for (var i = 0; i + 7 < x.Length; i += 8)
        {
            (a, b, c, d) = (Avx512F.Add(a, x[i]), Avx512F.Add(b, x[i + 1]), Avx512F.Add(c, x[i + 2]), Avx512F.Add(d, x[i + 3]));
            (e, f, g, h) = (Avx512F.Add(e, x[i + 4]), Avx512F.Add(f, x[i + 5]), Avx512F.Add(g, x[i + 6]), Avx512F.Add(h, x[i + 7]));
        }
        return Vector512.Sum(a + b + c + d + e + f + g + h);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Sum256(ReadOnlySpan<Vector256<float>> x)
    {
        Vector256<float> a = default, b = default, c = default, d = default, e = default, f = default, g = default, h = default;
        for (var i = 0; i + 7 < x.Length; i += 8)
        {
            (a, b, c, d) = (a + x[i], b + x[i + 1], c + x[i + 2], d + x[i + 3]);
            (e, f, g, h) = (e + x[i + 4], f + x[i + 5], g + x[i + 6], h + x[i + 7]);
        }
        return Vector256.Sum(a + b + c + d + e + f + g + h);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Triad512(Span<Vector512<float>> y, ReadOnlySpan<Vector512<float>> a, ReadOnlySpan<Vector512<float>> b)
    {
        var half = Vector512.Create(0.5f);
        for (var i = 0; i + 3 < y.Length; i += 4)
        {
            y[i] = Avx512F.FusedMultiplyAdd(b[i], half, a[i]);
            y[i + 1] = Avx512F.FusedMultiplyAdd(b[i + 1], half, a[i + 1]);
            y[i + 2] = Avx512F.FusedMultiplyAdd(b[i + 2], half, a[i + 2]);
            y[i + 3] = Avx512F.FusedMultiplyAdd(b[i + 3], half, a[i + 3]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Triad256(Span<Vector256<float>> y, ReadOnlySpan<Vector256<float>> a, ReadOnlySpan<Vector256<float>> b)
    {
        var half = Vector256.Create(0.5f);
        for (var i = 0; i + 3 < y.Length; i += 4)
        {
            y[i] = Vector256.FusedMultiplyAdd(b[i], half, a[i]);
            y[i + 1] = Vector256.FusedMultiplyAdd(b[i + 1], half, a[i + 1]);
            y[i + 2] = Vector256.FusedMultiplyAdd(b[i + 2], half, a[i + 2]);
            y[i + 3] = Vector256.FusedMultiplyAdd(b[i + 3], half, a[i + 3]);
        }
    }
}
