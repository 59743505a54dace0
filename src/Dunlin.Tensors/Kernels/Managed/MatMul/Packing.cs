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

    /// <summary>Four lanes at a time: squares of four by four through registers where the machine can, else element by element.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Transpose(T* source, nint laneStride, nint stepStride, int lanes, int steps, int width, T* target)
    {
        var lane = 0;
        for (; lane + 4 <= lanes; lane += 4)
        {
            var s = source + lane * laneStride;
            var t = target + lane;
            var step = 0;
            if (stepStride == 1 && Transposition.IsSupported<T>())
                for (; step + 4 <= steps; step += 4) Transposition.FourByFour(s + step, laneStride, t + (nint)step * width, width);
            for (; step < steps; step++)
            {
                var offset = step * stepStride;
                var to = t + (nint)step * width;
                var x0 = s[offset];
                var x1 = s[offset + laneStride];
                var x2 = s[offset + 2 * laneStride];
                var x3 = s[offset + 3 * laneStride];
                to[0] = x0;
                to[1] = x1;
                to[2] = x2;
                to[3] = x3;
            }
        }
        for (; lane < lanes; lane++)
            for (var step = 0; step < steps; step++)
                target[lane + (nint)step * width] = source[lane * laneStride + step * stepStride];
    }
}
