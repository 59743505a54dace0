using System.Runtime.InteropServices;

namespace Dunlin.Tensors.Kernels.OneDnn.Abi26;

/// <summary>dnnl_primitive_desc_t: an implementation chosen for an operation, with the layouts it wants.</summary>
internal sealed unsafe class PrimitiveDesc : SafeHandle
{
    private PrimitiveDesc(nint handle) : base(0, ownsHandle: true) => SetHandle(handle);

    public override bool IsInvalid => handle == 0;

    public nint Handle => handle;

    /// <summary>The descriptor of an operand of the primitive.</summary>
    public MemoryDesc this[Arg arg] => *Native.dnnl_primitive_desc_query_md(handle, Query.ExecArgMd, arg);

    public MemoryDesc Scratchpad => *Native.dnnl_primitive_desc_query_md(handle, Query.ScratchpadMd, 0);

    /// <summary>Chooses an implementation, or returns null where the library has none.</summary>
    public static PrimitiveDesc? Create(void* operation, KernelSpec spec, Activation activation = Activation.None, PrimitiveDesc? forward = null)
    {
        var library = Library.Instance!;
        nint handle;
        var status = Native.dnnl_primitive_desc_create(&handle, operation, library.AttributesFor(activation), library.Engine, forward?.handle ?? 0);
        GC.KeepAlive(forward);
        return Created(handle, status, spec);
    }

    /// <summary>A copy between layouts, or null where the library has none.</summary>
    public static PrimitiveDesc? CreateReorder(in MemoryDesc from, in MemoryDesc to, KernelSpec spec)
    {
        var library = Library.Instance!;
        nint handle;
        fixed (MemoryDesc* source = &from, target = &to)
        {
            var status = Native.dnnl_reorder_primitive_desc_create(&handle, source, library.Engine, target, library.Engine, library.AttributesFor(Activation.None));
            return Created(handle, status, spec);
        }
    }

    protected override bool ReleaseHandle() => Native.dnnl_primitive_desc_destroy(handle) == Status.Success;

    private static PrimitiveDesc? Created(nint handle, Status status, KernelSpec spec)
    {
        if (status == Status.Unimplemented) return null;
        Native.Check(status, "choosing an implementation", spec);
        return new PrimitiveDesc(handle);
    }
}
