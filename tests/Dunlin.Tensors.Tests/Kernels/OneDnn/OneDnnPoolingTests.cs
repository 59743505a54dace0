using Dunlin.Tensors.Kernels;

namespace Dunlin.Tensors.Tests.Kernels.OneDnn;

public class OneDnnPoolingTests
{
    public static readonly TheoryData<PoolGeometry> Geometries =
    [
        new([2, 5, 9, 11], [3, 3], [2, 2], [0, 0], [0, 0]),
        new([2, 32, 13, 13], [3, 3], [2, 2], [1, 1], [1, 1]),
        new([1, 20, 8, 7], [2, 3], [2, 1], [0, 1], [1, 2]),
        new([3, 7, 30], [4], [3], [1], [2]),
        new([1, 17, 5, 6, 7], [2, 2, 3], [1, 2, 2], [0, 1, 1], [1, 0, 1]),
        new([1, 2, 20, 20], [20, 20], [20, 20], [0, 0], [0, 0]),
    ];

    [Theory, MemberData(nameof(Geometries))]
    public void Maxima_and_their_gradient_match_the_naive_loop(PoolGeometry geometry)
    {
        using var team = OneDnnSet.Team();
        KernelRunner.AssertMaxPoolMatchesNaive(OneDnnSet.Required, geometry, DType.Float32, team);
        KernelRunner.AssertMaxPoolMatchesNaive(OneDnnSet.Required, geometry, DType.Float32, team, Blocked(geometry.Input, team));
    }

    [Theory, MemberData(nameof(Geometries))]
    public void Averages_and_their_gradient_match_the_naive_loop(PoolGeometry geometry)
    {
        using var team = OneDnnSet.Team();
        foreach (var kind in new[] { PoolKind.AverageIncludingPadding, PoolKind.AverageExcludingPadding })
        {
            var (forward, backward) = (new PoolForwardSpec(DType.Float32, geometry, kind), new PoolBackwardSpec(DType.Float32, geometry, kind));
            KernelRunner.AssertMatchesNaive(OneDnnSet.Required, forward, team);
            KernelRunner.AssertMatchesNaive(OneDnnSet.Required, backward, team);
            KernelRunner.AssertMatchesNaive(OneDnnSet.Required, forward, team, offered: [Blocked(geometry.Input, team)]);
            KernelRunner.AssertMatchesNaive(OneDnnSet.Required, backward, team, offered: [Blocked(geometry.Output, team)]);
        }
    }

    [Fact]
    public void Blocked_data_stays_blocked_through_the_pooling_and_back()
    {
        using var team = OneDnnSet.Team();
        var geometry = new PoolGeometry([2, 32, 13, 13], [3, 3], [2, 2], [0, 0], [0, 0]);
        var layout = Blocked(geometry.Input, team);
        using var forward = KernelRunner.Prepare(OneDnnSet.Required, new PoolForwardSpec(DType.Float32, geometry, PoolKind.Max), team, [layout]);
        Assert.Equal(layout, forward.InputLayout(0));
        Assert.True(OneDnnSet.IsOneDnn(forward.OutputLayout(0)) && OneDnnSet.IsOneDnn(forward.OutputLayout(1)));
        using var backward = KernelRunner.Prepare(OneDnnSet.Required, new PoolBackwardSpec(DType.Float32, geometry, PoolKind.Max), team,
            [forward.OutputLayout(0), forward.OutputLayout(1)]);
        Assert.Equal(forward.OutputLayout(0), backward.InputLayout(0));
        Assert.Equal(forward.OutputLayout(1), backward.InputLayout(1));
        Assert.Equal(layout, backward.OutputLayout(0));
    }

    /// <summary>The layout that convolutions of as many channels work in on this machine.</summary>
    internal static MemoryLayout Blocked(Shape shape, ThreadTeam team)
    {
        int[] ones = [.. Enumerable.Repeat(1, shape.Rank - 2)], zeros = [.. Enumerable.Repeat(0, shape.Rank - 2)];
        var geometry = new ConvGeometry(shape, Shape.Of(shape[1], shape[1]).Append(ones), Shape.Of(ones), Shape.Of(ones), Shape.Of(zeros), Shape.Of(zeros), 1);
        using var kernel = KernelRunner.Prepare(OneDnnSet.Required, new ConvForwardSpec(DType.Float32, geometry), team);
        return kernel.OutputLayout(0);
    }
}
