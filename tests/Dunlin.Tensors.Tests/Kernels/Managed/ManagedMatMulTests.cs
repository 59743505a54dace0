using System.Runtime.Intrinsics;
using Dunlin.Tensors.Kernels;
using Dunlin.Tensors.Kernels.Managed;

namespace Dunlin.Tensors.Tests.Kernels.Managed;

public sealed unsafe class ManagedMatMulTests : IDisposable
{
    private readonly ThreadTeam _two = new ManagedTeam(2), _three = new ManagedTeam(3);

    public void Dispose()
    {
        _two.Dispose();
        _three.Dispose();
    }

    [Theory]
    [InlineData(1, 1, 1, 1)]
    [InlineData(2, 3, 5, 7)]
    [InlineData(1, 16, 32, 64)]
    [InlineData(3, 12, 31, 33)]
    [InlineData(1, 13, 16, 257)]
    [InlineData(1, 25, 35, 300)]
    [InlineData(1, 251, 41, 20)]
    [InlineData(1, 27, 71, 513)]
    [InlineData(2, 1, 100, 70)]
    [InlineData(1, 70, 1, 90)]
    [InlineData(1, 2, 2100, 9)]
    [InlineData(0, 2, 3, 4)]
    [InlineData(2, 0, 3, 4)]
    [InlineData(2, 3, 0, 4)]
    [InlineData(2, 3, 40, 0)]
    [InlineData(1, 2, 40, 0)]
    [InlineData(3, 2, 60, 100)]
    public void Any_lengths_transposes_and_epilogues_match_the_naive_product(int batch, int m, int n, int k)
    {
        foreach (var type in new[] { DType.Float32, DType.Float64 })
            for (var variant = 0; variant < 8; variant++)
            {
                var spec = new MatMulSpec(type, batch, m, n, k, (variant & 1) != 0, (variant & 2) != 0, (variant & 4) != 0,
                    variant % 3 == 1 ? Activation.Relu : Activation.None);
                foreach (var team in new[] { ThreadTeam.Single, _two, _three })
                    KernelRunner.AssertMatchesNaive(KernelSets.Managed, spec, team);
            }
    }

    [Theory, InlineData(1, 80, 64), InlineData(20, 71, 300), InlineData(33, 96, 90), InlineData(128, 130, 257)]
    public void A_lasting_matrix_is_taken_in_panels_by_both_sets(int m, int n, int k)
    {
        for (var variant = 0; variant < 4; variant++)
        {
            var spec = new MatMulSpec(DType.Float32, 1, m, n, k, TransposeB: (variant & 1) != 0, Bias: (variant & 2) != 0, Activation: (variant & 2) != 0 ? Activation.Relu : Activation.None, LastingB: true);
            foreach (var set in new[] { KernelSets.Managed, KernelSets.OneDnn }.OfType<IKernelSet>())
            {
                using var team = set.CreateTeam(3);
                using var kernel = KernelRunner.Prepare(set, spec, team);
                Assert.IsType<PanelLayout>(kernel.InputLayout(1));
                KernelRunner.AssertMatchesNaive(set, spec, team);
            }
        }
    }

    [Theory, InlineData(DType.Float32), InlineData(DType.Float64)]
    public void The_number_of_threads_changes_no_bit(DType type)
    {
        var spec = new MatMulSpec(type, 1, 143, 201, 517, TransposeB: true, Bias: true);
        var inputs = KernelOperands.Sample(spec);
        var one = KernelRunner.Run(KernelSets.Managed, spec, ThreadTeam.Single, inputs)[0];
        foreach (var team in new[] { _two, _three })
            Assert.True(one.RawBytes.SequenceEqual(KernelRunner.Run(KernelSets.Managed, spec, team, inputs)[0].RawBytes));
    }

    [Fact]
    public void NaN_reaches_the_output_through_the_activation()
    {
        var spec = new MatMulSpec(DType.Float32, 1, 1, 33, 1, Activation: Activation.Relu);
        var y = KernelRunner.Run(KernelSets.Managed, spec, ThreadTeam.Single, [Tensor.From([float.NaN], [1, 1, 1]), KernelOperands.Sample(spec)[1]])[0];
        Assert.All(y.ToArray<float>(), v => Assert.True(float.IsNaN(v)));
    }

    [Fact]
    public void Every_vector_width_that_this_machine_has_computes_the_same_product()
    {
        Check(new Gemm<double, Vector128<double>, Lanes128<double>>());
        if (Vector256.IsHardwareAccelerated) Check(new Gemm<double, Vector256<double>, Lanes256<double>>());
        if (Vector512.IsHardwareAccelerated) Check(new Gemm<double, Vector512<double>, Lanes512<double>>());
    }

    private static void Check(Gemm<double> gemm)
    {
        foreach (var (m, n, k) in new[] { (1, 1, 1), (6, 4, 3), (29, 37, 300), (250, 19, 31) })
        {
            var spec = new MatMulSpec(DType.Float64, 1, m, n, k);
            var inputs = KernelOperands.Sample(spec);
            var expected = NaiveKernels.Compute(spec, [.. inputs.Select(KernelOperands.ToDoubles)])[0];
            var c = Tensor.Uninitialized(DType.Float64, [m, n]);
            var scratch = Tensor.Uninitialized(DType.Float64, [(int)gemm.ScratchElements(m, n, k)]);
            gemm.Multiply(new GemmOperands<double>
            {
                M = m,
                N = n,
                K = k,
                A = (double*)inputs[0].Address,
                ARow = k,
                AStep = 1,
                B = (double*)inputs[1].Address,
                BStep = n,
                BColumn = 1,
                C = (double*)c.Address,
                CRow = n,
            }, (double*)scratch.Address);
            KernelRunner.AssertClose(expected, c.ToArray<double>(), 1e-12, $"{gemm.GetType()} {spec}");
            GC.KeepAlive(inputs);
            GC.KeepAlive(scratch);
        }
    }
}
