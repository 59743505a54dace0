using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>Copies and sums of a line of an image: some ten elements, for which a call to the general routines costs more than the work.</summary>
internal static unsafe class Lines<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>Whole vectors, then one more that ends with the line and copies some elements twice.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Copy(T* source, T* target, int count)
    {
        var i = 0;
        if (count >= Vector256<T>.Count)
        {
            for (; i + Vector256<T>.Count <= count; i += Vector256<T>.Count) Vector256.Load(source + i).Store(target + i);
            if (i < count) Vector256.Load(source + count - Vector256<T>.Count).Store(target + count - Vector256<T>.Count);
            return;
        }
        if (count >= Vector128<T>.Count)
        {
            for (; i + Vector128<T>.Count <= count; i += Vector128<T>.Count) Vector128.Load(source + i).Store(target + i);
            Vector128.Load(source + count - Vector128<T>.Count).Store(target + count - Vector128<T>.Count);
            return;
        }
        for (; i < count; i++) target[i] = source[i];
    }

    /// <summary>target += source.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Add(T* source, T* target, int count)
    {
        var i = 0;
        for (; i + Vector256<T>.Count <= count; i += Vector256<T>.Count) (Vector256.Load(target + i) + Vector256.Load(source + i)).Store(target + i);
        if (i + Vector128<T>.Count <= count)
        {
            (Vector128.Load(target + i) + Vector128.Load(source + i)).Store(target + i);
            i += Vector128<T>.Count;
        }
        for (; i < count; i++) target[i] += source[i];
    }

    /// <summary>target[i] = source[i · stride].</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void CopyEvery(T* source, nint stride, T* target, int count)
    {
        for (; count >= 4; count -= 4, source += 4 * stride, target += 4)
        {
            var x0 = source[0];
            var x1 = source[stride];
            var x2 = source[2 * stride];
            var x3 = source[3 * stride];
            target[0] = x0;
            target[1] = x1;
            target[2] = x2;
            target[3] = x3;
        }
        for (; count > 0; count--, source += stride, target++) *target = *source;
    }

    /// <summary>even[i] = source[2i] and odd[i] = source[2i + 1].</summary>
    public static void DealInTwo(T* source, T* even, T* odd, int count)
    {
        var i = 0;
        if (typeof(T) == typeof(float) && Sse.IsSupported && count >= 8)
        {
            for (; i + 8 <= count; i += 8) Eight(i);
            // Once more the last eight that begin with an even one.
            if (i + 1 < count)
            {
                i = (count - 8) & ~1;
                Eight(i);
                i += 8;
            }
        }
        for (; i < count; i += 2)
        {
            even[i / 2] = source[i];
            if (i + 1 < count) odd[i / 2] = source[i + 1];
        }

        void Eight(int at)
        {
            var (low, high) = (Vector128.Load((float*)source + at), Vector128.Load((float*)source + at + 4));
            Sse.Shuffle(low, high, 0b10_00_10_00).Store((float*)even + at / 2);
            Sse.Shuffle(low, high, 0b11_01_11_01).Store((float*)odd + at / 2);
        }
    }

    /// <summary>target[i · stride] += source[i].</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void AddEvery(T* source, T* target, nint stride, int count)
    {
        for (; count > 0; count--, source++, target += stride) *target += *source;
    }
}
