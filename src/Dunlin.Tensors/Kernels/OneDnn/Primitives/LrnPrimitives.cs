namespace Dunlin.Tensors.Kernels.OneDnn.Primitives;

/// <summary>Local response normalisation across channels, in whatever layout x comes. The library's windows of even size lie elsewhere than ours: those are left to others.</summary>
internal static unsafe class LrnPrimitives
{
    public static Kernel? PrepareForward(OneDnnAbi abi, LrnForwardSpec spec, MemoryLayout offered, ThreadTeam threads)
    {
        if (!Supports(spec)) return null;
        using var primitive = Forward(abi, spec, offered, PropKind.ForwardInference);
        return primitive is null ? null : OneDnnKernel.Create(spec, primitive, threads, [Arg.Src], [Arg.Dst]);
    }

    public static Kernel? PrepareBackward(OneDnnAbi abi, LrnBackwardSpec spec, MemoryLayout offered, ThreadTeam threads)
    {
        var same = new LrnForwardSpec(spec.Type, spec.Input, spec.Size, spec.Alpha, spec.Beta, spec.K);
        if (!Supports(same)) return null;
        using var forward = Forward(abi, same, offered, PropKind.ForwardTraining);
        if (forward is null) return null;
        using var backward = PrimitiveDesc.Of(abi, abi.LrnBackward(forward[Arg.Src], same, forward, out var handle), handle, spec);
        if (backward is null) return null;
        var workspace = backward[Arg.Workspace].Bytes;
        return workspace == 0
            ? OneDnnKernel.Create(spec, backward, threads, [Arg.Src, Arg.DiffDst], [Arg.DiffSrc])
            : new Recomputing(OneDnnKernel.Create(same, forward, threads, [Arg.Src], [Arg.Dst, Arg.Workspace]),
                OneDnnKernel.Create(spec, backward, threads, [Arg.Src, Arg.DiffDst, Arg.Workspace], [Arg.DiffSrc]), forward[Arg.Src].Bytes, workspace);
    }

    private static bool Supports(LrnForwardSpec spec) => spec is { Type: DType.Float32, Size: var size } && size % 2 == 1 && spec.Input.Rank is >= 3 and <= 5 && spec.Input.ElementCount > 0;

    private static PrimitiveDesc? Forward(OneDnnAbi abi, LrnForwardSpec spec, MemoryLayout offered, PropKind kind) => PrimitiveDesc.Of(abi,
        abi.LrnForward(kind, OneDnnLayout.DescOf(abi, offered, spec.Input.Dimensions, DataTypes.Of(spec.Type)), spec, out var handle), handle, spec);

    /// <summary>The gradient where the library wants what its forward pass remembered: that is computed again.</summary>
    private sealed class Recomputing : Kernel
    {
        private readonly Kernel _forward, _backward;
        private readonly long _output, _workspace;

        public Recomputing(Kernel forward, Kernel backward, long outputBytes, long workspaceBytes)
        {
            (_forward, _backward, _output, _workspace) = (forward, backward, Aligned(outputBytes), Aligned(workspaceBytes));
            InputLayouts = [backward.InputLayout(0), backward.InputLayout(1)];
            OutputLayouts = [backward.OutputLayout(0)];
            ScratchBytes = _output + _workspace + Math.Max(forward.ScratchBytes, backward.ScratchBytes);
        }

        public override void Run(nint* buffers, ThreadTeam threads)
        {
            var (x, dy, dx, y) = (buffers[0], buffers[1], buffers[2], buffers[3]);
            var workspace = y + (nint)_output;
            var scratch = workspace + (nint)_workspace;
            var operands = stackalloc nint[5];
            (operands[0], operands[1], operands[2], operands[3]) = (x, y, workspace, scratch);
            _forward.Run(operands, threads);
            (operands[0], operands[1], operands[2], operands[3], operands[4]) = (x, dy, workspace, dx, scratch);
            _backward.Run(operands, threads);
        }

        public override void Dispose()
        {
            _forward.Dispose();
            _backward.Dispose();
            base.Dispose();
        }

        private static long Aligned(long bytes) => (bytes + 63) & -64;
    }
}
