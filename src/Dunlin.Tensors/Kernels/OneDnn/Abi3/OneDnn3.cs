namespace Dunlin.Tensors.Kernels.OneDnn.Abi3;

/// <summary>Version 3: descriptors are objects of the library's, and an implementation is chosen in one call with all that describes the operation.</summary>
internal sealed class OneDnn3(VersionInfo version) : OneDnnAbi(version)
{
    private const int Relu = 0x20;
    private const uint UseGlobalStatistics = 1;
    private const uint UseScaleAndShift = 2 | 4;

    private nint Attributes => AttributesFor(Activation.None);

    public override string InstructionSet => Native.dnnl_get_effective_cpu_isa() switch
    {
        0x01 => "SSE4.1",
        0x03 => "AVX",
        0x07 => "AVX2",
        0x0f => "AVX2 VNNI",
        0x1f => "AVX2 VNNI 2",
        0x27 => "AVX-512",
        0x67 => "AVX-512 VNNI",
        0xe7 => "AVX-512 BF16",
        0x1ef => "AVX-512 FP16",
        0xfef => "AVX-512 AMX",
        0x1fef => "AVX-512 AMX FP16",
        _ => "generic",
    };

    public override MemoryDesc Strided(ReadOnlySpan<int> lengths, ReadOnlySpan<long> strides, DataType type)
    {
        Native.Check(Native3.dnnl_memory_desc_create_with_strides(out var desc, lengths.Length, Dims.Of(lengths), type, Dims.Of(strides)), "describing memory", null);
        return new OpaqueDesc(desc);
    }

    public override MemoryDesc Any(ReadOnlySpan<int> lengths, DataType type) => Tagged(lengths, type, FormatTag.Any);

    public override MemoryDesc Formed(MemoryForm form)
    {
        if (form.Blocks.Length == 0) return Strided(form.Lengths, form.Strides, form.Type);
        if (FormatTags.Of(form) is { } tag)
        {
            var desc = Tagged(form.Lengths, form.Type, tag);
            if (desc.Form.ToString() == form.ToString()) return desc;
        }
        return Plain(form.Lengths, form.Type);
    }

    public override MemoryDesc Copy(nint desc)
    {
        Native.Check(Native3.dnnl_memory_desc_clone(out var copy, desc), "describing memory", null);
        return new OpaqueDesc(copy);
    }

    public override Status MatMul(MemoryDesc src, MemoryDesc weights, MemoryDesc bias, MemoryDesc dst, nint attributes, out nint handle) =>
        Native3.dnnl_matmul_primitive_desc_create(out handle, Engine, src, weights, bias, dst, attributes);

    public override Status ConvolutionForward(in Window window, MemoryDesc src, MemoryDesc weights, MemoryDesc bias, MemoryDesc dst, nint attributes,
        out nint handle) => Native3.dnnl_convolution_forward_primitive_desc_create(out handle, Engine, PropKind.ForwardTraining, AlgKind.ConvolutionDirect,
        src, weights, bias, dst, window.Strides, window.Dilates, window.PadBegin, window.PadEnd, attributes);

    public override Status ConvolutionBackwardData(in Window window, MemoryDesc diffSrc, MemoryDesc weights, MemoryDesc diffDst, PrimitiveDesc forward,
        out nint handle) => Native3.dnnl_convolution_backward_data_primitive_desc_create(out handle, Engine, AlgKind.ConvolutionDirect,
        diffSrc, weights, diffDst, window.Strides, window.Dilates, window.PadBegin, window.PadEnd, forward, Attributes);

    public override Status ConvolutionBackwardWeights(in Window window, MemoryDesc src, MemoryDesc diffWeights, MemoryDesc diffBias, MemoryDesc diffDst,
        PrimitiveDesc forward, out nint handle) => Native3.dnnl_convolution_backward_weights_primitive_desc_create(out handle, Engine, AlgKind.ConvolutionDirect,
        src, diffWeights, diffBias, diffDst, window.Strides, window.Dilates, window.PadBegin, window.PadEnd, forward, Attributes);

