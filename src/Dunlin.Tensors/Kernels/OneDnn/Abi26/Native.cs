using System.Runtime.InteropServices;

namespace Dunlin.Tensors.Kernels.OneDnn.Abi26;

/// <summary>The C functions of libdnnl 2.6 (dnnl.h) that Dunlin calls, under their own names.</summary>
internal static unsafe partial class Native
{
    public const string Library = "libdnnl.so.2";

    /// <summary>cpu_runtime of a library built on OpenMP, whose threads an <see cref="OpenMpTeam"/> shares.</summary>
    public const uint OpenMpRuntime = 2;

    /// <exception cref="DunlinException">The call failed.</exception>
    public static void Check(Status status, string doing, KernelSpec? spec)
    {
        if (status != Status.Success)
            throw new DunlinException($"oneDNN: {doing}{(spec is null ? "" : $" for {spec}")} failed: {status}.");
    }

    [LibraryImport(Library)]
    public static partial VersionInfo* dnnl_version();

    [LibraryImport(Library)]
    public static partial int dnnl_get_effective_cpu_isa();

    [LibraryImport(Library)]
    public static partial Status dnnl_engine_create(nint* engine, EngineKind kind, nuint index);

    [LibraryImport(Library)]
    public static partial Status dnnl_stream_create(nint* stream, nint engine, uint flags);

    [LibraryImport(Library)]
    public static partial Status dnnl_stream_destroy(nint stream);

    [LibraryImport(Library)]
    public static partial Status dnnl_memory_desc_init_by_strides(MemoryDesc* desc, int rank, Dims* lengths, DataType type, Dims* strides);

    [LibraryImport(Library)]
    public static partial Status dnnl_memory_desc_init_by_tag(MemoryDesc* desc, int rank, Dims* lengths, DataType type, FormatTag tag);

    [LibraryImport(Library)]
    public static partial int dnnl_memory_desc_equal(MemoryDesc* left, MemoryDesc* right);

    [LibraryImport(Library)]
    public static partial nuint dnnl_memory_desc_get_size(MemoryDesc* desc);

    [LibraryImport(Library)]
    public static partial Status dnnl_memory_create(nint* memory, MemoryDesc* desc, nint engine, nint handle);

    [LibraryImport(Library)]
    public static partial Status dnnl_memory_set_data_handle(nint memory, nint handle);

    [LibraryImport(Library)]
    public static partial Status dnnl_memory_destroy(nint memory);

    [LibraryImport(Library)]
    public static partial Status dnnl_primitive_attr_create(nint* attributes);

    [LibraryImport(Library)]
    public static partial Status dnnl_primitive_attr_set_scratchpad_mode(nint attributes, ScratchpadMode mode);

    [LibraryImport(Library)]
    public static partial Status dnnl_primitive_attr_set_post_ops(nint attributes, nint postOps);

    [LibraryImport(Library)]
    public static partial Status dnnl_post_ops_create(nint* postOps);

    [LibraryImport(Library)]
    public static partial Status dnnl_post_ops_destroy(nint postOps);

    [LibraryImport(Library)]
    public static partial Status dnnl_post_ops_append_eltwise(nint postOps, float scale, AlgKind algorithm, float alpha, float beta);

    [LibraryImport(Library)]
    public static partial Status dnnl_primitive_desc_create(nint* primitiveDesc, void* operation, nint attributes, nint engine, nint forwardHint);

    [LibraryImport(Library)]
    public static partial Status dnnl_reorder_primitive_desc_create(nint* primitiveDesc, MemoryDesc* from, nint fromEngine, MemoryDesc* to,
        nint toEngine, nint attributes);

    [LibraryImport(Library)]
    public static partial MemoryDesc* dnnl_primitive_desc_query_md(nint primitiveDesc, Query what, Arg index);

    [LibraryImport(Library)]
    public static partial Status dnnl_primitive_desc_destroy(nint primitiveDesc);

    [LibraryImport(Library)]
    public static partial Status dnnl_primitive_create(nint* primitive, nint primitiveDesc);

    [LibraryImport(Library)]
    public static partial Status dnnl_primitive_execute(nint primitive, nint stream, int count, ExecArg* args);

