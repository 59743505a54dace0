using System.Runtime.InteropServices;

namespace Dunlin.Tensors.Kernels.OneDnn.Abi26;

/// <summary>
/// The C functions of libdnnl 2.6 (dnnl.h) that version 3 has not, or with other arguments: an operation is described first, then an implementation chosen.
/// </summary>
internal static unsafe partial class Native26
{
    [LibraryImport(Native.Library)]
    public static partial Status dnnl_memory_desc_init_by_strides(out MemoryDescData desc, int rank, in Dims lengths, DataType type, in Dims strides);

    [LibraryImport(Native.Library)]
    public static partial Status dnnl_memory_desc_init_by_tag(out MemoryDescData desc, int rank, in Dims lengths, DataType type, FormatTag tag);

    [LibraryImport(Native.Library)]
    public static partial Status dnnl_post_ops_append_eltwise(nint postOps, float scale, int algorithm, float alpha, float beta);

    [LibraryImport(Native.Library)]
    public static partial Status dnnl_primitive_desc_create(out nint primitiveDesc, void* operation, nint attributes, nint engine, nint forwardHint);

    [LibraryImport(Native.Library)]
    public static partial Status dnnl_matmul_desc_init(MatMulDesc* operation, MemoryDesc src, MemoryDesc weights, MemoryDesc bias, MemoryDesc dst);

    [LibraryImport(Native.Library)]
    public static partial Status dnnl_dilated_convolution_forward_desc_init(ConvolutionDesc* operation, PropKind kind, AlgKind algorithm,
        MemoryDesc src, MemoryDesc weights, MemoryDesc bias, MemoryDesc dst, in Dims strides, in Dims dilates, in Dims padBegin, in Dims padEnd);

    [LibraryImport(Native.Library)]
    public static partial Status dnnl_dilated_convolution_backward_data_desc_init(ConvolutionDesc* operation, AlgKind algorithm,
        MemoryDesc diffSrc, MemoryDesc weights, MemoryDesc diffDst, in Dims strides, in Dims dilates, in Dims padBegin, in Dims padEnd);

    [LibraryImport(Native.Library)]
    public static partial Status dnnl_dilated_convolution_backward_weights_desc_init(ConvolutionDesc* operation, AlgKind algorithm,
        MemoryDesc src, MemoryDesc diffWeights, MemoryDesc diffBias, MemoryDesc diffDst, in Dims strides, in Dims dilates, in Dims padBegin, in Dims padEnd);

    [LibraryImport(Native.Library)]
    public static partial Status dnnl_pooling_forward_desc_init(PoolingDesc* operation, PropKind kind, AlgKind algorithm,
        MemoryDesc src, MemoryDesc dst, in Dims strides, in Dims window, in Dims padBegin, in Dims padEnd);

    [LibraryImport(Native.Library)]
    public static partial Status dnnl_pooling_backward_desc_init(PoolingDesc* operation, AlgKind algorithm,
        MemoryDesc diffSrc, MemoryDesc diffDst, in Dims strides, in Dims window, in Dims padBegin, in Dims padEnd);

    [LibraryImport(Native.Library)]
    public static partial Status dnnl_batch_normalization_forward_desc_init(NormalizationDesc* operation, PropKind kind, MemoryDesc data,
        float epsilon, uint flags);

    [LibraryImport(Native.Library)]
    public static partial Status dnnl_batch_normalization_backward_desc_init(NormalizationDesc* operation, PropKind kind, MemoryDesc diffData,
        MemoryDesc data, float epsilon, uint flags);

    [LibraryImport(Native.Library)]
    public static partial Status dnnl_layer_normalization_forward_desc_init(NormalizationDesc* operation, PropKind kind, MemoryDesc data,
        MemoryDesc statistics, float epsilon, uint flags);

    [LibraryImport(Native.Library)]
    public static partial Status dnnl_layer_normalization_backward_desc_init(NormalizationDesc* operation, PropKind kind, MemoryDesc diffData,
        MemoryDesc data, MemoryDesc statistics, float epsilon, uint flags);

    [LibraryImport(Native.Library)]
    public static partial Status dnnl_lrn_forward_desc_init(LrnDesc* operation, PropKind kind, AlgKind algorithm, MemoryDesc data, long size,
        float alpha, float beta, float k);

    [LibraryImport(Native.Library)]
    public static partial Status dnnl_lrn_backward_desc_init(LrnDesc* operation, AlgKind algorithm, MemoryDesc diffData, MemoryDesc data, long size,
        float alpha, float beta, float k);

    [LibraryImport(Native.Library)]
    public static partial Status dnnl_softmax_v2_forward_desc_init(SoftmaxDesc* operation, PropKind kind, AlgKind algorithm,
        MemoryDesc src, MemoryDesc dst, int axis);

    [LibraryImport(Native.Library)]
    public static partial Status dnnl_softmax_v2_backward_desc_init(SoftmaxDesc* operation, AlgKind algorithm,
        MemoryDesc diffSrc, MemoryDesc diffDst, MemoryDesc dst, int axis);
}
