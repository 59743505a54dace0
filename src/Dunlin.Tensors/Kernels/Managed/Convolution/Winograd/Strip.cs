using System.Runtime.CompilerServices;

namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>
/// Rows of 16 channels of an image, with those of one place side by side and zeros around the image: what a row of tiles reads or writes, whatever the layout of the image. Strips are
/// Float32; images in blocks may be BFloat16.
/// </summary>
internal static unsafe class Strip
{
    private const int Block = WinogradPlan.Block;

    /// <summary>Where an image's block of channels begins, in either layout.</summary>
    public static nint Plane(int image, int channels, int channel, int height, int width) => ((nint)image * channels + channel) * height * width;

    /// <summary>Fills a strip.</summary>
    /// <param name="plane">The 16 channels of the image.</param>
    /// <param name="isHalf">Whether the image is of BFloat16.</param>
    /// <param name="isBlocked">Whether they stand side by side there, too.</param>
    /// <param name="height">Of the image.</param>
    /// <param name="width">Of the image.</param>
    /// <param name="top">The image's row that is the strip's first; negative above the image.</param>
    /// <param name="left">The image's column that is the strip's first.</param>
    /// <param name="rows">Of the strip.</param>
    /// <param name="columns">Of the strip.</param>
    /// <param name="strip">[rows, columns, 16].</param>
    public static void Load(nint plane, bool isHalf, bool isBlocked, int height, int width, int top, int left, int rows, int columns, float* strip)
    {
        var begin = Math.Min(columns, Math.Max(0, -left));
        var end = Math.Max(begin, Math.Min(columns, width - left));
        for (var row = 0; row < rows; row++, strip += columns * Block)
        {
            var source = top + row;
            if (source < 0 || source >= height)
            {
                new Span<float>(strip, columns * Block).Clear();
                continue;
            }
            new Span<float>(strip, begin * Block).Clear();
            new Span<float>(strip + end * Block, (columns - end) * Block).Clear();
            var from = (nint)source * width + left + begin;
            var target = new Span<float>(strip + begin * Block, (end - begin) * Block);
            if (isHalf) HalfPrecision.Widen(DType.BFloat16, plane + from * Block * sizeof(ushort), target);
            else if (isBlocked) new ReadOnlySpan<float>((float*)plane + from * Block, target.Length).CopyTo(target);
            else Transpose((float*)plane + from, (nint)height * width, Block, strip + begin * Block, Block, end - begin);
        }
    }

    /// <summary>Writes a strip's rows into an image.</summary>
    /// <param name="strip">[rows, columns, 16]; what lies right of the image is left out.</param>
    /// <param name="columns">Of the strip.</param>
    /// <param name="plane">The 16 channels of the image.</param>
    /// <param name="isHalf">Whether the image is of BFloat16.</param>
    /// <param name="isBlocked">Whether they stand side by side there, too.</param>
    /// <param name="height">Of the image.</param>
    /// <param name="width">Of the image.</param>
    /// <param name="top">The image's row that is the strip's first.</param>
    /// <param name="rows">Of the strip; what lies below the image is left out.</param>
    public static void Store(float* strip, int columns, nint plane, bool isHalf, bool isBlocked, int height, int width, int top, int rows)
    {
        rows = Math.Min(rows, height - top);
        for (var row = 0; row < rows; row++, strip += columns * Block)
        {
            var to = (nint)(top + row) * width;
            var source = new ReadOnlySpan<float>(strip, width * Block);
            if (isHalf) HalfPrecision.Narrow(DType.BFloat16, source, plane + to * Block * sizeof(ushort));
            else if (isBlocked) source.CopyTo(new((float*)plane + to * Block, source.Length));
            else Transpose(strip, Block, width, (float*)plane + to, (nint)height * width, Block);
        }
    }

    /// <summary>target[j, i] = source[i, j].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Transpose(float* source, nint sourceRow, int rows, float* target, nint targetRow, int columns)
    {
        int wholeRows = 0, wholeColumns = 0;
        if (Transposition.IsSupported<float>())
        {
            (wholeRows, wholeColumns) = (rows & -4, columns & -4);
            for (var i = 0; i < wholeRows; i += 4)
                for (var j = 0; j < wholeColumns; j += 4)
                    Transposition.FourByFour(source + i * sourceRow + j, sourceRow, target + j * targetRow + i, targetRow);
        }
        for (var i = 0; i < rows; i++)
            for (var j = i < wholeRows ? wholeColumns : 0; j < columns; j++)
                target[j * targetRow + i] = source[i * sourceRow + j];
    }
}
