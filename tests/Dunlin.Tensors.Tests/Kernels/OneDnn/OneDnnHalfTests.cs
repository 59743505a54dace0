using Dunlin.Tensors.Kernels;

namespace Dunlin.Tensors.Tests.Kernels.OneDnn;

/// <summary>
/// Kernels in 16 bits, against the naive loop on the same, already rounded numbers. Which there are depends on the processor; BFloat16 convolutions and products
/// are there with AVX-512, by emulation where it has no such instructions.
/// </summary>
public class OneDnnHalfTests
{
    private static readonly Shape Input = [2, 20, 9, 7];
    private static readonly ConvGeometry Conv = new(Input, [24, 20, 3, 3], [1, 1], [1, 1], [1, 1], [1, 1], 1);
    private static readonly ConvGeometry Strided = new([2, 3, 35, 35], [16, 3, 11, 11], [4, 4], [1, 1], [2, 2], [2, 2], 1);
    private static readonly PoolGeometry Pool = new(Input, [3, 3], [2, 2], [1, 1], [1, 1]);

    private static readonly KernelSpec[] Specs =
    [
        new MatMulSpec(DType.BFloat16, 1, 17, 33, 65, Bias: true, Activation: Activation.Relu), new MatMulSpec(DType.BFloat16, 3, 5, 16, 7, TransposeB: true),
        new MatMulSpec(DType.BFloat16, 1, 16, 20, 30, TransposeA: true),
        new ConvForwardSpec(DType.BFloat16, Conv, Bias: true, Activation.Relu), new ConvBackwardDataSpec(DType.BFloat16, Conv), new ConvBackwardWeightsSpec(DType.BFloat16, Conv, Bias: true),
        new MatMulSpec(DType.BFloat16, 1, 17, 33, 65, Bias: true) { WideResult = true }, new MatMulSpec(DType.BFloat16, 1, 16, 20, 30, TransposeA: true) { WideResult = true },
        new ConvBackwardWeightsSpec(DType.BFloat16, Conv, Bias: true) { WideResult = true }, new ConvBackwardWeightsSpec(DType.BFloat16, Strided) { WideResult = true },
        new BatchNormTrainSpec(DType.BFloat16, Input, 1e-5) { WideVectors = true }, new BatchNormInferSpec(DType.BFloat16, Input, 1e-5) { WideVectors = true },
        new BatchNormBackwardSpec(DType.BFloat16, Input, 1e-5) { WideVectors = true },
        new ConvForwardSpec(DType.BFloat16, Strided), new ConvBackwardWeightsSpec(DType.BFloat16, Strided),
        new PoolForwardSpec(DType.BFloat16, Pool, PoolKind.AverageExcludingPadding), new PoolBackwardSpec(DType.BFloat16, Pool, PoolKind.AverageIncludingPadding),
        new BatchNormTrainSpec(DType.BFloat16, Input, 1e-5), new BatchNormInferSpec(DType.BFloat16, Input, 1e-5), new BatchNormBackwardSpec(DType.BFloat16, Input, 1e-5),
        new LayerNormForwardSpec(DType.BFloat16, 6, 35, 1e-5), new LayerNormBackwardSpec(DType.BFloat16, 6, 35, 1e-5),
        new SoftmaxForwardSpec(DType.BFloat16, 5, 33, 1, Logarithm: false), new SoftmaxBackwardSpec(DType.BFloat16, 5, 33, 1, Logarithm: true),
    ];

    private static readonly bool HasAvx512 = OneDnnSet.Abi.InstructionSet.StartsWith("AVX-512", StringComparison.Ordinal);

    public static TheoryData<KernelSpec> Cases => [.. Specs, .. Specs.Select(s => s with { Type = DType.Float16 })];

    [Theory, MemberData(nameof(Cases))]
    public void What_there_is_matches_the_naive_loop(KernelSpec spec)
    {
        using var team = OneDnnSet.Team();
        var type = spec.Type;
        using var kernel = OneDnnSet.Whole.TryPrepare(spec, OneDnnSet.Plain(spec), team);
        if (kernel is not null)
        {
            KernelRunner.AssertMatchesNaive(OneDnnSet.Whole, spec, team);
            if (spec is BatchNormTrainSpec or BatchNormInferSpec or BatchNormBackwardSpec or PoolForwardSpec)
                KernelRunner.AssertMatchesNaive(OneDnnSet.Whole, spec, team, offered: [Blocked(type, team), .. OneDnnSet.Plain(spec)[1..]]);
        }
        else if (type == DType.BFloat16 && spec is MatMulSpec or ConvForwardSpec or ConvBackwardDataSpec or ConvBackwardWeightsSpec or PoolForwardSpec or PoolBackwardSpec)
        {
            Assert.False(HasAvx512, $"{spec} has no kernel although the library knows AVX-512.");
        }
    }

