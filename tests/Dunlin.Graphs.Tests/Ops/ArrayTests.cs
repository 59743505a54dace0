using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Graphs.Tests.Ops;

public class ArrayTests
{
    private static Tensor Count(params int[] shape) => Tensor.From([.. Enumerable.Range(0, shape.Aggregate(1, (a, b) => a * b))], Shape.Create(shape));

    private static int[] Ints(Func<Value, Value> function, Tensor x) => Evaluate.Of(v => function(v[0]), x).ToArray<int>();

    [Theory, InlineData(new[] { 3, 70, 65 }, new[] { 2, 1, 0 }), InlineData(new[] { 5, 4, 3, 2 }, new[] { 3, 0, 2, 1 }), InlineData(new[] { 4, 1, 6 }, new[] { 1, 2, 0 }), InlineData(new[] { 2, 3, 33 }, new[] { 1, 0, 2 })]
    public void Transposing_moves_every_element_to_its_place(int[] shape, int[] order)
    {
        var x = Count(shape);
        var y = Evaluate.Of(v => v[0].Transpose(order), 2, x);
        var (from, to) = (x.Shape.Strides, y.Shape.Strides);
        for (var i = 0; i < y.ElementCount; i++)
        {
            var source = 0L;
            for (var d = 0; d < order.Length; d++) source += i / to[d] % y.Shape[d] * from[order[d]];
            Assert.Equal(source, y.Span<int>()[i]);
        }
        Assert.Equal(y.ToArray<int>().Select(v => (byte)v), Evaluate.Of(v => v[0].Cast(DType.UInt8).Transpose(order), x.ElementCount > 255 ? Wrapped(x) : x).ToArray<byte>());
    }

    [Fact]
    public void Slices_follow_NumPy()
    {
        var x = Count(3, 4);
        Assert.Equal([5, 6, 9, 10], Ints(v => v.Slice([1, 1], [-1, 2]), x));
        Assert.Equal([5, 6, 9, 10], Ints(v => v.StridedSlice(1.., 1..^1), x));
        Assert.Equal([11, 9, 7, 5, 3, 1], Ints(v => v.StridedSlice(new Slicing(Step: -1), new Slicing(Step: -2)), x));
        Assert.Equal([3, 2, 1], Ints(v => v.StridedSlice(..1, new Slicing(-1, 0, -1)), x));
        Assert.Equal([4, 5, 6, 7], Ints(v => v.StridedSlice(new Slicing(-2, -1)), x));
        Assert.Empty(Ints(v => v.StridedSlice(2..1), x));
        Assert.Equal([8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3], Ints(v => v.Reverse(0), x));
        Assert.Equal([3, 0, 1, 2], Ints(v => v.StridedSlice(..1).Roll(1, -1), x));
    }

    [Fact]
    public void Padding_and_tiling_follow_NumPy()
    {
        var x = Count(1, 3);
        Assert.Equal([9, 9, 9, 9, 9, 0, 1, 2], Ints(v => v.Pad([1, 1], [0, 0], 9), x));
        Assert.Equal([2, 1, 0, 1, 2, 1], Ints(v => v.MirrorPad([0, 2], [0, 1]), x));
        Assert.Equal([1, 0, 0, 1, 2, 2], Ints(v => v.MirrorPad([0, 2], [0, 1], repeatEdge: true), x));
        Assert.Equal([0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2], Ints(v => v.Tile(2, 2), x));
        Assert.Contains("can mirror at most 2", Assert.Throws<ShapeException>(() => Ints(v => v.MirrorPad([0, 3], [0, 0]), x)).Message, StringComparison.Ordinal);
    }

    [Theory, InlineData(3), InlineData(25), InlineData(40)]
    public void Sorting_is_stable_and_agrees_with_itself_for_few_and_many(int k)
    {
        var x = Tensor.From([.. Enumerable.Range(0, 80).Select(i => (float)(i * 37 % 11))], [2, 40]);
        x.Span<float>()[5] = float.NaN;
        var row = x.ToArray<float>()[..40];
        int[] order = [.. Enumerable.Range(0, 40).OrderByDescending(i => float.IsNaN(row[i]) ? float.PositiveInfinity : row[i])];
        Assert.Equal(order[..k].Select(i => (long)i), Evaluate.Of(v => v[0].TopK(k).Indices, 2, x).ToArray<long>()[..k]);
        Assert.Equal(order.Select(i => row[i]), Evaluate.Of(v => v[0].Sort(descending: true).Values, x).ToArray<float>()[..40]);
        int[] ascending = [.. Enumerable.Range(0, 40).OrderBy(i => float.IsNaN(row[i]) ? float.PositiveInfinity : row[i])];
        Assert.Equal(ascending.Select(i => (long)i), Evaluate.Of(v => v[0].ArgSort(), x).ToArray<long>()[..40]);
    }

