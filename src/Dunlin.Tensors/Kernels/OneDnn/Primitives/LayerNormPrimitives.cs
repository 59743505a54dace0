namespace Dunlin.Tensors.Kernels.OneDnn.Primitives;

/// <summary>Layer normalisation of plain rows.</summary>
internal static class LayerNormPrimitives
{
    public static Kernel? PrepareForward(OneDnnAbi abi, LayerNormForwardSpec spec, ThreadTeam threads)
    {
        if (spec.Rows == 0 || spec.Columns == 0) return null;
        using var primitive = Forward(abi, Data(abi, spec.Rows, spec.Columns, spec), Statistics(abi, spec.Rows), spec.Epsilon, spec);
        return primitive is null ? null : OneDnnKernel.Create(spec, primitive, threads, [Arg.Src, Arg.Scale, Arg.Shift],
            [Arg.Dst, Arg.Mean, Arg.Variance], inPlace: true);
    }

    public static Kernel? PrepareBackward(OneDnnAbi abi, LayerNormBackwardSpec spec, ThreadTeam threads)
    {
        if (spec.Rows == 0 || spec.Columns == 0) return null;
        var (data, statistics) = (Data(abi, spec.Rows, spec.Columns, spec), Statistics(abi, spec.Rows));
        using var forward = Forward(abi, data, statistics, spec.Epsilon, spec);
        if (forward is null) return null;
        using var primitive = PrimitiveDesc.Of(abi, abi.LayerNormBackward(data, statistics, (float)spec.Epsilon, forward, out var handle), handle, spec);
        return primitive is null ? null : OneDnnKernel.Create(spec, primitive, threads, [Arg.Src, Arg.Scale, Arg.Mean, Arg.Variance, Arg.DiffDst],
            [Arg.DiffSrc, Arg.DiffScale, Arg.DiffShift], unread: (Arg.Shift, Arg.Scale));
    }

    private static MemoryDesc Data(OneDnnAbi abi, int rows, int columns, KernelSpec spec) => abi.Plain([rows, columns], DataTypes.Of(spec.Type));

    private static MemoryDesc Statistics(OneDnnAbi abi, int rows) => abi.Plain([rows], DataType.Float32);

    private static PrimitiveDesc? Forward(OneDnnAbi abi, MemoryDesc data, MemoryDesc statistics, double epsilon, KernelSpec spec) =>
        PrimitiveDesc.Of(abi, abi.LayerNormForward(data, statistics, (float)epsilon, out var handle), handle, spec);
}
