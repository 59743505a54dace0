namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>
/// A plane of an image in working memory, with zeros around it and after each row. For windows that move by more than an element along the width, each row
/// is kept as several: those of columns 0, s, 2s, …, of 1, s + 1, …, so that neighbouring positions of the window lie side by side.
/// </summary>
/// <param name="depth">Where elements go along the depth.</param>
/// <param name="height">Along the height.</param>
/// <param name="width">Along the width, counted in columns before they are dealt to the parts.</param>
/// <param name="parts">How many parts a row is kept in.</param>
/// <param name="partLength">Elements of a part, zeros included.</param>
internal sealed class PaddedPlane<T>(PaddedAxis depth, PaddedAxis height, PaddedAxis width, int parts, int partLength) where T : unmanaged, System.Numerics.IFloatingPointIeee754<T>
{
    /// <summary>Elements from one row to the next.</summary>
    public nint Row => (nint)parts * partLength;

    /// <summary>Elements from one slice of the depth to the next.</summary>
    public nint Slice => Row * height.Padded;

    /// <summary>Elements of all.</summary>
    public long Elements => (long)Slice * depth.Padded;

    /// <summary>Elements from a place to the one that lies so many slices, rows and columns further; columns from the first of a part on.</summary>
    public nint Offset(int slices, int rows, int columns) => slices * Slice + rows * Row + columns % parts * partLength + columns / parts;

    /// <summary>Copies a plane; the zeros around it are already there.</summary>
    public unsafe void Fill(T* plane, T* target)
    {
        for (var d = depth.First; d < depth.End; d++)
            for (var h = height.First; h < height.End; h++)
            {
                var line = plane + ((nint)d * height.Length + h) * width.Length;
                var row = target + (d + depth.Before) * Slice + (h + height.Before) * Row;
                if (parts == 1)
                {
                    Lines<T>.Copy(line + width.First, row + width.First + width.Before, width.End - width.First);
                    continue;
                }
                if (parts == 2)
                {
                    var column = width.First + width.Before;
                    Lines<T>.DealInTwo(line + width.First, row + Offset(0, 0, column), row + Offset(0, 0, column + 1), width.End - width.First);
                    continue;
                }
                for (var part = 0; part < parts; part++)
                {
                    // The first column of this part that is there.
                    var column = width.First + ((part - width.First - width.Before) % parts + parts) % parts;
                    if (column < width.End) Lines<T>.CopyEvery(line + column, parts, row + Offset(0, 0, column + width.Before), (width.End - column + parts - 1) / parts);
                }
            }
    }
}

/// <summary>One dimension of a padded plane.</summary>
/// <param name="Length">Elements of the plane.</param>
/// <param name="Before">Zeros before its first element; negative if so many elements are left out.</param>
/// <param name="Padded">Elements with zeros.</param>
internal readonly record struct PaddedAxis(int Length, int Before, int Padded)
{
    /// <summary>The first element that is kept.</summary>
    public int First => Math.Max(0, -Before);

    /// <summary>One more than the last element that is kept.</summary>
    public int End => Math.Max(First, Math.Min(Length, Padded - Before));
}
