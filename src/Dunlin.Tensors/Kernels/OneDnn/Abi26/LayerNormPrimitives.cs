namespace Dunlin.Tensors.Kernels.OneDnn.Abi26;

/// <summary>Layer normalisation of plain rows.</summary>
internal static unsafe class LayerNormPrimitives
{
    private const NormalizationFlags ScaleAndShift = NormalizationFlags.UseScale | NormalizationFlags.UseShift;

    public static Kernel? PrepareForward(LayerNormForwardSpec spec, ThreadTeam threads)
    {
        if (spec.Rows == 0 || spec.Columns == 0) return null;
        using var primitive = Forward(spec.Rows, spec.Columns, spec.Epsilon, spec);
        return primitive is null ? null : new OneDnnKernel(spec, primitive, threads, [Arg.Src, Arg.Scale, Arg.Shift],
            [Arg.Dst, Arg.Mean, Arg.Variance], inPlace: true);
    }

    public static Kernel? PrepareBackward(LayerNormBackwardSpec spec, ThreadTeam threads)
    {
        if (spec.Rows == 0 || spec.Columns == 0) return null;
        using var forward = Forward(spec.Rows, spec.Columns, spec.Epsilon, spec);
        if (forward is null) return null;
        var data = MemoryDesc.Plain([spec.Rows, spec.Columns]);
        var statistics = MemoryDesc.Plain([spec.Rows]);
        NormalizationDesc operation;
        Native.Check(Native.dnnl_layer_normalization_backward_desc_init(&operation, PropKind.Backward, &data, &data, &statistics, (float)spec.Epsilon,
            ScaleAndShift), "describing the normalisation's gradient", spec);
        using var primitive = PrimitiveDesc.Create(&operation, spec, forward: forward);
        return primitive is null ? null : new OneDnnKernel(spec, primitive, threads, [Arg.Src, Arg.Scale, Arg.Mean, Arg.Variance, Arg.DiffDst],
            [Arg.DiffSrc, Arg.DiffScale, Arg.DiffShift], unread: (Arg.Shift, Arg.Scale));
    }

    private static PrimitiveDesc? Forward(int rows, int columns, double epsilon, KernelSpec spec)
    {
        var data = MemoryDesc.Plain([rows, columns]);
        var statistics = MemoryDesc.Plain([rows]);
        NormalizationDesc operation;
        Native.Check(Native.dnnl_layer_normalization_forward_desc_init(&operation, PropKind.ForwardTraining, &data, &statistics, (float)epsilon,
            ScaleAndShift), "describing the normalisation", spec);
        return PrimitiveDesc.Create(&operation, spec);
    }
}
