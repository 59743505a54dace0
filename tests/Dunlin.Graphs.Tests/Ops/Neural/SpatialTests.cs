using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using static Dunlin.Graphs.Tests.Ops.Numbers;

namespace Dunlin.Graphs.Tests.Ops.Neural;

public class SpatialTests
{
    private static Tensor Count(params int[] shape) => Tensor.From([.. Enumerable.Range(0, shape.Aggregate(1, (a, b) => a * b)).Select(i => (double)i)], Shape.Create(shape));

    private static double[] Doubles(Func<Value, Value> function, Tensor x) => Evaluate.Of(v => function(v[0]), 2, x).ToArray<double>();

    private static string Refusal(Func<Value, Value> function, params int[] shape) =>
        Assert.Throws<ShapeException>(() => function(new Graph().Placeholder("x", DType.Float32, Shape.Create(shape)))).Message;

    [Theory, InlineData(1, 0, 1, 1), InlineData(2, 1, 1, 1), InlineData(3, 1, 2, 1), InlineData(2, 0, 1, 2)]
    public void A_transposed_convolution_is_the_adjoint_of_the_convolution(int stride, int padding, int dilation, int groups)
    {
        var sliding = Sliding.Uniform(2, stride, padding, dilation, groups);
        var (x, w) = (Signed(2, 2 * groups, 7, 8), Signed(4, 2, 3, 2));
        var dy = Evaluate.Of(v => v[0].Conv(v[1], sliding), x, w) is var y ? Between(-1, 1, [.. y.Shape.Dimensions]) : null!;
        // The output padding that gives x's lengths back.
        Shape extra = [(7 + 2 * padding - dilation * 2 - 1) % stride, (8 + 2 * padding - dilation - 1) % stride];
        var back = Evaluate.Of(v => v[0].ConvTranspose(v[1], sliding, extra), 2, dy, w);
        Assert.Equal(x.Shape, back.Shape);
        Assert.Equal(Dot(y, dy), Dot(x, back), 1e-9);
    }

    [Fact]
    public void A_transposed_convolution_of_one_number_is_the_window_times_it()
    {
        var y = Evaluate.Of(v => v[0].ConvTranspose(v[1], Sliding.Uniform(1, stride: 2), [1]), Tensor.From([2.0, 10], [1, 1, 2]), Tensor.From([1.0, 2, 3], [1, 1, 3]));
        Assert.Equal([2, 4, 6 + 10, 20, 30, 0], y.ToArray<double>());
    }

    [Fact]
    public void Patches_times_weights_are_the_convolution()
    {
        var sliding = new Sliding([2, 1], [1, 0], [0, 1], [1, 2]);
        var (x, w) = (Signed(2, 3, 6, 5), Signed(4, 3, 3, 2));
        var difference = Evaluate.Of(v => (v[0].ExtractPatches([3, 2], sliding).Transpose(0, 2, 1).MatMul(v[1].Flatten(1), transposeB: true).Transpose(0, 2, 1) - v[0].Conv(v[1], sliding).Flatten(2)).Abs().Max(), x, w);
        Assert.Equal(0, difference.Item<double>(), 1e-12);
        Assert.Equal([1, 2, 2, 1], Doubles(v => v.OnesLike().ExtractPatches([2]).FoldPatches([4], [2]), Count(1, 1, 4)));
    }

    [Fact]
    public void Maxima_and_their_places_agree_with_maximum_pooling()
    {
        var x = Distinct(2, 3, 7, 6);
        var sliding = Sliding.Uniform(2, stride: 2, padding: 1);
        Assert.Equal(Doubles(v => v.MaxPool([3, 2], sliding), x), Doubles(v => v.MaxPoolWithIndices([3, 2], sliding).Y, x));
        Assert.Equal(Doubles(v => v.MaxPool([3, 2], sliding), x), Doubles(v => Places.Take(v, v.MaxPoolWithIndices([3, 2], sliding).Indices), x));
        Assert.Equal([4, 5], Doubles(v => v.MaxPoolWithIndices([2], Sliding.Uniform(1, dilation: 2)).Y, Tensor.From([4.0, 5, 0, 1], [1, 1, 4])));
        var ties = Evaluate.Of(v => v[0].MaxPoolWithIndices([3], Sliding.Uniform(1)).Indices, Tensor.From([7f, 7, 7, float.NaN, 8], [1, 1, 5]));
        Assert.Equal([0L, 3, 3], ties.ToArray<long>());
    }

