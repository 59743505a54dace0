using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Dunlin.Tensors.Kernels.OneDnn.Abi26;

/// <summary>dnnl_format_kind_t.</summary>
internal enum FormatKind { Undefined = 0, Any = 1, Blocked = 2, Winograd = 3, RnnPacked = 4 }

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

/// <summary>dnnl_memory_desc_t.</summary>
internal struct MemoryDescData
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
}

/// <summary>A descriptor that is a structure in memory of our own.</summary>
internal sealed unsafe class StructureDesc : MemoryDesc
{
    public StructureDesc(in MemoryDescData data) : base((nint)NativeMemory.Alloc((nuint)sizeof(MemoryDescData))) => *Data = data;

    /// <summary>Valid while the descriptor lives.</summary>
    private MemoryDescData* Data => (MemoryDescData*)handle;

    /// <summary>The structure itself, to be built into an operation's.</summary>
    public static MemoryDescData DataOf(MemoryDesc desc) => ((StructureDesc)desc).Copied();

    private protected override MemoryForm Read()
    {
        var data = Copied();
        // An offset, or what quantised weights carry behind the elements, is more than strides and blocks say.
        var isBlocked = data.Kind == FormatKind.Blocked && data.Offset == 0 && data.Extra.Flags == 0;
        var blocking = data.Blocking;
        return new(data.Type, Lengths(data.Lengths, data.Rank), Lengths(data.PaddedLengths, data.Rank), isBlocked ? ((ReadOnlySpan<long>)blocking.Strides)[..data.Rank].ToArray() : [],
            isBlocked ? [.. Enumerable.Range(0, blocking.InnerCount).Select(i => ((int)blocking.InnerBlocks[i], (int)blocking.InnerIndices[i]))] : []);
    }

    protected override bool ReleaseHandle()
    {
        NativeMemory.Free((void*)handle);
        return true;
    }

    private static int[] Lengths(in Dims dims, int rank)
    {
        var lengths = new int[rank];
        for (var i = 0; i < rank; i++) lengths[i] = checked((int)dims[i]);
        return lengths;
    }

    private MemoryDescData Copied()
    {
        var data = *Data;
        GC.KeepAlive(this);
        return data;
    }
}
