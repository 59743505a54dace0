using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Dunlin.Tensors.Kernels.Managed;

namespace Dunlin.Tensors;

/// <summary>The loops of <see cref="MemoryRate"/>, compiled at once as well as they ever will be: what is still waiting for that would say little of the machine.</summary>
internal static unsafe class MemoryLoops
{
    /// <summary>Lengths are multiples of it.</summary>
    public const int Grain = 128;

    /// <summary>Adds up all elements, lane by lane; gives the first lane, so that the sums are not left out.</summary>
    public static float Sum(ReadOnlySpan<float> x)
    {
        fixed (float* elements = x)
            return Avx512F.IsSupported ? Sum<Vector512<float>, Lanes512<float>>(elements, x.Length) : Sum<Vector256<float>, Lanes256<float>>(elements, x.Length);
    }

    /// <summary>The first third becomes the second plus half of the last.</summary>
    public static void Triad(Span<float> x)
    {
        var third = x.Length / 3;
        fixed (float* elements = x)
            if (Avx512F.IsSupported) Triad<Vector512<float>, Lanes512<float>>(elements, elements + third, elements + 2 * third, third);
            else Triad<Vector256<float>, Lanes256<float>>(elements, elements + third, elements + 2 * third, third);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Sum<TVector, TLanes>(float* x, int length) where TVector : struct where TLanes : ILanes<float, TVector>
    {
        TVector a = default, b = default, c = default, d = default, e = default, f = default, g = default, h = default;
        var n = TLanes.Count;
        for (var end = x + length; x < end; x += 8 * n)
        {
            a = TLanes.Add(a, TLanes.Load(x));
            b = TLanes.Add(b, TLanes.Load(x + n));
            c = TLanes.Add(c, TLanes.Load(x + 2 * n));
            d = TLanes.Add(d, TLanes.Load(x + 3 * n));
            e = TLanes.Add(e, TLanes.Load(x + 4 * n));
            f = TLanes.Add(f, TLanes.Load(x + 5 * n));
            g = TLanes.Add(g, TLanes.Load(x + 6 * n));
            h = TLanes.Add(h, TLanes.Load(x + 7 * n));
        }
        var sums = stackalloc float[n];
        TLanes.Store(TLanes.Add(TLanes.Add(TLanes.Add(a, b), TLanes.Add(c, d)), TLanes.Add(TLanes.Add(e, f), TLanes.Add(g, h))), sums);
        return sums[0];
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Triad<TVector, TLanes>(float* y, float* a, float* b, int length) where TVector : struct where TLanes : ILanes<float, TVector>
    {
        var half = TLanes.Broadcast(0.5f);
        var n = TLanes.Count;
        for (var i = 0; i < length; i += 4 * n)
        {
            TLanes.Store(TLanes.MultiplyAdd(TLanes.Load(b + i), half, TLanes.Load(a + i)), y + i);
            TLanes.Store(TLanes.MultiplyAdd(TLanes.Load(b + i + n), half, TLanes.Load(a + i + n)), y + i + n);
            TLanes.Store(TLanes.MultiplyAdd(TLanes.Load(b + i + 2 * n), half, TLanes.Load(a + i + 2 * n)), y + i + 2 * n);
            TLanes.Store(TLanes.MultiplyAdd(TLanes.Load(b + i + 3 * n), half, TLanes.Load(a + i + 3 * n)), y + i + 3 * n);
        }
    }
}
