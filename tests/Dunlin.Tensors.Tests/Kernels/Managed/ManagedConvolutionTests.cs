using Dunlin.Tensors.Kernels;

namespace Dunlin.Tensors.Tests.Kernels.Managed;

public sealed class ManagedConvolutionTests : IDisposable
{
    private readonly ThreadTeam _two = new ManagedTeam(2), _three = new ManagedTeam(3);

    public static TheoryData<string, ConvGeometry> Geometries => new()
    {
        { "one dimension", new([2, 3, 17], [5, 3, 4], [2], [3], [1], [4], 1) },
        { "LeNet's first", new([3, 1, 28, 28], [32, 1, 5, 5], [1, 1], [1, 1], [2, 2], [2, 2], 1) },
        { "deep, in several blocks of depth", new([2, 30, 7, 6], [14, 30, 3, 3], [1, 1], [1, 1], [1, 1], [1, 1], 1) },
        { "several blocks of positions", new([1, 2, 31, 29], [13, 2, 3, 2], [1, 1], [1, 1], [1, 0], [2, 1], 1) },
        { "AlexNet's strides", new([2, 3, 35, 33], [9, 3, 11, 11], [4, 3], [1, 1], [2, 1], [0, 2], 1) },
        { "groups, dilations, lopsided padding", new([2, 6, 11, 9], [9, 2, 3, 2], [1, 2], [2, 3], [3, 0], [0, 2], 3) },
        { "depthwise", new([3, 7, 8, 8], [14, 1, 3, 3], [1, 1], [1, 1], [1, 1], [1, 1], 7) },
        { "depthwise, wide lines, one output each", new([2, 3, 9, 41], [3, 1, 3, 5], [1, 1], [1, 1], [1, 2], [1, 2], 3) },
        { "depthwise, strides, dilations, lopsided padding", new([2, 4, 11, 19], [4, 1, 3, 2], [2, 3], [2, 1], [0, 1], [3, 0], 4) },
        { "depthwise, strides and padding beyond the window", new([2, 3, 7, 30], [3, 1, 2, 3], [3, 2], [1, 4], [4, 5], [3, 9], 3) },
        { "depthwise, one tap and gaps between positions", new([2, 2, 8, 37], [4, 1, 1, 1], [3, 2], [1, 1], [0, 1], [0, 0], 2) },
        { "depthwise, shorter than a vector", new([2, 5, 7, 7], [5, 1, 3, 3], [1, 1], [1, 1], [1, 1], [1, 1], 5) },
        { "depthwise, rows dealt in two", new([2, 3, 14, 14], [3, 1, 3, 3], [2, 2], [1, 1], [1, 1], [1, 1], 3) },
        { "depthwise, odd rows dealt in two", new([2, 3, 9, 45], [3, 1, 3, 3], [2, 2], [1, 1], [0, 1], [1, 1], 3) },
        { "depthwise, three dimensions", new([1, 2, 4, 5, 18], [6, 1, 2, 3, 3], [1, 2, 1], [1, 1, 2], [1, 1, 2], [0, 1, 2], 2) },
        { "many outputs of one channel", new([2, 1, 6, 7], [9, 1, 2, 3], [1, 1], [1, 1], [1, 0], [0, 1], 1) },
        { "pointwise", new([2, 8, 5, 7], [6, 8, 1, 1], [1, 1], [1, 1], [0, 0], [0, 0], 1) },
        { "pointwise with a stride", new([2, 8, 5, 7], [6, 8, 1, 1], [2, 2], [1, 1], [0, 0], [0, 0], 1) },
        { "pointwise and deep", new([2, 300, 3, 5], [6, 300, 1, 1], [1, 1], [1, 1], [0, 0], [0, 0], 1) },
        { "three dimensions", new([2, 2, 5, 6, 7], [4, 2, 2, 3, 3], [1, 2, 1], [2, 1, 1], [1, 1, 0], [0, 1, 2], 1) },
        { "padding wider than the window", new([1, 1, 3], [2, 1, 2], [1], [1], [4], [5], 1) },
        { "tiles", new([2, 32, 13, 13], [32, 32, 3, 3], [1, 1], [1, 1], [1, 1], [1, 1], 1) },
        { "tiles, whole ones only, no padding", new([1, 48, 10, 14], [64, 48, 3, 3], [1, 1], [1, 1], [0, 0], [0, 0], 1) },
        { "tiles, several chunks of rows, half a panel", new([3, 16, 37, 41], [112, 16, 3, 3], [1, 1], [1, 1], [1, 1], [1, 1], 1) },
        { "tiles, lopsided padding", new([2, 32, 11, 6], [48, 32, 3, 3], [1, 1], [1, 1], [2, 0], [1, 2], 1) },
        { "tiles, more channels than one block of depth", new([1, 272, 8, 8], [64, 272, 3, 3], [1, 1], [1, 1], [1, 1], [1, 1], 1) },
        { "tiles, weights in several blocks", new([1, 512, 1, 2], [400, 512, 3, 3], [1, 1], [1, 1], [1, 1], [1, 1], 1) },
        { "tiles of five taps", new([3, 32, 27, 27], [48, 32, 5, 5], [1, 1], [1, 1], [2, 2], [2, 2], 1) },
        { "tiles of five taps, lopsided padding", new([2, 64, 12, 9], [32, 64, 5, 5], [1, 1], [1, 1], [4, 0], [1, 3], 1) },
        { "no images", new([0, 2, 5, 5], [3, 2, 3, 3], [1, 1], [1, 1], [0, 0], [0, 0], 1) },
        { "no positions", new([2, 2, 2, 5], [3, 2, 3, 3], [1, 1], [1, 1], [0, 0], [0, 0], 1) },
        { "no input channels", new([2, 0, 4], [3, 0, 3], [1], [1], [0], [0], 1) },
    };