    public override Status PoolingForward(in Window window, AlgKind algorithm, MemoryDesc src, MemoryDesc dst, out nint handle) =>
        Native3.dnnl_pooling_forward_primitive_desc_create(out handle, Engine, PropKind.ForwardTraining, algorithm, src, dst,
            window.Strides, window.Size, window.Dilates, window.PadBegin, window.PadEnd, Attributes);

    public override Status PoolingBackward(in Window window, AlgKind algorithm, MemoryDesc diffSrc, MemoryDesc diffDst, PrimitiveDesc forward, out nint handle) =>
        Native3.dnnl_pooling_backward_primitive_desc_create(out handle, Engine, algorithm, diffSrc, diffDst,
            window.Strides, window.Size, window.Dilates, window.PadBegin, window.PadEnd, forward, Attributes);

    public override Status BatchNormForward(PropKind kind, MemoryDesc data, float epsilon, Statistics statistics, out nint handle) =>
        Native3.dnnl_batch_normalization_forward_primitive_desc_create(out handle, Engine, kind, data, data, epsilon,
            UseScaleAndShift | (statistics == Statistics.Given ? UseGlobalStatistics : 0), Attributes);

    public override Status BatchNormBackward(MemoryDesc data, float epsilon, PrimitiveDesc forward, out nint handle) =>
        Native3.dnnl_batch_normalization_backward_primitive_desc_create(out handle, Engine, PropKind.Backward, data, data, data, epsilon, UseScaleAndShift, forward, Attributes);

    public override Status LayerNormForward(MemoryDesc data, MemoryDesc statistics, float epsilon, out nint handle) =>
        Native3.dnnl_layer_normalization_forward_primitive_desc_create(out handle, Engine, PropKind.ForwardTraining, data, data, statistics, epsilon, UseScaleAndShift, Attributes);

    public override Status LayerNormBackward(MemoryDesc data, MemoryDesc statistics, float epsilon, PrimitiveDesc forward, out nint handle) =>
        Native3.dnnl_layer_normalization_backward_primitive_desc_create(out handle, Engine, PropKind.Backward, data, data, data, statistics, epsilon, UseScaleAndShift,
            forward, Attributes);

    public override Status LrnForward(PropKind kind, MemoryDesc data, LrnForwardSpec spec, out nint handle) =>
        Native3.dnnl_lrn_forward_primitive_desc_create(out handle, Engine, kind, AlgKind.LrnAcrossChannels, data, data, spec.Size, (float)spec.Alpha, (float)spec.Beta, (float)spec.K, Attributes);

    public override Status LrnBackward(MemoryDesc data, LrnForwardSpec spec, PrimitiveDesc forward, out nint handle) =>
        Native3.dnnl_lrn_backward_primitive_desc_create(out handle, Engine, AlgKind.LrnAcrossChannels, data, data, data, spec.Size, (float)spec.Alpha, (float)spec.Beta, (float)spec.K,
            forward, Attributes);

    public override Status SoftmaxForward(AlgKind algorithm, MemoryDesc data, int axis, out nint handle) =>
        Native3.dnnl_softmax_forward_primitive_desc_create(out handle, Engine, PropKind.ForwardTraining, algorithm, data, data, axis, Attributes);

    public override Status SoftmaxBackward(AlgKind algorithm, MemoryDesc data, int axis, PrimitiveDesc forward, out nint handle) =>
        Native3.dnnl_softmax_backward_primitive_desc_create(out handle, Engine, algorithm, data, data, data, axis, forward, Attributes);

    private protected override Status AppendRelu(nint postOps) => Native3.dnnl_post_ops_append_eltwise(postOps, Relu, 0, 0);

    private static OpaqueDesc Tagged(ReadOnlySpan<int> lengths, DataType type, FormatTag tag)
    {
        Native.Check(Native3.dnnl_memory_desc_create_with_tag(out var desc, lengths.Length, Dims.Of(lengths), type, tag), "describing memory", null);
        return new OpaqueDesc(desc);
    }
}
