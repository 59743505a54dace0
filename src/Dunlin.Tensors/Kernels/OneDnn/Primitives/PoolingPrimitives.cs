namespace Dunlin.Tensors.Kernels.OneDnn.Primitives;

/// <summary>
/// Pooling in whatever layout its input comes, so that blocked data flows on from one convolution to the next. The gradient finds the
/// layout of the forward pass again in that of the workspace, or without one in that of the incoming gradient.
/// </summary>
internal static class PoolingPrimitives
{
    public static Kernel? PrepareForward(OneDnnAbi abi, PoolForwardSpec spec, MemoryLayout offered, ThreadTeam threads)
    {
        if (!Supports(abi, spec.Geometry, spec.Kind, spec)) return null;
        using var primitive = Forward(abi, spec.Geometry, spec.Kind, OneDnnLayout.DescOf(abi, offered, spec.Geometry.Input.Dimensions, DataTypes.Of(spec.Type)), spec)
            ?? throw Missing(spec);
        return OneDnnKernel.Create(spec, primitive, threads, [Arg.Src], spec.Kind == PoolKind.Max ? [Arg.Dst, Arg.Workspace] : [Arg.Dst]);
    }

    public static Kernel? PrepareBackward(OneDnnAbi abi, PoolBackwardSpec spec, IReadOnlyList<MemoryLayout> offered, ThreadTeam threads)
    {
        if (!Supports(abi, spec.Geometry, spec.Kind, spec)) return null;
        var type = DataTypes.Of(spec.Type);
        var guide = offered.Count == 0 ? MemoryLayout.Plain : offered[^1];
        var source = guide is OneDnnLayout { Desc.Form: { IsBlocked: true } form } && form.Has(spec.Geometry.Output.Dimensions)
            ? abi.Formed(form.WithLengths(spec.Geometry.Input.Dimensions) with { Type = type })
            : abi.Plain(spec.Geometry.Input.Dimensions, type);
        using var forward = Forward(abi, spec.Geometry, spec.Kind, source, spec) ?? throw Missing(spec);
        using var primitive = Backward(abi, spec.Geometry, spec.Kind, source, forward, spec) ?? throw Missing(spec);
        return OneDnnKernel.Create(spec, primitive, threads, spec.Kind == PoolKind.Max ? [Arg.DiffDst, Arg.Workspace] : [Arg.DiffDst], [Arg.DiffSrc]);
    }

    /// <summary>One condition for both directions: a workspace is only understood by the set that wrote it.</summary>
    private static bool Supports(OneDnnAbi abi, PoolGeometry geometry, PoolKind kind, KernelSpec spec)
    {
        if (geometry.Input.Rank is < 3 or > 5 || geometry.Input.ElementCount == 0 || geometry.Output.ElementCount == 0) return false;
        for (var i = 0; i < geometry.Window.Rank; i++)
            if (geometry.PadBegin[i] >= geometry.Window[i] || geometry.PadEnd[i] >= geometry.Window[i])
                return false;
        if (spec.Type == DType.Float32) return true;
        // Whether the library has 16 bits depends on the processor, not on the layout.
        var plain = abi.Plain(geometry.Input.Dimensions, DataTypes.Of(spec.Type));
        using var forward = Forward(abi, geometry, kind, plain, spec);
        if (forward is null) return false;
        using var backward = Backward(abi, geometry, kind, plain, forward, spec);
        return backward is not null;
    }

    private static PrimitiveDesc? Forward(OneDnnAbi abi, PoolGeometry geometry, PoolKind kind, MemoryDesc source, KernelSpec spec) => PrimitiveDesc.Of(abi,
        abi.PoolingForward(Window.Of(geometry), Algorithm(kind), source, abi.Any(geometry.Output.Dimensions, DataTypes.Of(spec.Type)), out var handle), handle, spec);

    private static PrimitiveDesc? Backward(OneDnnAbi abi, PoolGeometry geometry, PoolKind kind, MemoryDesc source, PrimitiveDesc forward, KernelSpec spec) => PrimitiveDesc.Of(abi,
        abi.PoolingBackward(Window.Of(geometry), Algorithm(kind), source, forward[Arg.Dst], forward, out var handle), handle, spec);

    /// <summary>No fall-back here: with the forward pass by one set and the gradient by another, the workspace would be misread.</summary>
    private static DunlinException Missing(KernelSpec spec) =>
        new($"oneDNN has no implementation of {spec}, although it should serve all of {spec.Type}; choose the managed kernels.");

    private static AlgKind Algorithm(PoolKind kind) => kind switch
    {
        PoolKind.Max => AlgKind.PoolingMax,
        PoolKind.AverageIncludingPadding => AlgKind.PoolingAverageIncludePadding,
        _ => AlgKind.PoolingAverageExcludePadding,
    };
}
