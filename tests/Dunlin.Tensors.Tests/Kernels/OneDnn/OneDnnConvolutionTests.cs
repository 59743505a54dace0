using Dunlin.Tensors.Kernels;

namespace Dunlin.Tensors.Tests.Kernels.OneDnn;

public class OneDnnConvolutionTests
{
    public static readonly TheoryData<string, ConvGeometry> Geometries = new()
    {
        { "odd lengths in two dimensions", new([2, 5, 9, 11], [7, 5, 3, 3], [1, 1], [1, 1], [1, 1], [1, 1], 1) },
        { "whole blocks", new([2, 32, 13, 13], [48, 32, 3, 3], [1, 1], [1, 1], [1, 1], [1, 1], 1) },
        { "an image's first layer", new([2, 3, 35, 35], [16, 3, 11, 11], [4, 4], [1, 1], [2, 2], [2, 2], 1) },
        { "uneven padding", new([1, 16, 8, 7], [16, 16, 3, 2], [2, 3], [1, 1], [0, 1], [2, 0], 1) },
        { "dilation", new([2, 6, 15, 17], [8, 6, 3, 3], [1, 2], [3, 2], [2, 2], [2, 2], 1) },
        { "groups", new([2, 12, 9, 9], [18, 4, 3, 3], [1, 1], [1, 1], [1, 1], [1, 1], 3) },
        { "depth-wise", new([2, 20, 9, 9], [20, 1, 3, 3], [2, 2], [1, 1], [1, 1], [1, 1], 20) },
        { "one dimension", new([3, 5, 40], [6, 5, 7], [2], [1], [3], [2], 1) },
        { "three dimensions", new([1, 4, 6, 7, 8], [5, 4, 2, 3, 3], [1, 2, 1], [1, 1, 2], [0, 1, 1], [1, 1, 2], 1) },
        { "padding beyond the window", new([2, 8, 9, 9], [8, 8, 3, 3], [1, 1], [1, 1], [5, 4], [4, 5], 1) },
        { "tiles of five taps", new([2, 32, 13, 11], [48, 32, 5, 5], [1, 1], [1, 1], [2, 2], [2, 2], 1) },
        { "tiles, lopsided padding", new([2, 48, 8, 9], [32, 48, 3, 3], [1, 1], [1, 1], [2, 0], [0, 1], 1) },
        { "one by one", new([2, 33, 5, 5], [17, 33, 1, 1], [1, 1], [1, 1], [0, 0], [0, 0], 1) },
    };

    [Theory, MemberData(nameof(Geometries))]
    public void Forward_matches_the_naive_loop(string what, ConvGeometry geometry)
    {
        Assert.NotEmpty(what);
        using var team = OneDnnSet.Team();
        KernelRunner.AssertMatchesNaive(OneDnnSet.Required, new ConvForwardSpec(DType.Float32, geometry), team);
        KernelRunner.AssertMatchesNaive(OneDnnSet.Required, new ConvForwardSpec(DType.Float32, geometry, Bias: true, Activation.Relu), team);
    }

    [Theory, MemberData(nameof(Geometries))]
    public void Gradients_match_the_naive_loop(string what, ConvGeometry geometry)
    {
        Assert.NotEmpty(what);
        using var team = OneDnnSet.Team();
        KernelRunner.AssertMatchesNaive(OneDnnSet.Required, new ConvBackwardDataSpec(DType.Float32, geometry), team);
        KernelRunner.AssertMatchesNaive(OneDnnSet.Required, new ConvBackwardWeightsSpec(DType.Float32, geometry), team);
        KernelRunner.AssertMatchesNaive(OneDnnSet.Required, new ConvBackwardWeightsSpec(DType.Float32, geometry, Bias: true), team);
    }

    [Theory, MemberData(nameof(Geometries))]
    public void The_direct_set_matches_the_naive_loop(string what, ConvGeometry geometry)
    {
        Assert.NotEmpty(what);
        using var team = OneDnnSet.Team();
        Assert.NotNull(KernelSets.OneDnnDirect);
        foreach (var spec in new KernelSpec[] { new ConvForwardSpec(DType.Float32, geometry, Bias: true), new ConvBackwardDataSpec(DType.Float32, geometry), new ConvBackwardWeightsSpec(DType.Float32, geometry, Bias: true) })
            KernelRunner.AssertMatchesNaive(KernelSets.OneDnnDirect, spec, team);
    }

    [Fact]
    public void Wide_convolutions_choose_layouts_of_their_own_that_equal_by_value()
    {
        using var team = OneDnnSet.Team();
        var spec = new ConvForwardSpec(DType.Float32, new([2, 32, 13, 13], [40, 32, 3, 3], [1, 1], [1, 1], [1, 1], [1, 1], 1));
        using var first = KernelRunner.Prepare(OneDnnSet.Required, spec, team);
        using var second = KernelRunner.Prepare(OneDnnSet.Required, spec, team);
        Assert.NotEqual(MemoryLayout.Plain, first.OutputLayout(0));
        Assert.Equal(first.OutputLayout(0), second.OutputLayout(0));
        Assert.Equal(first.OutputLayout(0).GetHashCode(), second.OutputLayout(0).GetHashCode());
        Assert.NotEqual(first.InputLayout(0), first.InputLayout(1));
        Assert.True(first.InputLayout(0).IsPermutation(new(DType.Float32, spec.Geometry.Input)));
        // 40 channels fill two and a half blocks of 16, where that is the block.
        var output = new TensorType(DType.Float32, spec.Geometry.Output);
        Assert.Equal(first.OutputLayout(0).IsPermutation(output), first.OutputLayout(0).Bytes(output) == output.Bytes);
    }
}