    [Fact]
    public void Unpooling_puts_maxima_back_where_they_were()
    {
        var x = Tensor.From([1.0, 9, 2, 3, 5, 4, 8, 7], [1, 1, 2, 4]);
        Assert.Equal([0, 9, 0, 0, 0, 0, 8, 0], Doubles(v =>
        {
            var (y, places) = v.MaxPoolWithIndices([2, 2], Sliding.Uniform(2, stride: 2));
            return y.MaxUnpool(places, [2, 4]);
        }, x));
        var error = Assert.Throws<DunlinException>(() => Evaluate.Of(v => v[0].MaxUnpool(v[1], [3]), Tensor.From([1.0, 2], [1, 1, 2]), Tensor.From([0, 3], [1, 1, 2])));
        Assert.Contains("the place 3 at position 1 is not within 0 to 2", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Adaptive_parts_cover_the_input_and_overlap_by_at_most_one()
    {
        // 5 elements in 3 parts: 0-1, 1-3, 3-4. 2 elements in 3: 0, 0-1, 1.
        var x = Tensor.From([5.0, 1, 6, 2, 4], [1, 1, 5]);
        Assert.Equal([3, 3, 3], Doubles(v => v.AdaptiveAveragePool([3]), x));
        Assert.Equal([5, 6, 4], Doubles(v => v.AdaptiveMaxPool([3]).Y, x));
        Assert.Equal([0, 0.5, 1], Doubles(v => v.AdaptiveAveragePool([3]), Count(1, 1, 2)));
        var wide = Signed(2, 3, 6, 9);
        Assert.Equal(Doubles(v => v.AveragePool([3, 3], Sliding.Uniform(2, stride: 3)), wide), Doubles(v => v.AdaptiveAveragePool([2, 3]), wide), (a, b) => Math.Abs(a - b) < 1e-14);
        Assert.Equal(Doubles(v => v.GlobalMaxPool(), wide), Doubles(v => v.AdaptiveMaxPool([1, 1]).Y, wide));
    }

    [Fact]
    public void Fractional_windows_begin_where_their_random_number_says()
    {
        // α = (10 − 2) / (4 − 1); with u = ½ the windows begin at ⌊(i + ½) · 8/3⌋ − 1 = 0, 3, 5, and the last at 8.
        Assert.Equal([1, 4, 6, 9], Evaluate.Of(v => v[0].FractionalMaxPool(v[1], [2], [4]).Y, Count(1, 1, 10), Tensor.From([0.5], [1, 1, 1])).ToArray<double>());
        Tensor Draw(long counter, int threads) => Evaluate.Of(v => v[0].FractionalMaxPool(v[1], [2, 2], [5, 6], seed: 3, stream: 4).Y, threads, Count(16, 16, 11, 9), Counter(counter));
        Assert.Equal(Draw(1, 1).ToArray<double>(), Draw(1, 2).ToArray<double>());
        Assert.NotEqual(Draw(1, 1).ToArray<double>(), Draw(2, 1).ToArray<double>());
    }

    [Fact]
    public void Fractional_means_are_of_the_windows_whose_maxima_are_taken()
    {
        // Windows at 0, 3, 5 and 8, see above; the maximum of a rising sequence is its last element.
        Assert.Equal([0.5, 3.5, 5.5, 8.5], Evaluate.Of(v => v[0].FractionalAveragePool(v[1], [2], [4]), Count(1, 1, 10), Tensor.From([0.5], [1, 1, 1])).ToArray<double>());
        Tensor[] inputs = [Count(2, 3, 7, 9, 5), Between(0, 1, 2, 3, 3)];
        var maxima = Evaluate.Of(v => v[0].FractionalMaxPool(v[1], [2, 3, 1], [4, 5, 5]).Y, inputs).ToArray<double>();
        // Half of a window's way from its first element to its last.
        var middle = (1 * 9 * 5 + 2 * 5 + 0) / 2.0;
        Assert.Equal([.. maxima.Select(m => m - middle)], Evaluate.Of(v => v[0].FractionalAveragePool(v[1], [2, 3, 1], [4, 5, 5]), inputs).ToArray<double>(), (a, b) => Math.Abs(a - b) < 1e-9);
        Assert.Contains("do not fit into 5 elements", Refusal(x => x.FractionalAveragePool(x, [2], [5]), 1, 1, 5), StringComparison.Ordinal);
    }

    [Fact]
    public void Sums_and_p_norms_of_windows_follow_their_definitions()
    {
        var x = Tensor.From([3.0, -4, 0, 12], [1, 1, 4]);
        Assert.Equal([5, 12], Doubles(v => v.LpPool(2, [2], Sliding.Uniform(1, stride: 2)), x));
        Assert.Equal([7, 12], Doubles(v => v.LpPool(1, [2], Sliding.Uniform(1, stride: 2)), x));
        Assert.Equal([3, -1, -4, 12, 12], Doubles(v => v.SumPool([2], Sliding.Uniform(1, padding: 1)), x));
    }

    [Fact]
    public void Dilation_takes_the_highest_and_erosion_the_lowest_of_the_shifted_input()
    {
        var (x, w) = (Tensor.From([1.0, 5, 2, 0], [1, 1, 4]), Tensor.From([0.0, 2, 0.5], [1, 3]));
        Assert.Equal([5.5, 7, 5, 2], Evaluate.Of(v => v[0].Dilation2D(v[1], Sliding.Uniform(1, padding: 1)), x, w).ToArray<double>());
        Assert.Equal([-1, 1, -0.5, -2], Evaluate.Of(v => v[0].Erosion2D(v[1], Sliding.Uniform(1, padding: 1)), x, w).ToArray<double>());
        // A flat element is maximum pooling, of each channel with its own.
        var image = Distinct(2, 3, 5, 6);
        Assert.Equal(Doubles(v => v.MaxPool([2, 3], Sliding.Uniform(2)) + v.Graph.Constant(Tensor.From([1.0, 2, 3], [3, 1, 1])), image),
            Evaluate.Of(v => v[0].Dilation2D(v[1]), image, Tensor.From([.. Enumerable.Range(0, 18).Select(i => 1.0 + i / 6)], [3, 2, 3])).ToArray<double>());
    }

    [Fact]
    public void Blocks_of_space_become_channels_in_their_order()
    {
        // Channels 0 and 1 of a 2×2 image: 0 1 2 3 and 4 5 6 7.
        var x = Count(1, 2, 2, 2);
        Assert.Equal([0, 4, 1, 5, 2, 6, 3, 7], Doubles(v => v.SpaceToDepth(2), x));
        Assert.Equal([0, 1, 2, 3, 4, 5, 6, 7], Doubles(v => v.PixelUnshuffle(2), x));
        Assert.Equal([0, 4, 1, 5, 2, 6, 3, 7], Doubles(v => v.ChannelShuffle(2), Count(1, 8, 1)));
        Assert.Equal([0, 0, 1, 1, 0, 0, 1, 1, 2, 2, 3, 3, 2, 2, 3, 3], Doubles(v => v.UpsampleNearest(2), Count(1, 1, 2, 2)));
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void Moves_of_space_undo_each_other(int dimensions)
    {
        var x = Signed([2, 8, .. new[] { 4, 6, 2 }[..dimensions]]);
        var graph = new Graph();
        var fed = graph.Placeholder("x", DType.Float64, x.Shape.With(0, Shape.Unknown));
        using var session = new Session(graph);
        foreach (var there in new[]
        {
            fed.SpaceToDepth(2).DepthToSpace(2), fed.PixelUnshuffle(2).PixelShuffle(2), fed.DepthToSpace(2).SpaceToDepth(2), fed.PixelShuffle(2).PixelUnshuffle(2),
            fed.SpaceToBatch(2).BatchToSpace(2), fed.ChannelShuffle(2).ChannelShuffle(4),
        })
            Assert.Equal(x.ToArray<double>(), session.Run(there, (fed, x)).ToArray<double>());
    }

    [Fact]
    public void A_convolution_of_space_as_batch_is_a_dilated_one()
    {
        var (x, w) = (Signed(2, 3, 6, 8), Signed(2, 3, 2, 3));
        var dilated = Evaluate.Of(v => v[0].Conv(v[1], Sliding.Uniform(2, dilation: 2)), x, w);
        var batched = Evaluate.Of(v => v[0].SpaceToBatch(2).Conv(v[1]).BatchToSpace(2), x, w);
        Assert.Equal(dilated.Shape, batched.Shape);
        Assert.Equal(dilated.ToArray<double>(), batched.ToArray<double>(), (a, b) => Math.Abs(a - b) < 1e-12);
    }

    [Fact]
    public void Depthwise_channels_do_not_mix()
    {
        var (x, w) = (Signed(2, 3, 7, 9), Signed(6, 1, 3, 2));
        var sliding = Sliding.Uniform(2, stride: 2, padding: 1);
        var whole = Evaluate.Of(v => v[0].DepthwiseConv(v[1], sliding), x, w);
        for (var o = 0; o < 6; o++)
        {
            var one = Evaluate.Of(v => v[0].StridedSlice(.., (o / 2)..(o / 2 + 1)).Conv(v[1].StridedSlice(o..(o + 1)), sliding), x, w);
            Assert.Equal(one.ToArray<double>(), Evaluate.Of(v => v[0].StridedSlice(.., o..(o + 1)), whole).ToArray<double>(), (a, b) => Math.Abs(a - b) < 1e-12);
        }
    }

    [Fact]
    public void What_does_not_fit_is_refused_while_the_graph_is_built()
    {
        Assert.Contains("less than the stride [2]", Refusal(x => x.ConvTranspose(x.Graph.Placeholder("w", DType.Float32, [2, 1, 3]), Sliding.Uniform(1, stride: 2), [2]), 1, 2, 4), StringComparison.Ordinal);
        Assert.Contains("do not fit weights for 3 channels", Refusal(x => x.ConvTranspose(x.Graph.Placeholder("w", DType.Float32, [3, 1, 3])), 1, 2, 4), StringComparison.Ordinal);
        Assert.Contains("would leave nothing", Refusal(x => x.ConvTranspose(x.Graph.Placeholder("w", DType.Float32, [2, 1, 1]), Sliding.Uniform(1, padding: 1)), 1, 2, 2), StringComparison.Ordinal);
        Assert.Contains("sees nothing but padding", Refusal(x => x.MaxPoolWithIndices([2], Sliding.Uniform(1, padding: 1, dilation: 2)).Y, 1, 1, 1), StringComparison.Ordinal);
        Assert.Contains("MaxPoolWithIndices' are", Refusal(x => x.MaxPool([2], Sliding.Uniform(1, dilation: 2)), 1, 1, 8), StringComparison.Ordinal);
        Assert.Contains("nothing to pool", Refusal(x => x.AdaptiveAveragePool([2]), 1, 1, 0), StringComparison.Ordinal);
        Assert.Contains("do not fit into 5 elements", Refusal(x => x.FractionalMaxPool(x, [2], [5]).Y, 1, 1, 5), StringComparison.Ordinal);
        Assert.Contains("can't be divided by 2", Refusal(x => x.SpaceToDepth(2), 1, 1, 3, 4), StringComparison.Ordinal);
        Assert.Contains("6 channels can't be divided by 4", Refusal(x => x.PixelShuffle(2), 1, 6, 3, 4), StringComparison.Ordinal);
        Assert.Contains("divided into 3 groups", Refusal(x => x.ChannelShuffle(3), 1, 4), StringComparison.Ordinal);
        Assert.Contains("does not fit into the padded [3] even once", Refusal(x => x.ExtractPatches([4]), 1, 2, 3), StringComparison.Ordinal);
        Assert.Contains("5 rows can't be divided into channels of 2 taps", Refusal(x => x.FoldPatches([4], [2]), 1, 5, 3), StringComparison.Ordinal);
        Assert.Contains("takes x[N, C, S…] and w[C, K…]", Refusal(x => x.Dilation2D(x), 1, 2, 3), StringComparison.Ordinal);
    }

    public static TheoryData<string> Kernels => [.. Widened.Keys];

    private static readonly Dictionary<string, Func<Value, Value>> Widened = new()
    {
        ["ConvTranspose"] = x => x.ConvTranspose(x, Sliding.Uniform(2, stride: 2)),
        ["MaxPoolWithIndices"] = x => x.MaxPoolWithIndices([2, 2], Sliding.Uniform(2)).Y,
        ["AdaptiveMaxPool"] = x => x.AdaptiveMaxPool([2, 3]).Y,
        ["AdaptiveAveragePool"] = x => x.AdaptiveAveragePool([2, 3]),
        ["AdaptiveAveragePoolBackward"] = x => Gradients.Of(x.AdaptiveAveragePool([2, 3]).Square().Sum(), x)[0]!.Dense(),
        ["FractionalMaxPool"] = x => x.FractionalMaxPool(x.Graph.Constant(Tensor.From(new double[8], [2, 2, 2])).Cast(x.Type), [2, 2], [2, 2]).Y,
        ["MaxUnpool"] = x => x.MaxUnpool(x.MaxPoolWithIndices([1, 1], Sliding.Uniform(2)).Indices, [5, 6]),
        ["Dilation2D"] = x => x.Dilation2D(x.StridedSlice(..1).Squeeze(0).StridedSlice(.., ..2, ..2)),
        ["ExtractPatches"] = x => x.ExtractPatches([2, 2]),
        ["FoldPatches"] = x => x.Flatten(2).Pad([0, 0, 0], [0, 2, 0]).FoldPatches([6, 7], [2, 2], Sliding.Uniform(2)),
        ["LpPool"] = x => x.LpPool(3, [2, 2], Sliding.Uniform(2)),
        ["RepeatElements"] = x => x.UpsampleNearest(2),
    };

    [Theory, MemberData(nameof(Kernels))]
    public void Narrower_types_agree_with_double(string name)
    {
        var x = Distinct(2, 2, 5, 6);
        var expected = Doubles(Widened[name], x);
        foreach (var (type, tolerance) in new[] { (DType.Float32, 1e-5), (DType.BFloat16, 4e-2), (DType.Float16, 4e-3) })
            Assert.Equal(expected, Doubles(v => Widened[name](v.Cast(type)).Cast(DType.Float64), x), (a, b) => Math.Abs(a - b) <= tolerance * Math.Max(1, Math.Abs(a)));
    }

    private static double Dot(Tensor a, Tensor b) => a.ToArray<double>().Zip(b.ToArray<double>(), (x, y) => x * y).Sum();
}
