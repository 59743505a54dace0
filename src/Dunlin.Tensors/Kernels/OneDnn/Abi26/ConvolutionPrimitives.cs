namespace Dunlin.Tensors.Kernels.OneDnn.Abi26;

/// <summary>Convolutions: the library chooses the layout of every tensor with dimensions to choose from.</summary>
/// <remarks>Always the direct algorithm: Winograd's loses digits, and which one "auto" takes depends on the machine.</remarks>
internal static unsafe class ConvolutionPrimitives
{
    public static Kernel? PrepareForward(ConvForwardSpec spec, ThreadTeam threads)
    {
        if (!Supports(spec.Geometry)) return null;
        using var primitive = Forward(spec.Geometry, spec.Bias, spec.Activation, spec);
        return primitive is null ? null : new OneDnnKernel(spec, primitive, threads,
            spec.Bias ? [Arg.Src, Arg.Weights, Arg.Bias] : [Arg.Src, Arg.Weights], [Arg.Dst]);
    }

    public static Kernel? PrepareBackwardData(ConvBackwardDataSpec spec, ThreadTeam threads)
    {
        if (!Supports(spec.Geometry)) return null;
        using var forward = Forward(spec.Geometry, bias: false, Activation.None, spec);
        var shapes = new Operands(spec.Geometry);
        ConvolutionDesc operation;
        Native.Check(Native.dnnl_dilated_convolution_backward_data_desc_init(&operation, AlgKind.ConvolutionDirect, &shapes.Src, &shapes.Weights,
            &shapes.Dst, &shapes.Strides, &shapes.Dilates, &shapes.PadBegin, &shapes.PadEnd), "describing the convolution's gradient", spec);
        using var primitive = PrimitiveDesc.Create(&operation, spec, forward: forward);
        return primitive is null ? null : new OneDnnKernel(spec, primitive, threads, [Arg.Weights, Arg.DiffDst], [Arg.DiffSrc]);
    }

    public static Kernel? PrepareBackwardWeights(ConvBackwardWeightsSpec spec, ThreadTeam threads)
    {
        if (!Supports(spec.Geometry)) return null;
        using var forward = Forward(spec.Geometry, spec.Bias, Activation.None, spec);
        var shapes = new Operands(spec.Geometry);
        ConvolutionDesc operation;
        Native.Check(Native.dnnl_dilated_convolution_backward_weights_desc_init(&operation, AlgKind.ConvolutionDirect, &shapes.Src, &shapes.Weights,
            spec.Bias ? &shapes.Bias : null, &shapes.Dst, &shapes.Strides, &shapes.Dilates, &shapes.PadBegin, &shapes.PadEnd),
            "describing the convolution's gradient", spec);
        using var primitive = PrimitiveDesc.Create(&operation, spec, forward: forward);
        return primitive is null ? null : new OneDnnKernel(spec, primitive, threads, [Arg.Src, Arg.DiffDst],
            spec.Bias ? [Arg.DiffWeights, Arg.DiffBias] : [Arg.DiffWeights]);
    }

    private static bool Supports(ConvGeometry geometry) => geometry.Input.Rank is >= 3 and <= 5
        && geometry.Input.ElementCount > 0 && geometry.Weights.ElementCount > 0 && geometry.Output.ElementCount > 0;

    private static PrimitiveDesc? Forward(ConvGeometry geometry, bool bias, Activation activation, KernelSpec spec)
    {
        var shapes = new Operands(geometry);
        ConvolutionDesc operation;
        Native.Check(Native.dnnl_dilated_convolution_forward_desc_init(&operation, PropKind.ForwardTraining, AlgKind.ConvolutionDirect, &shapes.Src,
            &shapes.Weights, bias ? &shapes.Bias : null, &shapes.Dst, &shapes.Strides, &shapes.Dilates, &shapes.PadBegin, &shapes.PadEnd),
            "describing the convolution", spec);
        return PrimitiveDesc.Create(&operation, spec, activation);
    }

    private struct Operands(ConvGeometry g)
    {
        public MemoryDesc Src = MemoryDesc.Any(g.Input.Dimensions);
        public MemoryDesc Weights = MemoryDesc.Any(g.Groups == 1
            ? g.Weights.Dimensions
            : [g.Groups, g.Weights[0] / g.Groups, .. g.Weights[1..].Dimensions]);
        public MemoryDesc Bias = MemoryDesc.Plain([g.Weights[0]]);
        public MemoryDesc Dst = MemoryDesc.Any(g.Output.Dimensions);
        public Dims Strides = Dims.Of(g.Strides.Dimensions);

        /// <summary>The library counts the rows left out between taps: 0 for an ordinary convolution.</summary>
        public Dims Dilates = Dims.Of(g.Dilations.Dimensions, -1);
        public Dims PadBegin = Dims.Of(g.PadBegin.Dimensions);
        public Dims PadEnd = Dims.Of(g.PadEnd.Dimensions);
    }
}
