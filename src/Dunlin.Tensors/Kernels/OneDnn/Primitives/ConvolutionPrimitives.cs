namespace Dunlin.Tensors.Kernels.OneDnn.Primitives;

/// <summary>Convolutions: the library chooses the layout of every tensor with dimensions to choose from.</summary>
/// <remarks>Always the direct algorithm: Winograd's loses digits, and which one "auto" takes depends on the machine.</remarks>
internal static class ConvolutionPrimitives
{
    public static Kernel? PrepareForward(OneDnnAbi abi, ConvForwardSpec spec, ThreadTeam threads)
    {
        if (!Supports(spec.Geometry)) return null;
        using var primitive = Forward(abi, new(abi, spec.Geometry, spec.Type), spec.Bias, spec.Activation, spec);
        return primitive is null ? null : OneDnnKernel.Create(spec, primitive, threads,
            spec.Bias ? [Arg.Src, Arg.Weights, Arg.Bias] : [Arg.Src, Arg.Weights], [Arg.Dst]);
    }

    public static Kernel? PrepareBackwardData(OneDnnAbi abi, ConvBackwardDataSpec spec, ThreadTeam threads)
    {
        if (!Supports(spec.Geometry)) return null;
        var x = new Operands(abi, spec.Geometry, spec.Type);
        using var forward = Forward(abi, x, bias: false, Activation.None, spec);
        if (forward is null) return null;
        using var primitive = PrimitiveDesc.Of(abi, abi.ConvolutionBackwardData(x.Window, x.Src, x.Weights, x.Dst, forward, out var handle), handle, spec);
        return primitive is null ? null : OneDnnKernel.Create(spec, primitive, threads, [Arg.Weights, Arg.DiffDst], [Arg.DiffSrc]);
    }

    public static Kernel? PrepareBackwardWeights(OneDnnAbi abi, ConvBackwardWeightsSpec spec, ThreadTeam threads)
    {
        if (!Supports(spec.Geometry)) return null;
        var x = new Operands(abi, spec.Geometry, spec.Type);
        using var forward = Forward(abi, x, spec.Bias, Activation.None, spec);
        if (forward is null) return null;
        var gradients = spec.WideResult ? new Operands(abi, spec.Geometry, DType.Float32) : x;
        using var primitive = PrimitiveDesc.Of(abi, abi.ConvolutionBackwardWeights(x.Window, x.Src, gradients.Weights, spec.Bias ? gradients.Bias : MemoryDesc.None, x.Dst, forward,
            out var handle), handle, spec);
        return primitive is null ? null : OneDnnKernel.Create(spec, primitive, threads, [Arg.Src, Arg.DiffDst],
            spec.Bias ? [Arg.DiffWeights, Arg.DiffBias] : [Arg.DiffWeights]);
    }

    private static bool Supports(ConvGeometry geometry) => geometry.Input.Rank is >= 3 and <= 5
        && geometry.Input.ElementCount > 0 && geometry.Weights.ElementCount > 0 && geometry.Output.ElementCount > 0;

    private static PrimitiveDesc? Forward(OneDnnAbi abi, Operands x, bool bias, Activation activation, KernelSpec spec) => PrimitiveDesc.Of(abi,
        abi.ConvolutionForward(x.Window, x.Src, x.Weights, bias ? x.Bias : MemoryDesc.None, x.Dst, abi.AttributesFor(activation), out var handle), handle, spec);

    /// <summary>Weights of several groups have a dimension for them.</summary>
    private sealed class Operands(OneDnnAbi abi, ConvGeometry g, DType type)
    {
        public MemoryDesc Src { get; } = abi.Any(g.Input.Dimensions, DataTypes.Of(type));
        public MemoryDesc Weights { get; } = abi.Any(g.Groups == 1
            ? g.Weights.Dimensions
            : [g.Groups, g.Weights[0] / g.Groups, .. g.Weights[1..].Dimensions], DataTypes.Of(type));
        public MemoryDesc Bias { get; } = abi.Plain([g.Weights[0]], DataTypes.Of(type));
        public MemoryDesc Dst { get; } = abi.Any(g.Output.Dimensions, DataTypes.Of(type));
        public Window Window { get; } = Window.Of(g);
    }
}
