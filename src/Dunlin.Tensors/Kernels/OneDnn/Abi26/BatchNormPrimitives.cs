namespace Dunlin.Tensors.Kernels.OneDnn.Abi26;

/// <summary>Batch normalisation in whatever layout its input comes.</summary>
internal static unsafe class BatchNormPrimitives
{
    private const NormalizationFlags ScaleAndShift = NormalizationFlags.UseScale | NormalizationFlags.UseShift;

    public static Kernel? PrepareTrain(BatchNormTrainSpec spec, MemoryLayout offered, ThreadTeam threads)
    {
        if (!Supports(spec.Input)) return null;
        using var primitive = Forward(PropKind.ForwardTraining, spec.Input, spec.Epsilon, offered, ScaleAndShift, spec);
        return primitive is null ? null : new OneDnnKernel(spec, primitive, threads, [Arg.Src, Arg.Scale, Arg.Shift],
            [Arg.Dst, Arg.Mean, Arg.Variance], inPlace: true);
    }

    public static Kernel? PrepareInfer(BatchNormInferSpec spec, MemoryLayout offered, ThreadTeam threads)
    {
        if (!Supports(spec.Input)) return null;
        using var primitive = Forward(PropKind.ForwardInference, spec.Input, spec.Epsilon, offered, ScaleAndShift | NormalizationFlags.UseGlobalStats, spec);
        return primitive is null ? null : new OneDnnKernel(spec, primitive, threads, [Arg.Src, Arg.Scale, Arg.Shift, Arg.Mean, Arg.Variance],
            [Arg.Dst], inPlace: true);
    }

    public static Kernel? PrepareBackward(BatchNormBackwardSpec spec, MemoryLayout offered, ThreadTeam threads)
    {
        if (!Supports(spec.Input)) return null;
        using var forward = Forward(PropKind.ForwardTraining, spec.Input, spec.Epsilon, offered, ScaleAndShift, spec);
        if (forward is null) return null;
        var data = OneDnnLayout.DescOf(offered, spec.Input.Dimensions);
        NormalizationDesc operation;
        Native.Check(Native.dnnl_batch_normalization_backward_desc_init(&operation, PropKind.Backward, &data, &data, (float)spec.Epsilon, ScaleAndShift),
            "describing the normalisation's gradient", spec);
        using var primitive = PrimitiveDesc.Create(&operation, spec, forward: forward);
        return primitive is null ? null : new OneDnnKernel(spec, primitive, threads, [Arg.Src, Arg.Scale, Arg.Mean, Arg.Variance, Arg.DiffDst],
            [Arg.DiffSrc, Arg.DiffScale, Arg.DiffShift], unread: (Arg.Shift, Arg.Scale));
    }

    private static bool Supports(Shape input) => input.Rank is >= 2 and <= 5 && input.ElementCount > 0;

    private static PrimitiveDesc? Forward(PropKind kind, Shape input, double epsilon, MemoryLayout offered, NormalizationFlags flags, KernelSpec spec)
    {
        var data = OneDnnLayout.DescOf(offered, input.Dimensions);
        NormalizationDesc operation;
        Native.Check(Native.dnnl_batch_normalization_forward_desc_init(&operation, kind, &data, (float)epsilon, flags),
            "describing the normalisation", spec);
        return PrimitiveDesc.Create(&operation, spec);
    }
}
