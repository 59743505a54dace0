using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Graphs.Tests.Ops;

public class DynamicTests
{
    private static string ErrorOf(Func<IReadOnlyList<Value>, Value> function, params Tensor[] inputs) => Assert.ThrowsAny<DunlinException>(() => Evaluate.Of(function, inputs)).Message;

    [Fact]
    public void Places_where_something_holds_are_in_row_major_order()
    {
        var x = Tensor.From([0f, 3, -1, 0, 0, 2], [2, 3]);
        Assert.Equal([0L, 1, 0, 2, 1, 2], Evaluate.Of(v => v[0].NonZero(), x).ToArray<long>());
        Assert.Equal([3f, 2], Evaluate.Of(v => v[0].BooleanMask(v[0] > 0), x).ToArray<float>());
        Assert.Equal([3f, -1, 0, 2], Evaluate.Of(v => v[0].Compress(v[1], 1), x, Tensor.From([false, true, true])).ToArray<float>());
        Assert.Equal(0, Evaluate.Of(v => v[0].BooleanMask(v[0] > 9), x).ElementCount);
        Assert.Contains("has the shape of the first dimensions", ErrorOf(v => v[0].BooleanMask(v[1]), x, Tensor.From([true, false, true])), StringComparison.Ordinal);
    }

    [Theory, InlineData(DType.Float32), InlineData(DType.Float64), InlineData(DType.BFloat16), InlineData(DType.Float16), InlineData(DType.Int32), InlineData(DType.Int64), InlineData(DType.UInt8)]
    public void Different_elements_come_in_order_with_their_places_and_counts(DType type)
    {
        var x = Tensor.From([3, 1, 3, 7, 1, 3], [2, 3]);
        Assert.Equal([1, 3, 7], Evaluate.Of(v => v[0].Cast(type).Unique().Values.Cast(DType.Int32), x).ToArray<int>());
        Assert.Equal([1L, 0, 1, 2, 0, 1], Evaluate.Of(v => v[0].Cast(type).Unique().Inverse, x).ToArray<long>());
        Assert.Equal([2L, 3, 1], Evaluate.Of(v => v[0].Cast(type).Unique().Counts, x).ToArray<long>());
    }

    [Fact]
    public void NaN_is_one_element_and_the_last_and_rows_compare_as_words_do()
    {
        Assert.Equal([-1f, 2, float.NaN], Evaluate.Of(v => v[0].Unique().Values, Tensor.From([2f, float.NaN, -1, float.NaN])).ToArray<float>());
        var rows = Tensor.From([1, 2, 0, 9, 1, 2, 1, 0], [4, 2]);
        Assert.Equal([0, 9, 1, 0, 1, 2], Evaluate.Of(v => v[0].UniqueRows().Rows, rows).ToArray<int>());
        Assert.Equal([2L, 0, 2, 1], Evaluate.Of(v => v[0].UniqueRows().Inverse, rows).ToArray<long>());
    }

    [Fact]
    public void Sets_follow_NumPy()
    {
        Tensor a = Tensor.From([5, 1, 2, 5, 3]), b = Tensor.From([3, 5, 8]);
        Assert.Equal([true, false, false, true, true], Evaluate.Of(v => v[0].IsIn(v[1]), a, b).ToArray<bool>());
        Assert.Equal([3, 5], Evaluate.Of(v => Operations.Intersection(v[0], v[1]), a, b).ToArray<int>());
        Assert.Equal([1, 2, 3, 5, 8], Evaluate.Of(v => Operations.Union(v[0], v[1]), a, b).ToArray<int>());
        Assert.Equal([1, 2], Evaluate.Of(v => Operations.SetDifference(v[0], v[1]), a, b).ToArray<int>());
        Assert.Equal([1, 2, 8], Evaluate.Of(v => Operations.SymmetricDifference(v[0], v[1]), a, b).ToArray<int>());
        Assert.Equal([1L, 2], Evaluate.Of(v => v[0].ListDifference(v[1]).Positions, a, b).ToArray<long>());
        Assert.Equal([false, false], Evaluate.Of(v => v[0].IsIn(v[0]), Tensor.From([float.NaN, float.NaN])).ToArray<bool>());
        Assert.Equal([false], Evaluate.Of(v => v[0].IsIn(v[1]), Tensor.From([2L]), Tensor.Zeros(DType.Int64, [0])).ToArray<bool>());
    }

