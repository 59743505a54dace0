using Dunlin.Tensors.Kernels;

namespace Dunlin.Tensors.Tests.Kernels.Managed;

public sealed class ManagedPoolingTests : IDisposable
{
    private readonly ThreadTeam _two = new ManagedTeam(2);

    public static TheoryData<PoolGeometry> Geometries =>
    [
        new PoolGeometry([2, 3, 11], [3], [2], [1], [1]),
        new PoolGeometry([3, 4, 28, 28], [2, 2], [2, 2], [0, 0], [0, 0]),
        new PoolGeometry([2, 5, 13, 9], [3, 3], [2, 2], [1, 0], [0, 1]),
        new PoolGeometry([2, 2, 7, 8], [3, 2], [1, 1], [2, 1], [1, 1]),
        new PoolGeometry([2, 2, 20, 20], [17, 16], [1, 2], [3, 0], [0, 0]),
        new PoolGeometry([1, 2, 5, 6, 7], [2, 3, 2], [2, 1, 2], [1, 1, 0], [0, 1, 1]),
        new PoolGeometry([0, 2, 4, 4], [2, 2], [2, 2], [0, 0], [0, 0]),
        new PoolGeometry([1, 2, 1, 4], [2, 2], [2, 2], [0, 0], [0, 0]),
    ];

    public void Dispose() => _two.Dispose();

    [Theory, MemberData(nameof(Geometries))]
    public void Maxima_means_and_their_gradients_match_the_naive_ones(PoolGeometry geometry)
    {
        foreach (var type in new[] { DType.Float32, DType.Float64 })
            foreach (var team in new[] { ThreadTeam.Single, _two })
            {
                KernelRunner.AssertMaxPoolMatchesNaive(KernelSets.Managed, geometry, type, team);
                foreach (var kind in new[] { PoolKind.AverageIncludingPadding, PoolKind.AverageExcludingPadding })
                {
                    KernelRunner.AssertMatchesNaive(KernelSets.Managed, new PoolForwardSpec(type, geometry, kind), team);
                    KernelRunner.AssertMatchesNaive(KernelSets.Managed, new PoolBackwardSpec(type, geometry, kind), team);
                }
            }
    }

    [Fact]
    public void The_first_of_equal_maxima_wins_and_NaN_wins_over_all()
    {
        var spec = new PoolForwardSpec(DType.Float32, new([1, 1, 2, 6], [2, 2], [2, 2], [0, 0], [0, 0]), PoolKind.Max);
        var x = Tensor.From([1f, 3, 9, 8, float.NegativeInfinity, float.NegativeInfinity,
                             3f, 3, float.NaN, float.NaN, float.NegativeInfinity, float.NegativeInfinity], [1, 1, 2, 6]);
        var results = KernelRunner.Run(KernelSets.Managed, spec, ThreadTeam.Single, [x]);
        Assert.Equal([3, float.NaN, float.NegativeInfinity], results[0].ToArray<float>());
        Assert.Equal([1, 2, 0], results[1].ToArray<byte>());
    }
}
