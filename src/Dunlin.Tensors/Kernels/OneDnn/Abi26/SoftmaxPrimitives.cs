namespace Dunlin.Tensors.Kernels.OneDnn.Abi26;

/// <summary>Softmax and its logarithm over one dimension of plain data.</summary>
internal static unsafe class SoftmaxPrimitives
{
    private const int Axis = 1;

    public static Kernel? PrepareForward(SoftmaxForwardSpec spec, ThreadTeam threads)
    {
        if (spec.Outer == 0 || spec.Length == 0 || spec.Inner == 0) return null;
        using var primitive = Forward(spec.Outer, spec.Length, spec.Inner, spec.Logarithm, spec);
        return primitive is null ? null : new OneDnnKernel(spec, primitive, threads, [Arg.Src], [Arg.Dst], inPlace: true);
    }

    public static Kernel? PrepareBackward(SoftmaxBackwardSpec spec, ThreadTeam threads)
    {
        if (spec.Outer == 0 || spec.Length == 0 || spec.Inner == 0) return null;
        using var forward = Forward(spec.Outer, spec.Length, spec.Inner, spec.Logarithm, spec);
        if (forward is null) return null;
        var data = Lines(spec.Outer, spec.Length, spec.Inner);
        SoftmaxDesc operation;
        Native.Check(Native.dnnl_softmax_v2_backward_desc_init(&operation, Algorithm(spec.Logarithm), &data, &data, &data, Axis),
            "describing the softmax's gradient", spec);
        using var primitive = PrimitiveDesc.Create(&operation, spec, forward: forward);
        return primitive is null ? null : new OneDnnKernel(spec, primitive, threads, [Arg.Dst, Arg.DiffDst], [Arg.DiffSrc]);
    }

    private static PrimitiveDesc? Forward(int outer, int length, int inner, bool logarithm, KernelSpec spec)
    {
        var data = Lines(outer, length, inner);
        SoftmaxDesc operation;
        Native.Check(Native.dnnl_softmax_v2_forward_desc_init(&operation, PropKind.ForwardTraining, Algorithm(logarithm), &data, &data, Axis),
            "describing the softmax", spec);
        return PrimitiveDesc.Create(&operation, spec);
    }

    /// <summary>Without an inner dimension the lines are rows, for which the library has vector code.</summary>
    private static MemoryDesc Lines(int outer, int length, int inner) => MemoryDesc.Plain(inner == 1 ? [outer, length] : [outer, length, inner]);

    private static AlgKind Algorithm(bool logarithm) => logarithm ? AlgKind.LogSoftmax : AlgKind.Softmax;
}
