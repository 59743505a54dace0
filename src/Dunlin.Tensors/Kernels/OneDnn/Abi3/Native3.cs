using System.Runtime.InteropServices;

namespace Dunlin.Tensors.Kernels.OneDnn.Abi3;

/// <summary>The C functions of libdnnl 3 (dnnl.h) that version 2.6 has not, or with other arguments: an implementation is chosen in one call.</summary>
internal static unsafe partial class Native3
{
    [LibraryImport(Native.Library)]
    public static partial Status dnnl_memory_desc_create_with_strides(out nint desc, int rank, in Dims lengths, DataType type, in Dims strides);

    [LibraryImport(Native.Library)]
    public static partial Status dnnl_memory_desc_create_with_tag(out nint desc, int rank, in Dims lengths, DataType type, FormatTag tag);

    [LibraryImport(Native.Library)]
    public static partial Status dnnl_memory_desc_clone(out nint desc, nint existing);

    [LibraryImport(Native.Library)]
    public static partial Status dnnl_memory_desc_destroy(nint desc);

    [LibraryImport(Native.Library)]
    public static partial Status dnnl_memory_desc_query(nint desc, DescQuery what, void* result);

    [LibraryImport(Native.Library)]
    public static partial Status dnnl_post_ops_append_eltwise(nint postOps, int algorithm, float alpha, float beta);

    [LibraryImport(Native.Library)]
    public static partial Status dnnl_matmul_primitive_desc_create(out nint primitiveDesc, nint engine, MemoryDesc src, MemoryDesc weights, MemoryDesc bias,
        MemoryDesc dst, nint attributes);

    [LibraryImport(Native.Library)]
    public static partial Status dnnl_convolution_forward_primitive_desc_create(out nint primitiveDesc, nint engine, PropKind kind, AlgKind algorithm, MemoryDesc src,
        MemoryDesc weights, MemoryDesc bias, MemoryDesc dst, in Dims strides, in Dims dilates, in Dims padBegin, in Dims padEnd, nint attributes);

    [LibraryImport(Native.Library)]
    public static partial Status dnnl_convolution_backward_data_primitive_desc_create(out nint primitiveDesc, nint engine, AlgKind algorithm, MemoryDesc diffSrc,
        MemoryDesc weights, MemoryDesc diffDst, in Dims strides, in Dims dilates, in Dims padBegin, in Dims padEnd, PrimitiveDesc forward, nint attributes);

    [LibraryImport(Native.Library)]
    public static partial Status dnnl_convolution_backward_weights_primitive_desc_create(out nint primitiveDesc, nint engine, AlgKind algorithm, MemoryDesc src,
        MemoryDesc diffWeights, MemoryDesc diffBias, MemoryDesc diffDst, in Dims strides, in Dims dilates, in Dims padBegin, in Dims padEnd, PrimitiveDesc forward, nint attributes);

    [LibraryImport(Native.Library)]
    public static partial Status dnnl_lrn_forward_primitive_desc_create(out nint primitiveDesc, nint engine, PropKind kind, AlgKind algorithm, MemoryDesc src,
        MemoryDesc dst, long size, float alpha, float beta, float k, nint attributes);

    [LibraryImport(Native.Library)]
    public static partial Status dnnl_lrn_backward_primitive_desc_create(out nint primitiveDesc, nint engine, AlgKind algorithm, MemoryDesc diffSrc,
        MemoryDesc diffDst, MemoryDesc src, long size, float alpha, float beta, float k, PrimitiveDesc forwardHint, nint attributes);

    [LibraryImport(Native.Library)]
    public static partial Status dnnl_pooling_forward_primitive_desc_create(out nint primitiveDesc, nint engine, PropKind kind, AlgKind algorithm, MemoryDesc src,
        MemoryDesc dst, in Dims strides, in Dims window, in Dims dilates, in Dims padBegin, in Dims padEnd, nint attributes);

    [LibraryImport(Native.Library)]
    public static partial Status dnnl_pooling_backward_primitive_desc_create(out nint primitiveDesc, nint engine, AlgKind algorithm, MemoryDesc diffSrc,
        MemoryDesc diffDst, in Dims strides, in Dims window, in Dims dilates, in Dims padBegin, in Dims padEnd, PrimitiveDesc forward, nint attributes);

    [LibraryImport(Native.Library)]
    public static partial Status dnnl_batch_normalization_forward_primitive_desc_create(out nint primitiveDesc, nint engine, PropKind kind, MemoryDesc src, MemoryDesc dst,
        float epsilon, uint flags, nint attributes);

    [LibraryImport(Native.Library)]
    public static partial Status dnnl_batch_normalization_backward_primitive_desc_create(out nint primitiveDesc, nint engine, PropKind kind, MemoryDesc diffSrc,
        MemoryDesc diffDst, MemoryDesc src, float epsilon, uint flags, PrimitiveDesc forward, nint attributes);

    [LibraryImport(Native.Library)]
    public static partial Status dnnl_layer_normalization_forward_primitive_desc_create(out nint primitiveDesc, nint engine, PropKind kind, MemoryDesc src, MemoryDesc dst,
        MemoryDesc statistics, float epsilon, uint flags, nint attributes);

    [LibraryImport(Native.Library)]
    public static partial Status dnnl_layer_normalization_backward_primitive_desc_create(out nint primitiveDesc, nint engine, PropKind kind, MemoryDesc diffSrc,
        MemoryDesc diffDst, MemoryDesc src, MemoryDesc statistics, float epsilon, uint flags, PrimitiveDesc forward, nint attributes);

    [LibraryImport(Native.Library)]
    public static partial Status dnnl_softmax_forward_primitive_desc_create(out nint primitiveDesc, nint engine, PropKind kind, AlgKind algorithm, MemoryDesc src,
        MemoryDesc dst, int axis, nint attributes);

    [LibraryImport(Native.Library)]
    public static partial Status dnnl_softmax_backward_primitive_desc_create(out nint primitiveDesc, nint engine, AlgKind algorithm, MemoryDesc diffSrc, MemoryDesc diffDst,
        MemoryDesc dst, int axis, PrimitiveDesc forward, nint attributes);
}
