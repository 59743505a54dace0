using Dunlin.Tensors.Kernels;

namespace Dunlin.Tensors.Tests.Kernels.OneDnn;

public class OneDnnMatMulTests
{
    [Theory, ClassData(typeof(Specs))]
    public void Products_match_the_naive_loop(MatMulSpec spec)
    {
        using var team = OneDnnSet.Team();
        KernelRunner.AssertMatchesNaive(OneDnnSet.Required, spec, team);
    }

    [Fact]
    public void What_the_library_lacks_is_left_to_another_set()
    {
        using var team = OneDnnSet.Team();
        Assert.Null(OneDnnSet.Required.TryPrepare(new MatMulSpec(DType.Float32, 1, 2, 3, 0), [], team));
        Assert.Null(OneDnnSet.Required.TryPrepare(new MatMulSpec(DType.Float64, 1, 2, 3, 4), [], team));
    }

    [Fact]
    public unsafe void A_run_allocates_nothing_and_follows_moved_operands()
    {
        using var team = OneDnnSet.Team();
        var spec = new MatMulSpec(DType.Float32, 1, 16, 32, 64);
        using var kernel = KernelRunner.Prepare(OneDnnSet.Required, spec, team);
        var inputs = KernelOperands.Sample(spec);
        var expected = NaiveKernels.Compute(spec, [.. inputs.Select(KernelOperands.ToDoubles)])[0];
        var outputs = new[] { Tensor.Zeros(DType.Float32, [16, 32]), Tensor.Zeros(DType.Float32, [16, 32]) };
        var scratch = Tensor.Uninitialized(DType.UInt8, [(int)kernel.ScratchBytes]);
        var buffers = stackalloc nint[] { inputs[0].Address, inputs[1].Address, outputs[0].Address, scratch.Address };
        kernel.Run(buffers, team);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
        {
            buffers[2] = outputs[i % 2].Address;
            kernel.Run(buffers, team);
        }
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        foreach (var output in outputs) KernelRunner.AssertClose(expected, KernelOperands.ToDoubles(output), 2e-5, "moved output");
        GC.KeepAlive(inputs);
    }

    private sealed class Specs : TheoryData<MatMulSpec>
    {
        public Specs()
        {
            // The last ones are large enough for the BLAS-like function.
            foreach (var (batch, m, n, k) in new[] { (1, 1, 1, 1), (1, 17, 33, 65), (3, 5, 16, 7), (2, 64, 1, 40), (1, 1, 100, 30), (1, 130, 131, 70), (1, 1, 1200, 900) })
                foreach (var transposes in new[] { 0, 1, 2, 3 })
                    Add(new MatMulSpec(DType.Float32, batch, m, n, k, (transposes & 1) != 0, (transposes & 2) != 0));
            Add(new MatMulSpec(DType.Float32, 1, 17, 33, 65, Bias: true));
            Add(new MatMulSpec(DType.Float32, 4, 17, 33, 65, TransposeB: true, Bias: true, Activation: Activation.Relu));
            Add(new MatMulSpec(DType.Float32, 1, 9, 10, 11, TransposeA: true, Activation: Activation.Relu));
        }
    }
}
