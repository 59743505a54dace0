using System.Numerics;

namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>
/// The matrix whose column p holds the elements under the window at position p, one row for each (channel, tap): with it a convolution is a
/// product. Only a block of it is ever formed.
/// </summary>
internal static unsafe class Columns<T> where T : unmanaged, IFloatingPointIeee754<T>
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
        var firstLine = Math.DivRem(position, Math.Max(1, width.Positions), out var firstWidth);
        var firstDepth = Math.DivRem(firstLine, Math.Max(1, height.Positions), out var firstHeight);
        for (var r = row; r < row + rows; r++, block += stride)
        {
            var channel = Math.DivRem(r, shape.Taps, out var tap);
            var tapWidth = tap % width.Window;
            var tapHeight = tap / width.Window % height.Window;
            var tapDepth = tap / width.Window / height.Window;
            var (insideBegin, insideEnd) = width.Inside(tapWidth);
            var plane = image + (nint)channel * shape.Elements;
            var (d, h, w) = (firstDepth, firstHeight, firstWidth);
            for (int done = 0, count; done < positions; done += count)
            {
                count = Math.Min(width.Positions - w, positions - done);
                var target = block + done;
                var sourceDepth = depth.Source(d, tapDepth);
                var sourceHeight = height.Source(h, tapHeight);
                var begin = Math.Max(insideBegin, w);
                var end = Math.Min(insideEnd, w + count);
                if ((uint)sourceDepth >= (uint)depth.Length || (uint)sourceHeight >= (uint)height.Length || begin >= end)
                    TAction.Outside(target, count);
                else
                {
                    if (begin > w) TAction.Outside(target, begin - w);
                    var source = plane + (nint)(sourceDepth * height.Length + sourceHeight) * width.Length + width.Source(begin, tapWidth);
                    TAction.Inside(source, width.Stride, target + (begin - w), end - begin);
                    if (end < w + count) TAction.Outside(target + (end - w), w + count - end);
                }
                w = 0;
                if (++h < height.Positions) continue;
                h = 0;
                d++;
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
            if (stride == 1) Lines<T>.Copy(image, block, count);
            else Lines<T>.CopyEvery(image, stride, block, count);
        }

        public static void Outside(T* block, int count)
        {
            for (var i = 0; i < count; i++) block[i] = T.Zero;
        }
    }

    private readonly struct Add : IAction
    {
        public static void Inside(T* image, int stride, T* block, int count)
        {
            if (stride == 1) Lines<T>.Add(block, image, count);
            else Lines<T>.AddEvery(block, image, stride, count);
        }

        public static void Outside(T* block, int count) { }
    }
}
