namespace Dunlin.Tensors.Kernels.OneDnn.Abi26;

/// <summary>
/// Version 2.6 and later 2.x: descriptors are C structures, and an operation is described in a structure before an implementation is chosen for it.
/// </summary>
internal sealed unsafe class OneDnn26(VersionInfo version) : OneDnnAbi(version)
{
    private const int Relu = 0x1f;
    private const uint UseGlobalStatistics = 1;
    private const uint UseScaleAndShift = 8 | 16;

    public override string InstructionSet => Native.dnnl_get_effective_cpu_isa() switch
    {
        0x01 => "SSE4.1",
        0x03 => "AVX",
        0x07 => "AVX2",
        0x407 => "AVX2 VNNI",
        0x0f or 0x1f or 0x27 => "AVX-512",
        0x67 => "AVX-512 VNNI",
        0xe7 => "AVX-512 BF16",
        0x3e7 => "AVX-512 AMX",
        _ => "generic",
    };

    public override MemoryDesc Strided(ReadOnlySpan<int> lengths, ReadOnlySpan<long> strides, DataType type)
    {
        Native.Check(Native26.dnnl_memory_desc_init_by_strides(out var desc, lengths.Length, Dims.Of(lengths), type, Dims.Of(strides)), "describing memory", null);
        return new StructureDesc(desc);
    }

    public override MemoryDesc Any(ReadOnlySpan<int> lengths, DataType type)
    {
        Native.Check(Native26.dnnl_memory_desc_init_by_tag(out var desc, lengths.Length, Dims.Of(lengths), type, FormatTag.Any), "describing memory", null);
        return new StructureDesc(desc);
    }

    public override MemoryDesc Formed(MemoryForm form)
    {
        // The function that takes strides refuses those between blocks.
        var data = StructureDesc.DataOf(Plain(form.Lengths, form.Type));
        data.PaddedLengths = Dims.Of(form.PaddedLengths);
        data.Blocking.Strides = Dims.Of(form.Strides);
        data.Blocking.InnerCount = form.Blocks.Length;
        for (var i = 0; i < form.Blocks.Length; i++) (data.Blocking.InnerBlocks[i], data.Blocking.InnerIndices[i]) = form.Blocks[i];
        return new StructureDesc(data);
    }

    public override MemoryDesc Copy(nint desc) => new StructureDesc(*(MemoryDescData*)desc);

    public override Status MatMul(MemoryDesc src, MemoryDesc weights, MemoryDesc bias, MemoryDesc dst, nint attributes, out nint handle)
    {
        MatMulDesc operation;
        return Choose(Native26.dnnl_matmul_desc_init(&operation, src, weights, bias, dst), &operation, out handle, attributes);
    }

    public override Status ConvolutionForward(in Window window, MemoryDesc src, MemoryDesc weights, MemoryDesc bias, MemoryDesc dst, nint attributes,
        out nint handle)
    {
        ConvolutionDesc operation;
        return Choose(Native26.dnnl_dilated_convolution_forward_desc_init(&operation, PropKind.ForwardTraining, AlgKind.ConvolutionDirect, src, weights, bias, dst,
            window.Strides, window.Dilates, window.PadBegin, window.PadEnd), &operation, out handle, attributes);
    }

    public override Status ConvolutionBackwardData(in Window window, MemoryDesc diffSrc, MemoryDesc weights, MemoryDesc diffDst, PrimitiveDesc forward,
        out nint handle)
    {
        ConvolutionDesc operation;
        return Choose(Native26.dnnl_dilated_convolution_backward_data_desc_init(&operation, AlgKind.ConvolutionDirect, diffSrc, weights, diffDst,
            window.Strides, window.Dilates, window.PadBegin, window.PadEnd), &operation, out handle, forward: forward);
    }

    public override Status ConvolutionBackwardWeights(in Window window, MemoryDesc src, MemoryDesc diffWeights, MemoryDesc diffBias, MemoryDesc diffDst,
        PrimitiveDesc forward, out nint handle)
    {
        ConvolutionDesc operation;
        return Choose(Native26.dnnl_dilated_convolution_backward_weights_desc_init(&operation, AlgKind.ConvolutionDirect, src, diffWeights, diffBias, diffDst,
            window.Strides, window.Dilates, window.PadBegin, window.PadEnd), &operation, out handle, forward: forward);
    }