    [Fact]
    public void Extremes_and_ranks_are_found_where_they_are()
    {
        var x = Tensor.From([1f, 5, 5, float.NaN, 2, -1], [2, 3]);
        Assert.Equal([1L, 0], Evaluate.Of(v => v[0].ArgMax(), x).ToArray<long>());
        Assert.Equal([0L, 0], Evaluate.Of(v => v[0].ArgMin(1), x).ToArray<long>());
        Assert.Equal([1L, 0, 0], Evaluate.Of(v => v[0].ArgMax(0), x).ToArray<long>());
        var scores = Tensor.From([0.1f, 0.5f, 0.4f, 0.1f, 0.5f, 0.4f], [2, 3]);
        Assert.Equal([true, false], Evaluate.Of(v => v[0].InTopK(v[1], 2), scores, Tensor.From([2, 0])).ToArray<bool>());
    }

    [Fact]
    public void Known_tensors_and_counts_are_as_defined()
    {
        Assert.Equal([1, 0, 0, 0, 1, 0], Evaluate.OfGraph(g => g.Eye(2, 3)).ToArray<float>());
        Assert.Equal([5L, 3, 1], Evaluate.OfGraph(g => g.Range(5, 0, -2)).ToArray<long>());
        Assert.Equal([0, 0.25f, 0.5f, 0.75f, 1], Evaluate.OfGraph(g => g.LinSpace(0, 1, 5)).ToArray<float>());
        Assert.Equal([3L, 4], Evaluate.Of(v => v[0].ShapeOf(), Count(3, 4)).ToArray<long>());
        Assert.Equal(12, Evaluate.Of(v => v[0].SizeOf(), Count(3, 4)).Item<long>());
        Assert.Equal([2L, 0, 1], Evaluate.Of(v => v[0].Bincount(3), Tensor.From([0, 2, 0])).ToArray<long>());
        Assert.Equal([0f, 0, 1, 1, 0, 0], Evaluate.Of(v => v[0].OneHot(3), Tensor.From([2L, 0])).ToArray<float>());
        Assert.Equal([0, 0, 0, 3, 4, 0, 6, 7, 8], Ints(v => v.BandPart(-1, 0).StridedSlice(..), Count(3, 3)));
        Assert.Equal([1, 3, 6, 4, 9, 15], Evaluate.Of(v => (v[0] + v[0].OnesLike()).CumSum(1), Count(2, 3)).ToArray<int>());
        Assert.Contains("class number 3 at position 1", Assert.Throws<DunlinException>(() => Evaluate.Of(v => v[0].OneHot(3), Tensor.From([2L, 3]))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Truth_values_reduce_even_where_there_are_none()
    {
        var x = Tensor.From([true, true, true, false], [2, 2]);
        Assert.Equal([true, false], Evaluate.Of(v => v[0].All([1]), x).ToArray<bool>());
        Assert.Equal([true, true], Evaluate.Of(v => v[0].Any([0]), x).ToArray<bool>());
        var none = Tensor.Zeros(DType.Bool, [0]);
        Assert.True(Evaluate.Of(v => v[0].All(), none).Item<bool>());
        Assert.False(Evaluate.Of(v => v[0].Any(), none).Item<bool>());
    }

    [Fact]
    public void Sixteen_bit_floats_are_added_up_in_thirty_two()
    {
        // In BFloat16 itself, 256 + 1 is 256.
        var ones = Tensor.From([.. Enumerable.Repeat((BFloat16)1, 512)], [512]);
        Assert.Equal(512, (float)Evaluate.Of(v => v[0].Sum(), ones).Item<BFloat16>());
        Assert.Equal([2f, 2], Evaluate.Of(v => v[0].Reshape([2, 2]).MatMul(v[0].Reshape([2, 2])).Sum([0]).Cast(DType.Float32) * 0.5, Tensor.From([.. Enumerable.Repeat((BFloat16)1, 4)])).ToArray<float>());
    }

    [Fact]
    public void Sums_of_exponentials_do_not_overflow()
    {
        Assert.Equal(1000 + Math.Log(2), Evaluate.Doubles(x => x.LogSumExp(), 1000, 1000)[0], 1e-10);
        Assert.Equal(double.NegativeInfinity, Evaluate.Doubles(x => x.LogSumExp(), double.NegativeInfinity, double.NegativeInfinity)[0]);
        var loss = Evaluate.Of(v => v[0].SoftmaxCrossEntropy(v[1]), Tensor.From([1000f, 0, 0, 1000], [2, 2]), Tensor.From([0L, 0]));
        Assert.Equal([0f, 1000], loss.ToArray<float>());
        var error = Assert.Throws<DunlinException>(() => Evaluate.Of(v => v[0].SoftmaxCrossEntropy(v[1]), Tensor.From([1000f, 0], [1, 2]), Tensor.From([2])));
        Assert.Contains("label 2 at position 0 is not within 0 to 1", error.Message, StringComparison.Ordinal);
    }

    private static Tensor Wrapped(Tensor x)
    {
        var copy = x.Clone();
        foreach (ref var v in copy.Span<int>()) v &= 255;
        return copy;
    }
}
