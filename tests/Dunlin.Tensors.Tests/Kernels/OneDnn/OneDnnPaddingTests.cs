using Dunlin.Tensors.Kernels;

namespace Dunlin.Tensors.Tests.Kernels.OneDnn;

/// <summary>
/// A blocked layout rounds channels up to whole blocks, and the next kernel multiplies what stands there: it must be zero after every
/// run, although other values of a plan used the same memory in between.
/// </summary>
public class OneDnnPaddingTests
{
    private static readonly Shape Input = [2, 20, 7, 7];
    private static readonly ConvGeometry Conv = new(Input, [21, 20, 3, 3], [1, 1], [1, 1], [1, 1], [1, 1], 1);
    private static readonly ConvGeometry DepthWise = new(Input, [20, 1, 3, 3], [1, 1], [1, 1], [1, 1], [1, 1], 20);
    private static readonly ConvGeometry Volume = new([1, 5, 4, 6, 6], [7, 5, 3, 3, 3], [1, 1, 1], [1, 1, 1], [1, 1, 1], [1, 1, 1], 1);
    private static readonly PoolGeometry Pool = new(Input, [3, 3], [2, 2], [1, 1], [1, 1]);

    public static readonly TheoryData<KernelSpec> Specs =
    [
        new ConvForwardSpec(DType.Float32, Conv, Bias: true, Activation.Relu), new ConvBackwardDataSpec(DType.Float32, Conv), new ConvBackwardWeightsSpec(DType.Float32, Conv, Bias: true),
        new ConvForwardSpec(DType.Float32, DepthWise), new ConvBackwardDataSpec(DType.Float32, DepthWise), new ConvBackwardWeightsSpec(DType.Float32, DepthWise),
        new ConvForwardSpec(DType.Float32, Volume), new ConvBackwardDataSpec(DType.Float32, Volume), new ConvBackwardWeightsSpec(DType.Float32, Volume),
        new PoolForwardSpec(DType.Float32, Pool, PoolKind.Max), new PoolForwardSpec(DType.Float32, Pool, PoolKind.AverageExcludingPadding), new PoolBackwardSpec(DType.Float32, Pool, PoolKind.AverageIncludingPadding),
        new BatchNormTrainSpec(DType.Float32, Input, 1e-5), new BatchNormInferSpec(DType.Float32, Input, 1e-5), new BatchNormBackwardSpec(DType.Float32, Input, 1e-5),
    ];

    [Theory, MemberData(nameof(Specs))]
    public unsafe void Padding_is_zero_after_every_run(KernelSpec spec)
    {
        using var team = OneDnnSet.Team();
        var offered = OneDnnSet.Plain(spec);
        var types = KernelOperands.Inputs(spec);
        if (spec is not (ConvForwardSpec or ConvBackwardDataSpec or ConvBackwardWeightsSpec)) offered[0] = OneDnnPoolingTests.Blocked(types[0].Shape, team);
        using var kernel = KernelRunner.Prepare(OneDnnSet.Required, spec, team, offered);
        Place[] inputs = [.. KernelOperands.Sample(spec).Select((x, i) => Place.Plain(x).To(kernel.InputLayout(i), OneDnnSet.Required, team))];
        Place[] outputs = [.. KernelOperands.Outputs(spec).Select((type, i) => Place.Empty(type, kernel.OutputLayout(i)))];
        var scratch = Tensor.Uninitialized(DType.UInt8, [(int)kernel.ScratchBytes]);
        nint[] addresses = [.. inputs.Concat(outputs).Select(p => p.Memory.Address), scratch.Address];
        fixed (nint* buffers = addresses)
            for (var run = 0; run < 2; run++)
            {
                foreach (var output in outputs) output.Memory.RawBytes.Fill(0xFF);
                scratch.RawBytes.Fill(0xFF);
                kernel.Run(buffers, team);
            }
        Assert.All(outputs.Where(o => o.Type.Type == DType.Float32), output =>
            Assert.Equal(NonZero(output.ToPlain(OneDnnSet.Required, team)), NonZero(output.Memory)));
        GC.KeepAlive(inputs);
    }

    /// <summary>How many float32 in the memory are not zero; NaN is none.</summary>
    private static int NonZero(Tensor memory) => System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(memory.RawBytes).ToArray().Count(v => v != 0);
}