    public override Status PoolingForward(in Window window, AlgKind algorithm, MemoryDesc src, MemoryDesc dst, out nint handle)
    {
        PoolingDesc operation;
        return Choose(Native26.dnnl_pooling_forward_desc_init(&operation, PropKind.ForwardTraining, algorithm, src, dst,
            window.Strides, window.Size, window.PadBegin, window.PadEnd), &operation, out handle);
    }

    public override Status PoolingBackward(in Window window, AlgKind algorithm, MemoryDesc diffSrc, MemoryDesc diffDst, PrimitiveDesc forward, out nint handle)
    {
        PoolingDesc operation;
        return Choose(Native26.dnnl_pooling_backward_desc_init(&operation, algorithm, diffSrc, diffDst,
            window.Strides, window.Size, window.PadBegin, window.PadEnd), &operation, out handle, forward: forward);
    }

    public override Status BatchNormForward(PropKind kind, MemoryDesc data, float epsilon, Statistics statistics, out nint handle)
    {
        NormalizationDesc operation;
        var flags = UseScaleAndShift | (statistics == Statistics.Given ? UseGlobalStatistics : 0);
        return Choose(Native26.dnnl_batch_normalization_forward_desc_init(&operation, kind, data, epsilon, flags), &operation, out handle);
    }

    public override Status BatchNormBackward(MemoryDesc data, float epsilon, PrimitiveDesc forward, out nint handle)
    {
        NormalizationDesc operation;
        return Choose(Native26.dnnl_batch_normalization_backward_desc_init(&operation, PropKind.Backward, data, data, epsilon, UseScaleAndShift),
            &operation, out handle, forward: forward);
    }

    public override Status LayerNormForward(MemoryDesc data, MemoryDesc statistics, float epsilon, out nint handle)
    {
        NormalizationDesc operation;
        return Choose(Native26.dnnl_layer_normalization_forward_desc_init(&operation, PropKind.ForwardTraining, data, statistics, epsilon, UseScaleAndShift),
            &operation, out handle);
    }

    public override Status LayerNormBackward(MemoryDesc data, MemoryDesc statistics, float epsilon, PrimitiveDesc forward, out nint handle)
    {
        NormalizationDesc operation;
        return Choose(Native26.dnnl_layer_normalization_backward_desc_init(&operation, PropKind.Backward, data, data, statistics, epsilon, UseScaleAndShift),
            &operation, out handle, forward: forward);
    }

    public override Status LrnForward(PropKind kind, MemoryDesc data, LrnForwardSpec spec, out nint handle)
    {
        LrnDesc operation;
        return Choose(Native26.dnnl_lrn_forward_desc_init(&operation, kind, AlgKind.LrnAcrossChannels, data, spec.Size, (float)spec.Alpha, (float)spec.Beta, (float)spec.K),
            &operation, out handle);
    }

    public override Status LrnBackward(MemoryDesc data, LrnForwardSpec spec, PrimitiveDesc forward, out nint handle)
    {
        LrnDesc operation;
        return Choose(Native26.dnnl_lrn_backward_desc_init(&operation, AlgKind.LrnAcrossChannels, data, data, spec.Size, (float)spec.Alpha, (float)spec.Beta, (float)spec.K),
            &operation, out handle, forward: forward);
    }

    public override Status SoftmaxForward(AlgKind algorithm, MemoryDesc data, int axis, out nint handle)
    {
        SoftmaxDesc operation;
        return Choose(Native26.dnnl_softmax_v2_forward_desc_init(&operation, PropKind.ForwardTraining, algorithm, data, data, axis), &operation, out handle);
    }

    public override Status SoftmaxBackward(AlgKind algorithm, MemoryDesc data, int axis, PrimitiveDesc forward, out nint handle)
    {
        SoftmaxDesc operation;
        return Choose(Native26.dnnl_softmax_v2_backward_desc_init(&operation, algorithm, data, data, data, axis), &operation, out handle, forward: forward);
    }

    private protected override Status AppendRelu(nint postOps) => Native26.dnnl_post_ops_append_eltwise(postOps, 1, Relu, 0, 0);

    private Status Choose(Status described, void* operation, out nint handle, nint? attributes = null, PrimitiveDesc? forward = null)
    {
        handle = 0;
        if (described != Status.Success) return described;
        var status = Native26.dnnl_primitive_desc_create(out handle, operation, attributes ?? AttributesFor(Activation.None), Engine, forward?.DangerousGetHandle() ?? 0);
        GC.KeepAlive(forward);
        return status;
    }
}
