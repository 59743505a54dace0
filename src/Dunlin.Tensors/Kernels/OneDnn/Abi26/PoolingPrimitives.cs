namespace Dunlin.Tensors.Kernels.OneDnn.Abi26;

/// <summary>
/// Pooling in whatever layout its input comes, so that blocked data flows on from one convolution to the next. The gradient finds the
/// layout of the forward pass again in that of the workspace, or without one in that of the incoming gradient.
/// </summary>
internal static unsafe class PoolingPrimitives
{
    public static Kernel? PrepareForward(PoolForwardSpec spec, MemoryLayout offered, ThreadTeam threads)
    {
        if (!Supports(spec.Geometry)) return null;
        using var primitive = Forward(spec.Geometry, spec.Kind, OneDnnLayout.DescOf(offered, spec.Geometry.Input.Dimensions), spec);
        return new OneDnnKernel(spec, primitive, threads, [Arg.Src], spec.Kind == PoolKind.Max ? [Arg.Dst, Arg.Workspace] : [Arg.Dst]);
    }

    public static Kernel? PrepareBackward(PoolBackwardSpec spec, IReadOnlyList<MemoryLayout> offered, ThreadTeam threads)
    {
        if (!Supports(spec.Geometry)) return null;
        var geometry = spec.Geometry;
        var guide = offered.Count == 0 ? MemoryLayout.Plain : offered[^1];
        var format = guide is OneDnnLayout { Desc: var desc } && desc.Kind == FormatKind.Blocked && desc.Has(geometry.Output.Dimensions)
            ? desc
            : MemoryDesc.Plain(geometry.Output.Dimensions);
        var source = MemoryDesc.Like(format, geometry.Input.Dimensions);
        using var forward = Forward(geometry, spec.Kind, source, spec);
        var target = forward[Arg.Dst];
        var windows = new Operands(geometry);
        PoolingDesc operation;
        Native.Check(Native.dnnl_pooling_backward_desc_init(&operation, Algorithm(spec.Kind), &source, &target, &windows.Strides, &windows.Window,
            &windows.PadBegin, &windows.PadEnd), "describing the pooling's gradient", spec);
        using var primitive = PrimitiveDesc.Create(&operation, spec, forward: forward) ?? throw Missing(spec);
        return new OneDnnKernel(spec, primitive, threads, spec.Kind == PoolKind.Max ? [Arg.DiffDst, Arg.Workspace] : [Arg.DiffDst], [Arg.DiffSrc]);
    }

    /// <summary>One condition for both directions: a workspace is only understood by the set that wrote it.</summary>
    private static bool Supports(PoolGeometry geometry)
    {
        if (geometry.Input.Rank is < 3 or > 5 || geometry.Input.ElementCount == 0 || geometry.Output.ElementCount == 0) return false;
        for (var i = 0; i < geometry.Window.Rank; i++)
            if (geometry.PadBegin[i] >= geometry.Window[i] || geometry.PadEnd[i] >= geometry.Window[i])
                return false;
        return true;
    }

    private static PrimitiveDesc Forward(PoolGeometry geometry, PoolKind kind, MemoryDesc source, KernelSpec spec)
    {
        var windows = new Operands(geometry);
        var target = MemoryDesc.Any(geometry.Output.Dimensions);
        PoolingDesc operation;
        Native.Check(Native.dnnl_pooling_forward_desc_init(&operation, PropKind.ForwardTraining, Algorithm(kind), &source, &target,
            &windows.Strides, &windows.Window, &windows.PadBegin, &windows.PadEnd), "describing the pooling", spec);
        return PrimitiveDesc.Create(&operation, spec) ?? throw Missing(spec);
    }

    /// <summary>No fall-back here: with the forward pass by one set and the gradient by another, the workspace would be misread.</summary>
    private static DunlinException Missing(KernelSpec spec) =>
        new($"oneDNN has no implementation of {spec}, although it should serve all of float32; choose the managed kernels.");

    private static AlgKind Algorithm(PoolKind kind) => kind switch
    {
        PoolKind.Max => AlgKind.PoolingMax,
        PoolKind.AverageIncludingPadding => AlgKind.PoolingAverageIncludePadding,
        _ => AlgKind.PoolingAverageExcludePadding,
    };

    private struct Operands(PoolGeometry g)
    {
        public Dims Strides = Dims.Of(g.Strides.Dimensions);
        public Dims Window = Dims.Of(g.Window.Dimensions);
        public Dims PadBegin = Dims.Of(g.PadBegin.Dimensions);
        public Dims PadEnd = Dims.Of(g.PadEnd.Dimensions);
    }
}
