using Dunlin.Tensors.Kernels;

namespace Dunlin.Tensors.Tests.Kernels;

/// <summary>Runs one kernel as a plan would: operands are brought into its layouts before and into plain ones after.</summary>
internal static unsafe class KernelRunner
{
    /// <summary>Prepares and runs a kernel of the set on random inputs, or on the given ones, and compares it with <see cref="NaiveKernels"/>.</summary>
    /// <remarks>The tolerance is relative to the largest element of each output (or to 1). Max pooling's gradient has a method of its own.</remarks>
    public static void AssertMatchesNaive(IKernelSet set, KernelSpec spec, ThreadTeam team, Tensor[]? inputs = null,
        MemoryLayout[]? offered = null, double? tolerance = null)
    {
        inputs ??= KernelOperands.Sample(spec);
        var expected = NaiveKernels.Compute(spec, [.. inputs.Select(KernelOperands.ToDoubles)]);
        var actual = Run(set, spec, team, inputs, offered);
        for (var i = 0; i < actual.Length && !(spec is PoolForwardSpec && i == 1); i++)
            AssertClose(expected[i], KernelOperands.ToDoubles(actual[i]), tolerance ?? Tolerance(spec.Type), $"{spec}, output {i}");
    }

    /// <summary>Runs max pooling forward, hands its workspace on to the backward kernel of the same set, and compares both with the oracle.</summary>
    public static void AssertMaxPoolMatchesNaive(IKernelSet set, PoolGeometry geometry, DType type, ThreadTeam team, MemoryLayout? offered = null)
    {
        var forward = new PoolForwardSpec(type, geometry, PoolKind.Max);
        var backward = new PoolBackwardSpec(type, geometry, PoolKind.Max);
        var x = KernelOperands.Sample(forward)[0];
        var dy = KernelOperands.Sample(backward)[0];
        using var forwardKernel = Prepare(set, forward, team, offered is null ? null : [offered]);
        var results = Run(forwardKernel, set, forward, team, [Place.Plain(x)]);
        var (y, workspace) = (results[0], results[1]);
        using var backwardKernel = Prepare(set, backward, team, [y.Layout, workspace.Layout]);
        var dx = Run(backwardKernel, set, backward, team, [Place.Plain(dy), workspace])[0];

        var expected = NaiveKernels.Compute(forward, KernelOperands.ToDoubles(x));
        var gradient = NaiveKernels.Compute(backward, KernelOperands.ToDoubles(dy), expected[1]);
        var tolerance = Tolerance(type);
        AssertClose(expected[0], KernelOperands.ToDoubles(y.ToPlain(set, team)), tolerance, $"{forward}");
        AssertClose(gradient[0], KernelOperands.ToDoubles(dx.ToPlain(set, team)), tolerance, $"{backward}");
    }

    /// <summary>Runs a kernel of the set from plain inputs to plain outputs. Outputs of max pooling's workspace stay as the kernel left them.</summary>
    public static Tensor[] Run(IKernelSet set, KernelSpec spec, ThreadTeam team, Tensor[] inputs, MemoryLayout[]? offered = null)
    {
        using var kernel = Prepare(set, spec, team, offered);
        var outputs = Run(kernel, set, spec, team, [.. inputs.Select(Place.Plain)]);
        return [.. outputs.Select((o, i) => spec is PoolForwardSpec && i == 1 ? o.Memory : o.ToPlain(set, team))];
    }

    /// <summary>A kernel of this set alone, without falling back on another.</summary>
    public static Kernel Prepare(IKernelSet set, KernelSpec spec, ThreadTeam team, MemoryLayout[]? offered = null)
    {
        team.Enter();
        offered ??= [.. KernelOperands.Inputs(spec).Select(_ => MemoryLayout.Plain)];
        var kernel = set.TryPrepare(spec, offered, team);
        Assert.True(kernel != null, $"The set {set.Name} has no kernel for {spec}.");
        return kernel;
    }

    /// <summary>Runs a prepared kernel; inputs are reordered to what it wants.</summary>
    public static Place[] Run(Kernel kernel, IKernelSet set, KernelSpec spec, ThreadTeam team, Place[] inputs)
    {
        team.Enter();
        Place[] wanted = [.. inputs.Select((input, i) => input.To(kernel.InputLayout(i), set, team))];
        Place[] outputs = [.. KernelOperands.Outputs(spec).Select((type, i) => Place.Empty(type, kernel.OutputLayout(i)))];
        var scratch = Tensor.Uninitialized(DType.UInt8, [checked((int)kernel.ScratchBytes)]);
        nint[] addresses = [.. wanted.Select(p => p.Memory.Address), .. outputs.Select(p => p.Memory.Address), scratch.Address];
        fixed (nint* buffers = addresses) kernel.Run(buffers, team);
        GC.KeepAlive(wanted);
        GC.KeepAlive(scratch);
        return outputs;
    }

    /// <summary>Of the 16-bit types two units in the last place: sums are Float32's, and rounded once.</summary>
    public static double Tolerance(DType type) => type switch { DType.Float64 => 1e-12, DType.BFloat16 => 8e-3, DType.Float16 => 1e-3, _ => 2e-5 };

    public static void AssertClose(double[] expected, double[] actual, double tolerance, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        var scale = expected.Length == 0 ? 1 : Math.Max(1, expected.Max(Math.Abs));
        for (var i = 0; i < expected.Length; i++)
            if (!(Math.Abs(expected[i] - actual[i]) <= tolerance * scale))
                Assert.Fail($"{what}: element {i} is {actual[i]}, expected {expected[i]} (tolerance {tolerance * scale:G3}).");
    }
}

/// <summary>A value while a plan runs: its plain type, the layout it lies in, and the memory.</summary>
internal sealed record Place(TensorType Type, MemoryLayout Layout, Tensor Memory)
{
    public static Place Plain(Tensor tensor) => new(tensor.TensorType, MemoryLayout.Plain, tensor);

    /// <summary>Memory filled with NaN, so that what a kernel forgets to write is noticed.</summary>
    public static Place Empty(TensorType type, MemoryLayout layout)
    {
        var memory = layout.Equals(MemoryLayout.Plain)
            ? Tensor.Uninitialized(type.Type, type.Shape)
            : Tensor.Uninitialized(DType.UInt8, [checked((int)layout.Bytes(type))]);
        memory.RawBytes.Fill(0xFF);
        return new(type, layout, memory);
    }

    public Place To(MemoryLayout layout, IKernelSet set, ThreadTeam team)
    {
        if (layout.Equals(Layout)) return this;
        var spec = new ReorderSpec(Type.Type, Type.Shape, Layout, layout);
        using var kernel = KernelRunner.Prepare(set, spec, team);
        var target = Empty(Type, layout);
        var scratch = Tensor.Uninitialized(DType.UInt8, [checked((int)kernel.ScratchBytes)]);
        unsafe
        {
            var buffers = stackalloc nint[] { Memory.Address, target.Memory.Address, scratch.Address };
            kernel.Run(buffers, team);
        }
        GC.KeepAlive(this);
        GC.KeepAlive(scratch);
        return target;
    }

    public Tensor ToPlain(IKernelSet set, ThreadTeam team) => To(MemoryLayout.Plain, set, team).Memory;
}
