using System.Runtime.CompilerServices;

namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>Copies a matrix into panels: <c>width</c> neighbouring lanes (rows of A, columns of B) stand together for each step of k.</summary>
internal static unsafe class Packing<T> where T : unmanaged
{
    /// <summary>Elements that packed panels take.</summary>
    public static long Elements(int lanes, int steps, int width) => (long)RoundUp(lanes, width) * steps;

    public static int RoundUp(int value, int multiple) => (value + multiple - 1) / multiple * multiple;

    /// <summary>Packs all lanes into panels of the given width, the last one filled up with zeros.</summary>
    public static void Pack(T* source, nint laneStride, nint stepStride, int lanes, int steps, int width, T* target)
    {
        for (var lane = 0; lane < lanes; lane += width, target += (nint)width * steps)
            Panel(source + lane * laneStride, laneStride, stepStride, Math.Min(width, lanes - lane), steps, width, target);
    }

    private static void Panel(T* source, nint laneStride, nint stepStride, int lanes, int steps, int width, T* target)
    {
        if (laneStride == 1) CopyRows(source, stepStride, lanes, steps, width, target);
        else Transpose(source, laneStride, stepStride, lanes, steps, width, target);
        if (lanes == width) return;
        for (var step = 0; step < steps; step++) new Span<T>(target + (nint)step * width + lanes, width - lanes).Clear();
    }

    private static void CopyRows(T* source, nint stepStride, int lanes, int steps, int width, T* target)
    {
        var bytes = (uint)(lanes * sizeof(T));
        for (var step = 0; step < steps; step++, source += stepStride, target += width) Unsafe.CopyBlockUnaligned(target, source, bytes);
    }

    /// <summary>Eight lanes at a time, so that each cache line of the target is written in one go.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Transpose(T* source, nint laneStride, nint stepStride, int lanes, int steps, int width, T* target)
    {
        var lane = 0;
        for (; lane + 4 <= lanes; lane += 4)
        {
            var s0 = source + lane * laneStride;
            var s1 = s0 + laneStride;
            var s2 = s1 + laneStride;
            var s3 = s2 + laneStride;
            var t = target + lane;
            for (var step = 0; step < steps; step++, t += width)
            {
                var offset = step * stepStride;
                var x0 = s0[offset];
                var x1 = s1[offset];
                var x2 = s2[offset];
                var x3 = s3[offset];
                t[0] = x0;
                t[1] = x1;
                t[2] = x2;
                t[3] = x3;
            }
        }
        for (; lane < lanes; lane++)
            for (var step = 0; step < steps; step++)
                target[lane + (nint)step * width] = source[lane * laneStride + step * stepStride];
    }
}
