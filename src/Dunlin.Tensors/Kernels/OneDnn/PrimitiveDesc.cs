using System.Runtime.InteropServices;

namespace Dunlin.Tensors.Kernels.OneDnn;

/// <summary>dnnl_primitive_desc_t: an implementation chosen for an operation, with the layouts it wants.</summary>
internal sealed class PrimitiveDesc : SafeHandle
{
    private PrimitiveDesc(OneDnnAbi abi, nint handle) : base(0, ownsHandle: true)
    {
        Abi = abi;
        SetHandle(handle);
    }

    public OneDnnAbi Abi { get; }

    public override bool IsInvalid => handle == 0;

    /// <summary>The descriptor of an operand of the primitive.</summary>
    public MemoryDesc this[Arg arg] => Abi.Copy(Native.dnnl_primitive_desc_query_md(this, Query.ExecArgMd, arg));

    /// <summary>The descriptor of the working memory, or <see cref="MemoryDesc.None"/>.</summary>
    public MemoryDesc Scratchpad => Native.dnnl_primitive_desc_query_md(this, Query.ScratchpadMd, 0) is not 0 and var desc ? Abi.Copy(desc) : MemoryDesc.None;

    /// <summary>How many operands it reads, or wants without reading them.</summary>
    public int InputCount => Native.dnnl_primitive_desc_query_s32(this, Query.InputCount, 0);

    /// <summary>The library's name of the implementation, such as <c>jit:avx512_core</c>.</summary>
    public string Implementation =>
        Native.dnnl_primitive_desc_query(this, Query.ImplementationInfo, 0, out var text) == Status.Success ? Marshal.PtrToStringUTF8(text) ?? "" : "";

    /// <summary>
    /// Whether it is one of the simple loops that define an operation. In 16 bits they are slower than computing in Float32 and converting.
    /// </summary>
    public bool IsReference => Implementation.StartsWith("ref", StringComparison.Ordinal);

    /// <summary>What a call that chooses an implementation gave, or null where the library has none.</summary>
    /// <exception cref="DunlinException">The call failed otherwise.</exception>
    public static PrimitiveDesc? Of(OneDnnAbi abi, Status status, nint handle, KernelSpec spec)
    {
        if (status == Status.Unimplemented) return null;
        Native.Check(status, "choosing an implementation", spec);
        var primitive = new PrimitiveDesc(abi, handle);
        if (!spec.Type.IsHalf() || !primitive.IsReference || spec is PoolForwardSpec or PoolBackwardSpec or ReorderSpec) return primitive;
        primitive.Dispose();
        return null;
    }

    protected override bool ReleaseHandle() => Native.dnnl_primitive_desc_destroy(handle) == Status.Success;
}
