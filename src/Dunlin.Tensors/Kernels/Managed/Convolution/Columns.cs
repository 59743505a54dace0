using System.Numerics;
using System.Numerics.Tensors;

namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>
/// The matrix whose column p holds the elements under the window at position p, one row for each (channel, tap): with it a convolution is a
/// product. Only a block of it is ever formed.
/// </summary>
internal static unsafe class Columns<T> where T : unmanaged, INumberBase<T>
{
    /// <summary>Copies elements of the image into the block: rows from <paramref name="row"/>, positions from <paramref name="position"/>.</summary>
    public static void Gather(in WindowShape shape, T* image, int row, int rows, int position, int positions, T* block, int stride) =>
        Walk<Copy>(shape, image, row, rows, position, positions, block, stride);

    /// <summary>Adds the block to the elements of the image that it belongs to.</summary>
    public static void ScatterAdd(in WindowShape shape, T* image, int row, int rows, int position, int positions, T* block, int stride) =>
        Walk<Add>(shape, image, row, rows, position, positions, block, stride);

    private static void Walk<TAction>(in WindowShape shape, T* image, int row, int rows, int position, int positions, T* block, int stride)
        where TAction : IAction
    {
        var (depth, height, width) = shape;
        for (var r = row; r < row + rows; r++, block += stride)
        {
            var channel = Math.DivRem(r, shape.Taps, out var tap);
            var tapWidth = tap % width.Window;
            var tapHeight = tap / width.Window % height.Window;
            var tapDepth = tap / width.Window / height.Window;
            var inside = width.Inside(tapWidth);
            var plane = image + (nint)channel * shape.Elements;
            var target = block;
            for (int p = position, end = position + positions; p < end;)
            {
                var line = Math.DivRem(p, width.Positions, out var w);
                var count = Math.Min(width.Positions - w, end - p);
                var d = depth.Source(line / height.Positions, tapDepth);
                var h = height.Source(line % height.Positions, tapHeight);
                var isInside = (uint)d < (uint)depth.Length && (uint)h < (uint)height.Length;
                var begin = isInside ? Math.Clamp(inside.Begin, w, w + count) : w + count;
                var stop = isInside ? Math.Clamp(inside.End, begin, w + count) : w + count;
                TAction.Outside(target, begin - w);
                if (stop > begin)
                {
                    var source = plane + (nint)(d * height.Length + h) * width.Length + width.Source(begin, tapWidth);
                    TAction.Inside(source, width.Stride, target + (begin - w), stop - begin);
                }
                TAction.Outside(target + (stop - w), w + count - stop);
                target += count;
                p += count;
            }
        }
    }

    private interface IAction
    {
        /// <summary>Elements of the image at the given stride, and as many of the block.</summary>
        static abstract void Inside(T* image, int stride, T* block, int count);

        /// <summary>Elements of the block that lie on padding.</summary>
        static abstract void Outside(T* block, int count);
    }

    private readonly struct Copy : IAction
    {
        public static void Inside(T* image, int stride, T* block, int count)
        {
            if (stride == 1) new Span<T>(image, count).CopyTo(new Span<T>(block, count));
            else for (var i = 0; i < count; i++) block[i] = image[(nint)i * stride];
        }

        public static void Outside(T* block, int count) => new Span<T>(block, count).Clear();
    }

    private readonly struct Add : IAction
    {
        public static void Inside(T* image, int stride, T* block, int count)
        {
            if (stride == 1) TensorPrimitives.Add(new ReadOnlySpan<T>(image, count), new ReadOnlySpan<T>(block, count), new Span<T>(image, count));
            else for (var i = 0; i < count; i++) image[(nint)i * stride] += block[i];
        }

        public static void Outside(T* block, int count) { }
    }
}
