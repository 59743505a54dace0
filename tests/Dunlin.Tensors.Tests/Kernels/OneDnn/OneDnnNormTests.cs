using Dunlin.Tensors.Kernels;

namespace Dunlin.Tensors.Tests.Kernels.OneDnn;

public class OneDnnNormTests
{
    public static readonly TheoryData<int[]> Inputs = [[2, 5, 9, 11], [3, 32, 5, 5], [7, 13], [4, 6, 10], [2, 3, 4, 3, 5]];

    [Theory, MemberData(nameof(Inputs))]
    public void Batch_normalisation_matches_the_naive_loop(int[] lengths)
    {
        using var team = OneDnnSet.Team();
        var shape = Shape.Of(lengths);
        foreach (var spec in new KernelSpec[]
        {
            new BatchNormTrainSpec(DType.Float32, shape, 1e-5), new BatchNormInferSpec(DType.Float32, shape, 1e-3), new BatchNormBackwardSpec(DType.Float32, shape, 1e-5),
        })
        {
            KernelRunner.AssertMatchesNaive(OneDnnSet.Required, spec, team);
            if (shape.Rank == 2) continue;
            var offered = OneDnnSet.Plain(spec);
            offered[0] = OneDnnPoolingTests.Blocked(shape, team);
            KernelRunner.AssertMatchesNaive(OneDnnSet.Required, spec, team, offered: offered);
        }
    }

    /// <summary>The managed kernels are checked against the formula.</summary>
    [Theory, InlineData(5, 0.75), InlineData(3, 0.75), InlineData(5, 0.5), InlineData(1, 0.75)]
    public void Local_response_normalisation_is_that_of_the_managed_kernels(int size, double beta)
    {
        using var team = OneDnnSet.Team();
        foreach (var shape in new Shape[] { [2, 32, 5, 7], [3, 48, 4, 4], [2, 5, 9, 11], [1, 3, 6], [1, 16, 2, 3, 4] })
            foreach (var spec in new KernelSpec[] { new LrnForwardSpec(DType.Float32, shape, size, 0.7, beta, 2), new LrnBackwardSpec(DType.Float32, shape, size, 0.7, beta, 2) })
            {
                var inputs = KernelOperands.Sample(spec);
                var expected = KernelOperands.ToDoubles(KernelRunner.Run(KernelSets.Managed, spec, team, inputs)[0]);
                KernelRunner.AssertClose(expected, KernelOperands.ToDoubles(KernelRunner.Run(OneDnnSet.Required, spec, team, inputs)[0]), 2e-5, $"{spec}");
                if (shape.Rank != 4) continue;
                var offered = OneDnnSet.Plain(spec);
                offered[0] = OneDnnPoolingTests.Blocked(shape, team);
                KernelRunner.AssertClose(expected, KernelOperands.ToDoubles(KernelRunner.Run(OneDnnSet.Required, spec, team, inputs, offered)[0]), 2e-5, $"{spec}, blocked");
            }
        // Even windows lie elsewhere in the library.
        Assert.Null(OneDnnSet.Required.TryPrepare(new LrnForwardSpec(DType.Float32, [1, 8, 2, 2], 4, 1, 0.75, 1), [MemoryLayout.Plain], team));
    }

    [Theory, InlineData(3, 17), InlineData(40, 64), InlineData(1, 1000)]
    public void Layer_normalisation_matches_the_naive_loop(int rows, int columns)
    {
        using var team = OneDnnSet.Team();
        KernelRunner.AssertMatchesNaive(OneDnnSet.Required, new LayerNormForwardSpec(DType.Float32, rows, columns, 1e-5), team);
        KernelRunner.AssertMatchesNaive(OneDnnSet.Required, new LayerNormBackwardSpec(DType.Float32, rows, columns, 1e-5), team);
    }

    [Theory]
    [InlineData(5, 10, 1, false), InlineData(5, 10, 1, true)]
    [InlineData(3, 7, 13, false), InlineData(3, 7, 13, true)]
    [InlineData(1, 1000, 1, false), InlineData(64, 1, 1, true)]
    public void Softmax_matches_the_naive_loop(int outer, int length, int inner, bool logarithm)
    {
        using var team = OneDnnSet.Team();
        KernelRunner.AssertMatchesNaive(OneDnnSet.Required, new SoftmaxForwardSpec(DType.Float32, outer, length, inner, logarithm), team);
        KernelRunner.AssertMatchesNaive(OneDnnSet.Required, new SoftmaxBackwardSpec(DType.Float32, outer, length, inner, logarithm), team);
    }

    [Theory, InlineData(false), InlineData(true)]
    public void Softmax_of_large_logits_stays_finite(bool logarithm)
    {
        using var team = OneDnnSet.Team();
        KernelRunner.AssertMatchesNaive(OneDnnSet.Required, new SoftmaxForwardSpec(DType.Float32, 3, 2, 1, logarithm), team,
            [Tensor.From<float>([89, 89, 1000, 990, -104, -104], [3, 2, 1])]);
    }

    [Fact]
    public unsafe void Kernels_that_allow_it_may_overwrite_their_input()
    {
        using var team = OneDnnSet.Team();
        foreach (var spec in new KernelSpec[]
        {
            new SoftmaxForwardSpec(DType.Float32, 5, 33, 1, false), new SoftmaxForwardSpec(DType.Float32, 2, 9, 7, true),
            new BatchNormTrainSpec(DType.Float32, [4, 20, 5, 5], 1e-5), new BatchNormInferSpec(DType.Float32, [4, 20, 5, 5], 1e-5),
            new LayerNormForwardSpec(DType.Float32, 6, 35, 1e-5),
        })
        {
            using var kernel = KernelRunner.Prepare(OneDnnSet.Required, spec, team);
            Assert.True(kernel.CanOverwrite(0, 0));
            var inputs = KernelOperands.Sample(spec);
            var expected = NaiveKernels.Compute(spec, [.. inputs.Select(KernelOperands.ToDoubles)]);
            Tensor[] outputs = [inputs[0], .. KernelOperands.Outputs(spec).Skip(1).Select(t => Tensor.Zeros(t.Type, t.Shape))];
            var scratch = Tensor.Uninitialized(DType.UInt8, [(int)kernel.ScratchBytes]);
            nint[] addresses = [.. inputs.Select(t => t.Address), .. outputs.Select(t => t.Address), scratch.Address];
            fixed (nint* buffers = addresses) kernel.Run(buffers, team);
            for (var i = 0; i < outputs.Length; i++) KernelRunner.AssertClose(expected[i], KernelOperands.ToDoubles(outputs[i]), 2e-5, $"{spec} in place");
            GC.KeepAlive(inputs);
        }
    }
}
