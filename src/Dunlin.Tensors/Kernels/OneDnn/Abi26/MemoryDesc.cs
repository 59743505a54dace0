using System.Runtime.CompilerServices;

namespace Dunlin.Tensors.Kernels.OneDnn.Abi26;

/// <summary>dnnl_dims_t.</summary>
[InlineArray(Maximum)]
internal struct Dims
{
    public const int Maximum = 12;

    private long _first;

    public static Dims Of(ReadOnlySpan<int> lengths, int add = 0)
    {
        var dims = default(Dims);
        for (var i = 0; i < lengths.Length; i++) dims[i] = lengths[i] + add;
        return dims;
    }
}

/// <summary>dnnl_blocking_desc_t: strides between blocks, and the dense blocks innermost.</summary>
internal struct BlockingDesc
{
    public Dims Strides;
    public int InnerCount;
    public Dims InnerBlocks;
    public Dims InnerIndices;
}

/// <summary>dnnl_memory_extra_desc_t.</summary>
internal struct ExtraDesc
{
    public ulong Flags;
    public int CompensationMask;
    public float ScaleAdjust;
    public int AsymmetricCompensationMask;
    private Reserved _reserved;

    [InlineArray(15)]
    private struct Reserved
    {
        private int _first;
    }
}

/// <summary>dnnl_memory_desc_t: lengths, element type and how the elements lie in memory.</summary>
internal unsafe struct MemoryDesc
{
    public int Rank;
    public Dims Lengths;
    public DataType Type;
    public Dims PaddedLengths;
    public Dims PaddedOffsets;
    public long Offset;
    public FormatKind Kind;

    /// <summary>Valid for <see cref="FormatKind.Blocked"/>; the other members of the C union are not larger.</summary>
    public BlockingDesc Blocking;
    public ExtraDesc Extra;

    /// <summary>Row-major and contiguous.</summary>
    public static MemoryDesc Plain(ReadOnlySpan<int> lengths, DataType type = DataType.Float32)
    {
        var strides = default(Dims);
        var stride = 1L;
        for (var i = lengths.Length - 1; i >= 0; i--)
        {
            strides[i] = stride;
            stride *= lengths[i];
        }
        return Strided(lengths, strides, type);
    }

    /// <summary>With the given strides in elements.</summary>
    public static MemoryDesc Strided(ReadOnlySpan<int> lengths, Dims strides, DataType type = DataType.Float32)
    {
        MemoryDesc desc;
        var dims = Dims.Of(lengths);
        Native.Check(Native.dnnl_memory_desc_init_by_strides(&desc, lengths.Length, &dims, type, &strides), "describing memory", null);
        return desc;
    }

    /// <summary>To be laid out as the primitive likes.</summary>
    public static MemoryDesc Any(ReadOnlySpan<int> lengths)
    {
        MemoryDesc desc;
        var dims = Dims.Of(lengths);
        Native.Check(Native.dnnl_memory_desc_init_by_tag(&desc, lengths.Length, &dims, DataType.Float32, FormatTag.Any), "describing memory", null);
        return desc;
    }

    /// <summary>
    /// Other lengths in the order and blocks of <paramref name="format"/>, which is blocked and of the same rank: the counterpart of a
    /// pooling's output on its input's side.
    /// </summary>
    public static MemoryDesc Like(in MemoryDesc format, ReadOnlySpan<int> lengths)
    {
        var desc = Plain(lengths);
        ref var blocking = ref desc.Blocking;
        blocking.InnerCount = format.Blocking.InnerCount;
        blocking.InnerBlocks = format.Blocking.InnerBlocks;
        blocking.InnerIndices = format.Blocking.InnerIndices;
        Span<long> blocks = stackalloc long[lengths.Length];
        blocks.Fill(1);
        var stride = 1L;
        for (var i = 0; i < blocking.InnerCount; i++)
        {
            blocks[(int)blocking.InnerIndices[i]] *= blocking.InnerBlocks[i];
            stride *= blocking.InnerBlocks[i];
        }
        foreach (var dimension in FromInnermost(format))
        {
            var count = (lengths[dimension] + blocks[dimension] - 1) / blocks[dimension];
            desc.PaddedLengths[dimension] = count * blocks[dimension];
            blocking.Strides[dimension] = stride;
            stride *= count;
        }
        return desc;
    }

    /// <summary>Bytes, padding included.</summary>
    public readonly long Bytes
    {
        get
        {
            fixed (MemoryDesc* self = &this) return (long)Native.dnnl_memory_desc_get_size(self);
        }
    }

    /// <summary>Whether both describe the same elements in the same places.</summary>
    public readonly bool Matches(in MemoryDesc other)
    {
        fixed (MemoryDesc* left = &this, right = &other) return Native.dnnl_memory_desc_equal(left, right) != 0;
    }

    /// <summary>Whether the lengths are these.</summary>
    public readonly bool Has(ReadOnlySpan<int> lengths)
    {
        if (Rank != lengths.Length) return false;
        for (var i = 0; i < lengths.Length; i++)
            if (Lengths[i] != lengths[i])
                return false;
        return true;
    }

    /// <summary>Lengths as a shape's.</summary>
    public readonly int[] LengthsAsInt32()
    {
        var lengths = new int[Rank];
        for (var i = 0; i < Rank; i++) lengths[i] = checked((int)Lengths[i]);
        return lengths;
    }

    /// <summary>Dimensions by stride; of equal strides (lengths of 1) the later one is the inner one.</summary>
    private static int[] FromInnermost(MemoryDesc desc) =>
        [.. Enumerable.Range(0, desc.Rank).OrderBy(d => desc.Blocking.Strides[d]).ThenByDescending(d => d)];
}
