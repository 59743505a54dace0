using System.Numerics;

namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>What the attention kernels know of the shapes, where the optional operands stand, and how they cut the scores into blocks.</summary>
internal sealed class AttentionPlan<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>Queries of a block: a multiple of the register tile's rows, enough that packing a block of keys is worth it.</summary>
    public const int QueryBlock = 96;

    /// <summary>Keys of a block: with <see cref="QueryBlock"/> two blocks of scores fit the second-level cache.</summary>
    public const int KeyBlock = 256;

    public static readonly Gemm<T> Gemm = Gemm<T>.Instance;

    private readonly long[]? _masks;
    private readonly long[]? _lengths;

    public AttentionPlan(AttentionGeometry geometry)
    {
        var g = Geometry = geometry;
        (Matrices, Queries, Keys, Width, ValueWidth) = (g.Matrices, g.Query[^2], g.Key[^2], g.Query[^1], g.Value[^1]);
        (Rows, Columns) = (Math.Min(Queries, QueryBlock), Math.Min(Keys, KeyBlock));
        QueryBlocks = Rows == 0 ? 0 : (Queries + Rows - 1) / Rows;
        KeyBlocks = Columns == 0 ? 0 : (Keys + Columns - 1) / Columns;
        var input = 3;
        if (g.Mask is { } mask)
        {
            MaskInput = input++;
            Shape scores = [.. g.Query[..^1].Dimensions, Keys];
            while (mask.Rank < scores.Rank) mask = [1, .. mask.Dimensions];
            (MaskRow, MaskColumn) = (mask[^2] == 1 ? 0 : mask[^1], mask[^1] == 1 ? 0 : 1);
            MaskElements = (long)mask[^2] * mask[^1];
            MaskMatrices = checked((int)mask[..^2].ElementCount);
            _masks = Offsets(mask[..^2], g.Query[..^2]);
        }
        if (g.Lengths is { } lengths)
        {
            LengthInput = input++;
            while (lengths.Rank < g.Query.Rank - 2) lengths = lengths.Append(1);
            LengthCount = lengths.ElementCount;
            _lengths = Offsets(lengths, g.Query[..^2]);
        }
        if (g.Dropout is not null) StepInput = input;
    }

    public AttentionGeometry Geometry { get; }

    public int Matrices { get; }

    public int Queries { get; }

    public int Keys { get; }

    public int Width { get; }

    public int ValueWidth { get; }

    /// <summary>Queries of a block.</summary>
    public int Rows { get; }

    /// <summary>Keys of a block.</summary>
    public int Columns { get; }

    /// <summary>Elements between rows of a block of scores: a little more than its width, since rows a power of two apart share few cache sets.</summary>
    public int Stride => Columns + 16;

    public int QueryBlocks { get; }

    public int KeyBlocks { get; }

    /// <summary>The mask's number among the inputs; 0 for none, and so for the others.</summary>
    public int MaskInput { get; }

    public int LengthInput { get; }

    public int StepInput { get; }

    /// <summary>Elements from one query's mask to the next, and from one key's.</summary>
    public int MaskRow { get; }

    public int MaskColumn { get; }

    /// <summary>Elements of one matrix of the mask, and how many such there are.</summary>
    public long MaskElements { get; }

    public int MaskMatrices { get; }

    public long LengthCount { get; }

    /// <summary>Inputs of the forward kernel.</summary>
    public int Inputs => 3 + Geometry.Optional;

    /// <summary>Multiplications of one product of queries and keys, in the unit in which <see cref="ManagedKernel"/> weighs work.</summary>
    public double Work => (double)Matrices * Queries * Keys * (Width + ValueWidth + 8) / 16;

    /// <summary>Which of the mask's matrices belongs to a matrix of queries.</summary>
    public long MaskOf(int matrix) => _masks![matrix];

    /// <summary>Which of the lengths belongs to a matrix of queries.</summary>
    public long LengthOf(int matrix) => _lengths![matrix];

    /// <summary>The number of the element of a tensor of shape <paramref name="part"/> that belongs to each element of one of shape <paramref name="whole"/> to which it broadcasts.</summary>
    private static long[] Offsets(Shape part, Shape whole)
    {
        var strides = part.Strides;
        var offsets = new long[whole.ElementCount];
        for (var i = 0L; i < offsets.Length; i++)
            for (var (d, rest) = (whole.Rank - 1, i); d >= 0; rest /= whole[d], d--)
                if (part[d] != 1) offsets[i] += rest % whole[d] * strides[d];
        return offsets;
    }
}
