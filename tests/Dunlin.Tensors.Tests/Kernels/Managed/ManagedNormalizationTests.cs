using Dunlin.Tensors.Kernels;

namespace Dunlin.Tensors.Tests.Kernels.Managed;

public sealed class ManagedNormalizationTests : IDisposable
{
    private readonly ThreadTeam _two = new ManagedTeam(2);

    public static TheoryData<KernelSpec> Specs
    {
        get
        {
            var specs = new TheoryData<KernelSpec>();
            foreach (var type in new[] { DType.Float32, DType.Float64 })
            {
                foreach (var shape in new Shape[] { [5, 3], [64, 100], [600, 70], [0, 5], [3, 4, 17], [2, 5, 8, 9], [16, 8, 30, 31], [2, 3, 4, 5, 6], [1, 4, 1], [0, 3, 4] })
                {
                    specs.Add(new BatchNormTrainSpec(type, shape, 1e-5));
                    specs.Add(new BatchNormInferSpec(type, shape, 1e-5));
                    specs.Add(new BatchNormBackwardSpec(type, shape, 1e-5));
                }
                foreach (var (rows, columns) in new[] { (1, 1), (7, 33), (200, 768), (5, 16) })
                {
                    specs.Add(new LayerNormForwardSpec(type, rows, columns, 1e-5));
                    specs.Add(new LayerNormBackwardSpec(type, rows, columns, 1e-5));
                }
                foreach (var (outer, length, inner) in new[] { (1, 1, 1), (64, 10, 1), (3, 1000, 1), (2, 7, 5), (100, 300, 1), (2, 21, 1030), (3, 0, 4), (0, 3, 4) })
                    foreach (var logarithm in new[] { false, true })
                    {
                        specs.Add(new SoftmaxForwardSpec(type, outer, length, inner, logarithm));
                        specs.Add(new SoftmaxBackwardSpec(type, outer, length, inner, logarithm));
                    }
                specs.Add(new ReorderSpec(type, [300, 700], MemoryLayout.Plain, MemoryLayout.Plain));
            }
            return specs;
        }
    }

    public void Dispose() => _two.Dispose();

    [Theory, MemberData(nameof(Specs))]
    public void Normalisations_and_their_gradients_match_the_naive_ones(KernelSpec spec)
    {
        foreach (var team in new[] { ThreadTeam.Single, _two }) KernelRunner.AssertMatchesNaive(KernelSets.Managed, spec, team);
    }

    [Fact]
    public void Nothing_to_normalise_is_no_error()
    {
        KernelSpec[] specs =
        [
            new BatchNormTrainSpec(DType.Float32, [4, 0, 2], 1e-5), new BatchNormInferSpec(DType.Float32, [4, 0, 2], 1e-5),
            new BatchNormBackwardSpec(DType.Float32, [4, 0, 2], 1e-5), new LayerNormForwardSpec(DType.Float32, 0, 8, 1e-5),
        ];
        foreach (var spec in specs)
            Assert.All(KernelRunner.Run(KernelSets.Managed, spec, _two, KernelOperands.Sample(spec)), output => Assert.Equal(0, output.ElementCount));
        var backward = new LayerNormBackwardSpec(DType.Float32, 0, 8, 1e-5);
        var gradients = KernelRunner.Run(KernelSets.Managed, backward, _two, KernelOperands.Sample(backward));
        Assert.Equal(new float[8], gradients[1].ToArray<float>());
        Assert.Equal(new float[8], gradients[2].ToArray<float>());
    }

    [Theory, InlineData(88.5f), InlineData(89f), InlineData(-104f), InlineData(1e30f)]
    public void Softmax_of_huge_equal_logits_is_uniform(float logit)
    {
        foreach (var inner in new[] { 1, 3 })
        {
            var x = Tensor.From(Enumerable.Repeat(logit, 4 * inner).ToArray(), [1, 4, inner]);
            var y = KernelRunner.Run(KernelSets.Managed, new SoftmaxForwardSpec(DType.Float32, 1, 4, inner, false), ThreadTeam.Single, [x])[0];
            Assert.All(y.ToArray<float>(), v => Assert.Equal(0.25f, v, 1e-6f));
            var log = KernelRunner.Run(KernelSets.Managed, new SoftmaxForwardSpec(DType.Float32, 1, 4, inner, true), ThreadTeam.Single, [x])[0];
            Assert.All(log.ToArray<float>(), v => Assert.Equal(MathF.Log(0.25f), v, 1e-6f));
        }
    }

    [Fact]
    public void A_large_mean_costs_the_batch_variance_no_precision()
    {
        var spec = new BatchNormTrainSpec(DType.Float64, [4, 1, 50], 1e-5);
        var x = KernelOperands.FromDoubles(new(DType.Float64, spec.Input), [.. Enumerable.Range(0, 200).Select(i => 1e6 + i % 3)]);
        KernelRunner.AssertMatchesNaive(KernelSets.Managed, spec, ThreadTeam.Single, [x, Tensor.From([1.0]), Tensor.From([0.0])], tolerance: 1e-8);
    }
}
