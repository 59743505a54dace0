namespace Dunlin.Tensors.Kernels.OneDnn.Primitives;

/// <summary>Batch normalisation in whatever layout its input comes.</summary>
internal static class BatchNormPrimitives
{
    public static Kernel? PrepareTrain(OneDnnAbi abi, BatchNormTrainSpec spec, MemoryLayout offered, ThreadTeam threads)
    {
        if (!Supports(spec.Input)) return null;
        using var primitive = Forward(abi, PropKind.ForwardTraining, Data(abi, offered, spec.Input, spec), spec.Epsilon, Statistics.OfTheBatch, spec);
        return primitive is null ? null : OneDnnKernel.Create(spec, primitive, threads, [Arg.Src, Arg.Scale, Arg.Shift],
            [Arg.Dst, Arg.Mean, Arg.Variance], inPlace: true);
    }

    public static Kernel? PrepareInfer(OneDnnAbi abi, BatchNormInferSpec spec, MemoryLayout offered, ThreadTeam threads)
    {
        if (!Supports(spec.Input)) return null;
        using var primitive = Forward(abi, PropKind.ForwardInference, Data(abi, offered, spec.Input, spec), spec.Epsilon, Statistics.Given, spec);
        return primitive is null ? null : OneDnnKernel.Create(spec, primitive, threads, [Arg.Src, Arg.Scale, Arg.Shift, Arg.Mean, Arg.Variance],
            [Arg.Dst], inPlace: true);
    }

    public static Kernel? PrepareBackward(OneDnnAbi abi, BatchNormBackwardSpec spec, MemoryLayout offered, ThreadTeam threads)
    {
        if (!Supports(spec.Input)) return null;
        var data = Data(abi, offered, spec.Input, spec);
        using var forward = Forward(abi, PropKind.ForwardTraining, data, spec.Epsilon, Statistics.OfTheBatch, spec);
        if (forward is null) return null;
        using var primitive = PrimitiveDesc.Of(abi, abi.BatchNormBackward(data, (float)spec.Epsilon, forward, out var handle), handle, spec);
        return primitive is null ? null : OneDnnKernel.Create(spec, primitive, threads, [Arg.Src, Arg.Scale, Arg.Mean, Arg.Variance, Arg.DiffDst],
            [Arg.DiffSrc, Arg.DiffScale, Arg.DiffShift], unread: (Arg.Shift, Arg.Scale));
    }

    private static bool Supports(Shape input) => input.Rank is >= 2 and <= 5 && input.ElementCount > 0;

    private static MemoryDesc Data(OneDnnAbi abi, MemoryLayout offered, Shape input, KernelSpec spec) =>
        OneDnnLayout.DescOf(abi, offered, input.Dimensions, DataTypes.Of(spec.Type));

    private static PrimitiveDesc? Forward(OneDnnAbi abi, PropKind kind, MemoryDesc data, double epsilon, Statistics statistics, KernelSpec spec) =>
        PrimitiveDesc.Of(abi, abi.BatchNormForward(kind, data, (float)epsilon, statistics, out var handle), handle, spec);
}
