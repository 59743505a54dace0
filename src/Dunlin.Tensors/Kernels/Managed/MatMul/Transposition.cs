using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>Transposes small squares in registers.</summary>
internal static unsafe class Transposition
{
    /// <summary>Whether <see cref="FourByFour{T}"/> may be called on this machine for this type.</summary>
    public static bool IsSupported<T>() => (typeof(T) == typeof(float) && Sse.IsSupported) || (typeof(T) == typeof(double) && Avx.IsSupported);

    /// <summary>target[j, i] = source[i, j] for four rows and columns; the strides are between rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void FourByFour<T>(T* source, nint sourceStride, T* target, nint targetStride) where T : unmanaged
    {
        if (typeof(T) == typeof(float)) FourByFour((float*)source, sourceStride, (float*)target, targetStride);
        else FourByFour((double*)source, sourceStride, (double*)target, targetStride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FourByFour(float* source, nint sourceStride, float* target, nint targetStride)
    {
        var r0 = Sse.LoadVector128(source);
        var r1 = Sse.LoadVector128(source + sourceStride);
        var r2 = Sse.LoadVector128(source + 2 * sourceStride);
        var r3 = Sse.LoadVector128(source + 3 * sourceStride);
        var low01 = Sse.UnpackLow(r0, r1);
        var low23 = Sse.UnpackLow(r2, r3);
        var high01 = Sse.UnpackHigh(r0, r1);
        var high23 = Sse.UnpackHigh(r2, r3);
        Sse.Store(target, Sse.MoveLowToHigh(low01, low23));
        Sse.Store(target + targetStride, Sse.MoveHighToLow(low23, low01));
        Sse.Store(target + 2 * targetStride, Sse.MoveLowToHigh(high01, high23));
        Sse.Store(target + 3 * targetStride, Sse.MoveHighToLow(high23, high01));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FourByFour(double* source, nint sourceStride, double* target, nint targetStride)
    {
        var r0 = Avx.LoadVector256(source);
        var r1 = Avx.LoadVector256(source + sourceStride);
        var r2 = Avx.LoadVector256(source + 2 * sourceStride);
        var r3 = Avx.LoadVector256(source + 3 * sourceStride);
        var low01 = Avx.UnpackLow(r0, r1);
        var low23 = Avx.UnpackLow(r2, r3);
        var high01 = Avx.UnpackHigh(r0, r1);
        var high23 = Avx.UnpackHigh(r2, r3);
        Avx.Store(target, Avx.Permute2x128(low01, low23, 0x20));
        Avx.Store(target + targetStride, Avx.Permute2x128(high01, high23, 0x20));
        Avx.Store(target + 2 * targetStride, Avx.Permute2x128(low01, low23, 0x31));
        Avx.Store(target + 3 * targetStride, Avx.Permute2x128(high01, high23, 0x31));
    }
}