    [Fact]
    public void Tiles_take_16_bits_and_sum_in_32()
    {
        var tiled = new ConvGeometry([2, 64, 8, 8], [80, 64, 3, 3], [1, 1], [1, 1], [1, 1], [1, 1], 1);
        using var team = OneDnnSet.Team();
        foreach (var spec in new KernelSpec[]
        {
            new ConvForwardSpec(DType.BFloat16, tiled), new ConvForwardSpec(DType.BFloat16, tiled, Bias: true, Activation.Relu), new ConvBackwardDataSpec(DType.BFloat16, tiled),
            new ConvBackwardWeightsSpec(DType.BFloat16, tiled, Bias: true), new ConvBackwardWeightsSpec(DType.BFloat16, tiled, Bias: true) { WideResult = true },
        })
        {
            using (var kernel = KernelRunner.Prepare(OneDnnSet.Required, spec, team)) Assert.NotNull(kernel.Flops);
            KernelRunner.AssertMatchesNaive(OneDnnSet.Required, spec, team);
        }
    }

    [Fact]
    public void Maxima_and_their_gradient_match_the_naive_loop()
    {
        using var team = OneDnnSet.Team();
        if (!HasAvx512) Assert.Null(OneDnnSet.Whole.TryPrepare(new PoolForwardSpec(DType.Float64, Pool, PoolKind.Max), [], team));
        else
        {
            KernelRunner.AssertMaxPoolMatchesNaive(OneDnnSet.Whole, Pool, DType.BFloat16, team);
            KernelRunner.AssertMaxPoolMatchesNaive(OneDnnSet.Whole, Pool, DType.BFloat16, team, Blocked(DType.BFloat16, team));
        }
    }

    [Fact]
    public void What_the_processor_can_not_multiply_is_left_to_another_set()
    {
        using var team = OneDnnSet.Team();
        foreach (var type in new[] { DType.BFloat16, DType.Float16 })
            foreach (var spec in new KernelSpec[] { new MatMulSpec(type, 1, 16, 16, 16), new ConvForwardSpec(type, Conv), new ConvBackwardDataSpec(type, Conv), new ConvBackwardWeightsSpec(type, Conv) })
            {
                using var kernel = OneDnnSet.Required.TryPrepare(spec, [], team);
                Assert.True(kernel is null || OneDnnSet.Abi.Multiplies(type), $"{spec} is emulated.");
            }
    }

    [Fact]
    public void Pooling_in_sixteen_bits_is_there_in_both_directions_or_in_none()
    {
        using var team = OneDnnSet.Team();
        foreach (var type in new[] { DType.BFloat16, DType.Float16 })
        {
            using var forward = OneDnnSet.Whole.TryPrepare(new PoolForwardSpec(type, Pool, PoolKind.Max), [], team);
            using var backward = OneDnnSet.Whole.TryPrepare(new PoolBackwardSpec(type, Pool, PoolKind.Max), [], team);
            Assert.Equal(forward is null, backward is null);
        }
    }

    [Fact]
    public void A_layout_of_another_element_type_converts()
    {
        using var team = OneDnnSet.Team();
        if (Blocked(DType.BFloat16, team) is var blocked && blocked.Equals(MemoryLayout.Plain)) return;
        Assert.False(blocked.IsPermutation(new(DType.Float32, Input)));
        var x = KernelOperands.Sample(new ReorderSpec(DType.Float32, Input, MemoryLayout.Plain, blocked))[0];
        var back = Place.Plain(x).To(blocked, OneDnnSet.Whole, team).ToPlain(OneDnnSet.Whole, team);
        Assert.Equal(x.ToArray<float>().Select(v => (float)(BFloat16)v), back.ToArray<float>());
        var wide = blocked.Of(DType.Float32)!;
        Assert.Equal(blocked.ToString(), wide.ToString());
        Assert.NotEqual(blocked, wide);
        Assert.Equal(blocked, wide.Of(DType.BFloat16));
        Assert.Null(blocked.Of(DType.Bool));
        Assert.Same(MemoryLayout.Plain, MemoryLayout.Plain.Of(DType.BFloat16));
    }

    [Fact]
    public unsafe void A_run_allocates_nothing()
    {
        using var team = OneDnnSet.Team();
        var spec = new BatchNormTrainSpec(DType.BFloat16, Input, 1e-5);
        using var kernel = OneDnnSet.Whole.TryPrepare(spec, [], team);
        if (kernel is null) return;
        Tensor[] operands = [.. KernelOperands.Sample(spec), .. KernelOperands.Outputs(spec).Select(t => Tensor.Zeros(t.Type, t.Shape)), Tensor.Uninitialized(DType.UInt8, [(int)kernel.ScratchBytes])];
        nint[] addresses = [.. operands.Select(o => o.Address)];
        fixed (nint* buffers = addresses)
        {
            kernel.Run(buffers, team);
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 10; i++) kernel.Run(buffers, team);
            Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        }
        GC.KeepAlive(operands);
    }

    /// <summary>The layout that convolutions of this type work in, plain where there are none.</summary>
    private static MemoryLayout Blocked(DType type, ThreadTeam team)
    {
        using var kernel = OneDnnSet.Whole.TryPrepare(new ConvForwardSpec(type, new(Input, [20, 20, 1, 1], [1, 1], [1, 1], [0, 0], [0, 0], 1)), [], team);
        return kernel?.OutputLayout(0) ?? MemoryLayout.Plain;
    }
}