    [Fact]
    public void What_is_dealt_out_is_put_together_again()
    {
        var x = Numbers.Signed(20, 3);
        var parts = Tensor.From(Enumerable.Range(0, 20).Select(i => i * i % 5).ToArray());
        var y = Evaluate.Of(v => Operations.DynamicStitch(v[0].Graph.Range(0, 20).DynamicPartition(v[1], 5), v[0].DynamicPartition(v[1], 5)), x, parts);
        Assert.Equal(x.ToArray<double>(), y.ToArray<double>());
        Assert.Equal([7f, 0, 9], Evaluate.Of(v => Operations.DynamicStitch([v[1], v[1]], [v[0], v[0] + 1]), Tensor.From([6f, 8]), Tensor.From([0, 2])).ToArray<float>());
        Assert.Contains("part 5 at position 1 is not within 0 to 4", ErrorOf(v => v[0].DynamicPartition(v[1], 5)[0], Numbers.Signed(2), Tensor.From([0, 5])), StringComparison.Ordinal);
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(5), InlineData(11)]
    public void A_table_in_shards_gives_the_rows_and_gradients_of_the_whole_one(int shards)
    {
        var table = Numbers.Signed(11, 3);
        var numbers = Tensor.From([4, 0, 10, 4, 7, 7, 7, 1]);
        (double[] Rows, double[] Gradient) Of(Func<Graph, Value, IReadOnlyList<Value>> deal, Sharding sharding)
        {
            var graph = new Graph();
            var whole = graph.Placeholder("table", DType.Float64, table.Shape);
            var ids = graph.Placeholder("ids", DType.Int32, [Shape.Unknown]);
            var rows = Operations.ShardedGather(deal(graph, whole), ids, sharding);
            var gradient = Gradients.Of(rows.Square().Sum(), whole)[0]!.Dense();
            using var session = new Session(graph);
            var results = session.Run([rows, gradient], (whole, table), (ids, numbers));
            return (results[0].ToArray<double>(), results[1].ToArray<double>());
        }
        var expected = Of((_, t) => [t], Sharding.Modulo);
        var modulo = Of((_, t) => [.. Enumerable.Range(0, shards).Select(p => t.StridedSlice(new Slicing(p, null, shards)))], Sharding.Modulo);
        var contiguous = Of((_, t) => [.. Enumerable.Range(0, shards).Select(p => t.StridedSlice((11 * p / shards)..(11 * (p + 1) / shards)))], Sharding.Contiguous);
        Assert.Equal(expected.Rows, modulo.Rows);
        Assert.Equal(expected.Rows, contiguous.Rows);
        Assert.Equal(expected.Gradient, modulo.Gradient);
        Assert.Equal(expected.Gradient, contiguous.Gradient);
    }

    [Fact]
    public void Shapes_and_counts_may_be_computed()
    {
        Assert.Equal([0, 1, 1, 1], Evaluate.Of(v => v[0].Repeat(v[1]), Tensor.From([0, 9, 1]), Tensor.From([1, 0, 3])).ToArray<int>());
        Assert.Equal([5, 3, 1], Evaluate.Of(v => Operations.DynamicRange(v[0], v[1], v[2]), Tensor.Scalar(5), Tensor.Scalar(0), Tensor.Scalar(-2)).ToArray<int>());
        Assert.Equal([2, 3], Evaluate.Of(v => v[0].Fill(v[1]), Tensor.Scalar(4f), Tensor.From([2, 3])).Shape.Dimensions.ToArray());
        Assert.Equal([3, 2], Evaluate.Of(v => v[0].Reshape(v[1]), Tensor.From([1, 2, 3, 4, 5, 6]), Tensor.From([3L, -1])).Shape.Dimensions.ToArray());
        Assert.Contains("-2 is no length", ErrorOf(v => v[0].Fill(v[1]), Tensor.Scalar(4f), Tensor.From([2, -2])), StringComparison.Ordinal);
        Assert.Contains("can't be divided", ErrorOf(v => v[0].Reshape(v[1]), Tensor.From([1, 2, 3]), Tensor.From([2, -1])), StringComparison.Ordinal);
        Assert.Contains("count -1 at position 0", ErrorOf(v => v[0].Repeat(v[0]), Tensor.From([-1])), StringComparison.Ordinal);
        Assert.Contains("the step is not 0", ErrorOf(v => Operations.DynamicRange(v[0], v[0], v[0]), Tensor.Scalar(0)), StringComparison.Ordinal);
    }
}
