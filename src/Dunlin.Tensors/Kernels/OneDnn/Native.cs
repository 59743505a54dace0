using System.Runtime.InteropServices;

namespace Dunlin.Tensors.Kernels.OneDnn;

/// <summary>
/// The C functions of dnnl.h that versions 2.6 and 3 share, under their own names: a descriptor is passed by address in both. Those that differ stand in
/// the versions' folders. <see cref="OneDnnLibrary"/> says which file <see cref="Library"/> is.
/// </summary>
internal static unsafe partial class Native
{
    public const string Library = "dnnl";

    /// <exception cref="DunlinException">The call failed.</exception>
    public static void Check(Status status, string doing, KernelSpec? spec)
    {
        if (status != Status.Success)
            throw new DunlinException($"oneDNN: {doing}{(spec is null ? "" : $" for {spec}")} failed: {status}.");
    }

    [LibraryImport(Library)]
    public static partial int dnnl_get_effective_cpu_isa();

    [LibraryImport(Library)]
    public static partial Status dnnl_engine_create(out nint engine, EngineKind kind, nuint index);

    [LibraryImport(Library)]
    public static partial Status dnnl_stream_create(out nint stream, nint engine, uint flags);

    [LibraryImport(Library)]
    public static partial Status dnnl_stream_destroy(nint stream);

    [LibraryImport(Library)]
    public static partial int dnnl_memory_desc_equal(MemoryDesc left, MemoryDesc right);

    [LibraryImport(Library)]
    public static partial nuint dnnl_memory_desc_get_size(MemoryDesc desc);

    [LibraryImport(Library)]
    public static partial Status dnnl_memory_create(out nint memory, MemoryDesc desc, nint engine, nint handle);

    [LibraryImport(Library)]
    public static partial Status dnnl_memory_set_data_handle(nint memory, nint handle);

    [LibraryImport(Library)]
    public static partial Status dnnl_memory_destroy(nint memory);

    [LibraryImport(Library)]
    public static partial Status dnnl_primitive_attr_create(out nint attributes);

    [LibraryImport(Library)]
    public static partial Status dnnl_primitive_attr_set_scratchpad_mode(nint attributes, ScratchpadMode mode);

    [LibraryImport(Library)]
    public static partial Status dnnl_primitive_attr_set_post_ops(nint attributes, nint postOps);

    [LibraryImport(Library)]
    public static partial Status dnnl_post_ops_create(out nint postOps);

    [LibraryImport(Library)]
    public static partial Status dnnl_post_ops_destroy(nint postOps);

    [LibraryImport(Library)]
    public static partial Status dnnl_reorder_primitive_desc_create(out nint primitiveDesc, MemoryDesc from, nint fromEngine, MemoryDesc to,
        nint toEngine, nint attributes);

    [LibraryImport(Library)]
    public static partial nint dnnl_primitive_desc_query_md(PrimitiveDesc primitiveDesc, Query what, Arg index);

    [LibraryImport(Library)]
    public static partial Status dnnl_primitive_desc_query(PrimitiveDesc primitiveDesc, Query what, int index, out nint result);

    [LibraryImport(Library)]
    public static partial int dnnl_primitive_desc_query_s32(PrimitiveDesc primitiveDesc, Query what, int index);

    [LibraryImport(Library)]
    public static partial Status dnnl_primitive_desc_destroy(nint primitiveDesc);

    [LibraryImport(Library)]
    public static partial Status dnnl_primitive_create(out nint primitive, PrimitiveDesc primitiveDesc);

    [LibraryImport(Library)]
    public static partial Status dnnl_primitive_execute(nint primitive, nint stream, int count, ExecArg* args);

    [LibraryImport(Library)]
    public static partial Status dnnl_primitive_destroy(nint primitive);

    [LibraryImport(Library)]
    public static partial Status dnnl_sgemm(byte transposeA, byte transposeB, long m, long n, long k, float alpha, float* a, long rowA, float* b, long rowB, float beta, float* c, long rowC);
}