    [LibraryImport(Library)]
    public static partial Status dnnl_primitive_destroy(nint primitive);

    [LibraryImport(Library)]
    public static partial Status dnnl_matmul_desc_init(MatMulDesc* operation, MemoryDesc* src, MemoryDesc* weights, MemoryDesc* bias, MemoryDesc* dst);

    [LibraryImport(Library)]
    public static partial Status dnnl_dilated_convolution_forward_desc_init(ConvolutionDesc* operation, PropKind kind, AlgKind algorithm,
        MemoryDesc* src, MemoryDesc* weights, MemoryDesc* bias, MemoryDesc* dst, Dims* strides, Dims* dilates, Dims* padBegin, Dims* padEnd);

    [LibraryImport(Library)]
    public static partial Status dnnl_dilated_convolution_backward_data_desc_init(ConvolutionDesc* operation, AlgKind algorithm,
        MemoryDesc* diffSrc, MemoryDesc* weights, MemoryDesc* diffDst, Dims* strides, Dims* dilates, Dims* padBegin, Dims* padEnd);

    [LibraryImport(Library)]
    public static partial Status dnnl_dilated_convolution_backward_weights_desc_init(ConvolutionDesc* operation, AlgKind algorithm,
        MemoryDesc* src, MemoryDesc* diffWeights, MemoryDesc* diffBias, MemoryDesc* diffDst, Dims* strides, Dims* dilates, Dims* padBegin, Dims* padEnd);

    [LibraryImport(Library)]
    public static partial Status dnnl_pooling_forward_desc_init(PoolingDesc* operation, PropKind kind, AlgKind algorithm,
        MemoryDesc* src, MemoryDesc* dst, Dims* strides, Dims* window, Dims* padBegin, Dims* padEnd);

    [LibraryImport(Library)]
    public static partial Status dnnl_pooling_backward_desc_init(PoolingDesc* operation, AlgKind algorithm,
        MemoryDesc* diffSrc, MemoryDesc* diffDst, Dims* strides, Dims* window, Dims* padBegin, Dims* padEnd);

    [LibraryImport(Library)]
    public static partial Status dnnl_lrn_forward_desc_init(LrnDesc* operation, PropKind kind, AlgKind algorithm, MemoryDesc* data, long size,
        float alpha, float beta, float k);

    [LibraryImport(Library)]
    public static partial Status dnnl_lrn_backward_desc_init(LrnDesc* operation, AlgKind algorithm, MemoryDesc* diffData, MemoryDesc* data, long size,
        float alpha, float beta, float k);

    [LibraryImport(Library)]
    public static partial Status dnnl_batch_normalization_forward_desc_init(NormalizationDesc* operation, PropKind kind, MemoryDesc* data,
        float epsilon, NormalizationFlags flags);

    [LibraryImport(Library)]
    public static partial Status dnnl_batch_normalization_backward_desc_init(NormalizationDesc* operation, PropKind kind, MemoryDesc* diffData,
        MemoryDesc* data, float epsilon, NormalizationFlags flags);

    [LibraryImport(Library)]
    public static partial Status dnnl_layer_normalization_forward_desc_init(NormalizationDesc* operation, PropKind kind, MemoryDesc* data,
        MemoryDesc* statistics, float epsilon, NormalizationFlags flags);

    [LibraryImport(Library)]
    public static partial Status dnnl_layer_normalization_backward_desc_init(NormalizationDesc* operation, PropKind kind, MemoryDesc* diffData,
        MemoryDesc* data, MemoryDesc* statistics, float epsilon, NormalizationFlags flags);

    [LibraryImport(Library)]
    public static partial Status dnnl_softmax_v2_forward_desc_init(SoftmaxDesc* operation, PropKind kind, AlgKind algorithm,
        MemoryDesc* src, MemoryDesc* dst, int axis);

    [LibraryImport(Library)]
    public static partial Status dnnl_softmax_v2_backward_desc_init(SoftmaxDesc* operation, AlgKind algorithm,
        MemoryDesc* diffSrc, MemoryDesc* diffDst, MemoryDesc* dst, int axis);
}