    public void Dispose()
    {
        _two.Dispose();
        _three.Dispose();
    }

    [Theory, MemberData(nameof(Geometries))]
    public void Forward_and_both_gradients_match_the_naive_ones(string name, ConvGeometry geometry)
    {
        Assert.NotEmpty(name);
        foreach (var type in new[] { DType.Float32, DType.Float64 })
            foreach (var spec in Specs(type, geometry))
                foreach (var team in new[] { ThreadTeam.Single, _two })
                    KernelRunner.AssertMatchesNaive(KernelSets.Managed, spec, team);
    }

    [Theory, MemberData(nameof(Geometries))]
    public void The_number_of_threads_changes_no_bit(string name, ConvGeometry geometry)
    {
        Assert.NotEmpty(name);
        foreach (var spec in Specs(DType.Float32, geometry))
        {
            var inputs = KernelOperands.Sample(spec);
            var one = KernelRunner.Run(KernelSets.Managed, spec, ThreadTeam.Single, inputs);
            var three = KernelRunner.Run(KernelSets.Managed, spec, _three, inputs);
            for (var i = 0; i < one.Length; i++) Assert.True(one[i].RawBytes.SequenceEqual(three[i].RawBytes), $"{spec}, output {i}");
        }
    }

    [Fact]
    public void Tiles_round_to_a_few_millionths()
    {
        foreach (var (taps, padding) in new[] { (3, 1), (5, 2) })
        {
            var geometry = new ConvGeometry([2, 128, 12, 12], [64, 128, taps, taps], [1, 1], [1, 1], [padding, padding], [padding, padding], 1);
            foreach (var spec in Specs(DType.Float32, geometry).Where(s => s is not ConvForwardSpec { Activation: Activation.Relu }))
            {
                var inputs = KernelOperands.Sample(spec);
                var exact = NaiveKernels.Compute(spec, [.. inputs.Select(KernelOperands.ToDoubles)])[0];
                var tiles = Error(KernelSets.Managed);
                Assert.InRange(tiles, Error(KernelSets.ManagedDirect), 3e-6);

                double Error(IKernelSet set) => Distance(exact, KernelOperands.ToDoubles(KernelRunner.Run(set, spec, _two, inputs)[0]));
            }
        }
    }

    /// <summary>The root of the mean squared difference, relative to that of the numbers.</summary>
    private static double Distance(double[] exact, double[] actual) =>
        Math.Sqrt(exact.Zip(actual, (e, a) => (e - a) * (e - a)).Sum() / exact.Sum(e => e * e));

    private static IEnumerable<KernelSpec> Specs(DType type, ConvGeometry geometry) =>
    [
        new ConvForwardSpec(type, geometry),
        new ConvForwardSpec(type, geometry, Bias: true, Activation.Relu),
        new ConvBackwardDataSpec(type, geometry),
        new ConvBackwardWeightsSpec(type, geometry),
        new ConvBackwardWeightsSpec(type, geometry, Bias: true),
    ];
}
