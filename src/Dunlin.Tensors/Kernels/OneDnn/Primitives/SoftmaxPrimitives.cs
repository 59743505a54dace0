namespace Dunlin.Tensors.Kernels.OneDnn.Primitives;

/// <summary>Softmax and its logarithm over one dimension of plain data.</summary>
internal static class SoftmaxPrimitives
{
    private const int Axis = 1;

    public static Kernel? PrepareForward(OneDnnAbi abi, SoftmaxForwardSpec spec, ThreadTeam threads)
    {
        if (spec.Outer == 0 || spec.Length == 0 || spec.Inner == 0) return null;
        using var primitive = Forward(abi, Lines(abi, spec.Outer, spec.Length, spec.Inner, spec), spec.Logarithm, spec);
        return primitive is null ? null : OneDnnKernel.Create(spec, primitive, threads, [Arg.Src], [Arg.Dst], inPlace: true);
    }

    public static Kernel? PrepareBackward(OneDnnAbi abi, SoftmaxBackwardSpec spec, ThreadTeam threads)
    {
        if (spec.Outer == 0 || spec.Length == 0 || spec.Inner == 0) return null;
        var data = Lines(abi, spec.Outer, spec.Length, spec.Inner, spec);
        using var forward = Forward(abi, data, spec.Logarithm, spec);
        if (forward is null) return null;
        using var primitive = PrimitiveDesc.Of(abi, abi.SoftmaxBackward(Algorithm(spec.Logarithm), data, Axis, forward, out var handle), handle, spec);
        return primitive is null ? null : OneDnnKernel.Create(spec, primitive, threads, [Arg.Dst, Arg.DiffDst], [Arg.DiffSrc]);
    }

    private static PrimitiveDesc? Forward(OneDnnAbi abi, MemoryDesc data, bool logarithm, KernelSpec spec) =>
        PrimitiveDesc.Of(abi, abi.SoftmaxForward(Algorithm(logarithm), data, Axis, out var handle), handle, spec);

    /// <summary>Without an inner dimension the lines are rows, for which the library has vector code.</summary>
    private static MemoryDesc Lines(OneDnnAbi abi, int outer, int length, int inner, KernelSpec spec) =>
        abi.Plain(inner == 1 ? [outer, length] : [outer, length, inner], DataTypes.Of(spec.Type));

    private static AlgKind Algorithm(bool logarithm) => logarithm ? AlgKind.LogSoftmax : AlgKind.Softmax;
}
