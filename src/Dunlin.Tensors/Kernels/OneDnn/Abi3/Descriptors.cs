namespace Dunlin.Tensors.Kernels.OneDnn.Abi3;

/// <summary>dnnl_format_kind_t.</summary>
internal enum FormatKind { Undefined = 0, Any = 1, Blocked = 2, Opaque = 3 }

/// <summary>What dnnl_memory_desc_query answers (dnnl_query_t).</summary>
internal enum DescQuery
{
    Strides = 14,
    Rank = 256,
    Lengths = 257,
    Type = 258,
    Offset = 259,
    PaddedLengths = 260,
    FormatKind = 262,
    InnerCount = 263,
    InnerBlocks = 264,
    InnerIndices = 265,
}

/// <summary>A descriptor that is an object of the library's.</summary>
internal sealed unsafe class OpaqueDesc(nint handle) : MemoryDesc(handle)
{
    private protected override MemoryForm Read()
    {
        int rank, blocks = 0;
        long offset = 0;
        DataType type;
        FormatKind kind;
        Query(DescQuery.Rank, &rank);
        Query(DescQuery.Type, &type);
        Query(DescQuery.FormatKind, &kind);
        var isBlocked = kind == FormatKind.Blocked;
        if (isBlocked) Query(DescQuery.Offset, &offset);
        isBlocked &= offset == 0;
        if (isBlocked) Query(DescQuery.InnerCount, &blocks);
        var (sizes, dimensions) = (Numbers(DescQuery.InnerBlocks, blocks), Numbers(DescQuery.InnerIndices, blocks));
        return new(type, Lengths(DescQuery.Lengths, rank), Lengths(DescQuery.PaddedLengths, rank), isBlocked ? Numbers(DescQuery.Strides, rank) : [],
            [.. sizes.Select((size, i) => ((int)size, (int)dimensions[i]))]);
    }

    protected override bool ReleaseHandle() => Native3.dnnl_memory_desc_destroy(handle) == Status.Success;

    private int[] Lengths(DescQuery what, int count) => Array.ConvertAll(Numbers(what, count), length => checked((int)length));

    /// <summary>Numbers that the answer points to.</summary>
    private long[] Numbers(DescQuery what, int count)
    {
        if (count == 0) return [];
        long* numbers;
        Query(what, &numbers);
        return new ReadOnlySpan<long>(numbers, count).ToArray();
    }

    private void Query(DescQuery what, void* result)
    {
        Native.Check(Native3.dnnl_memory_desc_query(handle, what, result), "reading a descriptor", null);
        GC.KeepAlive(this);
    }
}
