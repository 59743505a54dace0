using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Graphs.Tests.Ops;

public class IndexingTests
{
    private static Tensor Count(params int[] shape) => Tensor.From([.. Enumerable.Range(0, shape.Aggregate(1, (a, b) => a * b))], Shape.Create(shape));

    private static string ErrorOf(Func<IReadOnlyList<Value>, Value> function, params Tensor[] inputs) => Assert.ThrowsAny<DunlinException>(() => Evaluate.Of(function, inputs)).Message;

    [Fact]
    public void Index_tuples_name_cells()
    {
        var x = Count(3, 2, 2);
        Assert.Equal([6, 7, 0, 1], Evaluate.Of(v => v[0].GatherNd(v[1]), x, Tensor.From([1, 1, 0, 0], [2, 2])).ToArray<int>());
        Assert.Equal([11, 2], Evaluate.Of(v => v[0].GatherNd(v[1]), x, Tensor.From([2L, 1, 1, 0, 1, 0], [2, 3])).ToArray<int>());
        Assert.Equal(x.ToArray<int>()[8..], Evaluate.Of(v => v[0].GatherNd(v[1]), x, Tensor.From([2], [1])).ToArray<int>());
    }

    [Theory, InlineData(DType.Float32), InlineData(DType.Float64), InlineData(DType.BFloat16), InlineData(DType.Float16), InlineData(DType.Int32), InlineData(DType.Int64)]
    public void Scattering_changes_cells_in_the_order_of_the_rows(DType type)
    {
        int[] Of(Func<Value, Value, Value, Value> scatter) => Evaluate.Of(v => scatter(v[0].Cast(type), v[1], v[2].Cast(type)).Cast(DType.Int32),
            Tensor.From([5, 6, 7]), Tensor.From([2, 0, 2]), Tensor.From([3, -1, 9])).ToArray<int>();
        Assert.Equal([-1, 6, 9], Of(Operations.ScatterUpdate));
        Assert.Equal([4, 6, 19], Of((x, i, r) => Operations.ScatterNdAdd(x, i.ExpandDims(-1), r)));
        Assert.Equal([5, 6, 9], Of(Operations.ScatterMax));
        Assert.Equal([-1, 6, 3], Of(Operations.ScatterMin));
        Assert.Equal([-5, 6, 189], Of(Operations.ScatterMultiply));
        Assert.Equal([6, 6, -5], Of(Operations.ScatterSubtract));
    }

    [Fact]
    public void Wide_cells_are_shared_among_threads_without_a_difference()
    {
        var (x, rows) = (Numbers.Signed(100, 700), Numbers.Between(-1, 1, 300, 700));
        var numbers = Tensor.From(Enumerable.Range(0, 300).Select(i => i * 7 % 100).ToArray());
        foreach (var scatter in new Func<Value, Value, Value, Value>[] { Operations.ScatterMax, Operations.ScatterUpdate })
            Assert.Equal(Evaluate.Of(v => scatter(v[0], v[1], v[2]), 1, x, numbers, rows).ToArray<double>(), Evaluate.Of(v => scatter(v[0], v[1], v[2]), 3, x, numbers, rows).ToArray<double>());
    }

    [Fact]
    public void Elements_are_taken_and_put_along_any_dimension_as_in_NumPy()
    {
        var x = Count(2, 3, 2);
        var places = Tensor.From([2, 0, 1, 1, 0, 2, 1, 0], [2, 2, 2]);
        Assert.Equal([4, 1, 2, 3, 6, 11, 8, 7], Evaluate.Of(v => v[0].TakeAlong(v[1], 1), x, places).ToArray<int>());
        Assert.Equal([0, -2, -3, -4, -1, 5, -5, -8, -7, 9, 10, -6], Evaluate.Of(v => v[0].ReplaceAlong(v[1], v[2], 1), x, places, Tensor.From([-1, -2, -3, -4, -5, -6, -7, -8], [2, 2, 2])).ToArray<int>());
        Assert.Equal([1, 7], Evaluate.Of(v => v[0].Gather(v[1], 1).Gather(v[1].Graph.Constant(1, DType.Int32), 1), x, Tensor.Scalar(0)).ToArray<int>());
        Assert.Equal([4, 5, 0, 1, 10, 11, 6, 7], Evaluate.Of(v => v[0].Gather(v[1], -2), x, Tensor.From([2L, 0])).ToArray<int>());
    }

    [Fact]
    public void Long_lines_are_shared_among_threads_without_a_difference()
    {
        var (x, values) = (Numbers.Signed(90, 1000), Numbers.Between(-1, 1, 90, 400));
        var places = Tensor.From(Enumerable.Range(0, 90 * 400).Select(i => i * 31 % 1000).ToArray(), [90, 400]);
        foreach (var put in new Func<Value, Value, Value, Value>[] { (a, i, v) => a.AddAlong(i, v), (a, i, v) => a.ReplaceAlong(i, v), (a, i, v) => a.TakeAlong(i) * v, (a, i, v) => a.CumMax(1).Values })
            Assert.Equal(Evaluate.Of(v => put(v[0], v[1], v[2]), 1, x, places, values).ToArray<double>(), Evaluate.Of(v => put(v[0], v[1], v[2]), 3, x, places, values).ToArray<double>());
    }

    [Fact]
    public void Searching_sorted_numbers_follows_NumPy()
    {
        var sorted = Tensor.From([1f, 2, 2, 5]);
        var values = Tensor.From([0f, 2, 9, float.NaN], [2, 2]);
        Assert.Equal([0L, 1, 4, 4], Evaluate.Of(v => v[0].SearchSorted(v[1]), sorted, values).ToArray<long>());
        Assert.Equal([0L, 3, 4, 4], Evaluate.Of(v => v[0].SearchSorted(v[1], right: true), sorted, values).ToArray<long>());
        Assert.Equal([1L, 0], Evaluate.Of(v => v[0].SearchSorted(v[1]), Tensor.From([1, 3, 5, 7], [2, 2]), Tensor.From([2, 4], [2, 1])).ToArray<long>());
        Assert.Equal([0L, 1, 1, 2], Evaluate.Of(v => v[0].Bucketize([1, 3]), Tensor.From([0.5, 1, 2.9, 3])).ToArray<long>());
        Assert.Equal([0L, 0, 1, 1], Evaluate.Of(v => v[0].Bucketize([1, 3], right: true), Tensor.From([0.5, 1, 2.9, 3])).ToArray<long>());
    }

    [Fact]
    public void Ranks_along_any_dimension_are_those_of_the_sorted_column()
    {
        var x = Numbers.Distinct(7, 5);
        var columns = Enumerable.Range(0, 5).Select(c => Enumerable.Range(0, 7).Select(r => x.Span<double>()[r * 5 + c]).Order().ToArray()).ToArray();
        Assert.Equal(columns.Select(c => c[3]), Evaluate.Of(v => v[0].Median(0), x).ToArray<double>());
        Assert.Equal(columns.Select(c => c[2]), Evaluate.Of(v => v[0].KthValue(3, 0).Values, x).ToArray<double>());
        Assert.Equal(columns.Select(c => c[6]), Evaluate.Of(v => v[0].Quantile(1, 0), x).ToArray<double>());
        Assert.Equal(columns.Select(c => c[1] + 0.2 * (c[2] - c[1])), Evaluate.Of(v => v[0].Quantile(0.2, 0), x).ToArray<double>(), (a, b) => Math.Abs(a - b) < 1e-12);
        Assert.Equal([2.5f], Evaluate.Of(v => v[0].Median(), Tensor.From([4f, 1, 2, 3])).ToArray<float>());
        Assert.Equal([0L, 1, 2], Evaluate.Of(v => v[0].ArgSort(0, descending: true), Tensor.From([2, 2, 2])).ToArray<long>());
        Assert.Contains("q is within 0 to 1", ErrorOf(v => v[0].Quantile(1.5), x), StringComparison.Ordinal);
    }

    [Fact]
    public void Sequences_turn_round_up_to_their_lengths()
    {
        var x = Count(2, 3, 1);
        Assert.Equal([1, 0, 2, 5, 4, 3], Evaluate.Of(v => v[0].ReverseSequence(v[1]), x, Tensor.From([2, 3])).ToArray<int>());
        Assert.Equal([3, 1, 5, 0, 4, 2], Evaluate.Of(v => v[0].ReverseSequence(v[1], time: 0, batch: 1), x, Tensor.From([2L, 1, 2])).ToArray<int>());
        Assert.Equal([true, true, false, false, false, false], Evaluate.Of(v => v[0].SequenceMask(3), Tensor.From([2, 0])).ToArray<bool>());
        Assert.Equal([true, true, true, false], Evaluate.Of(v => v[0].SequenceMask(), Tensor.From([2L, 1])).ToArray<bool>());
        Assert.Contains("length 4 at position 1 is not within 0 to 3", ErrorOf(v => v[0].ReverseSequence(v[1]), x, Tensor.From([2, 4])), StringComparison.Ordinal);
    }

    [Fact]
    public void Windows_slide_and_add_up_again()
    {
        Assert.Equal([0, 1, 2, 2, 3, 4], Evaluate.Of(v => v[0].Unfold(0, 3, 2), Count(6)).ToArray<int>());
        Assert.Equal([1.0, 1, 2, 1, 1, 0], Evaluate.Of(v => v[0].Unfold(0, 3, 2).Fold(v[0], 0, 2), Tensor.From([1.0, 1, 1, 1, 1, 1])).ToArray<double>());
    }

    [Fact]
    public void Dimensions_move_turn_and_split_as_in_NumPy()
    {
        var x = Count(2, 3);
        Assert.Equal([2, 5, 1, 4, 0, 3], Evaluate.Of(v => v[0].Rot90(), x).ToArray<int>());
        Assert.Equal([3, 0, 4, 1, 5, 2], Evaluate.Of(v => v[0].Rot90(-1), x).ToArray<int>());
        Assert.Equal([5, 4, 3, 2, 1, 0], Evaluate.Of(v => v[0].Rot90(2), x).ToArray<int>());
        Assert.Equal([4, 3, 2], Evaluate.Of(v => v[0].MoveAxis(0, 2).ShapeOf(), Count(2, 4, 3)).ToArray<long>().Select(n => (int)n));
        Assert.Equal([0, 0, 1, 1, 2, 2], Evaluate.Of(v => v[0].Repeat(2, 0), Count(3)).ToArray<int>());
        Assert.Equal([0, 0, 1, 1, 2, 2], Evaluate.Of(v => Operations.Interleave([v[0], v[0]]), Count(3)).ToArray<int>());
        Assert.Equal([3, 3, 1], Evaluate.OfParts(v => v.Chunk(3), Count(7)));
        Assert.Equal([2, 2], Evaluate.OfParts(v => v.Chunk(3), Count(4)));
        Assert.Equal([1, 0, 4], Evaluate.OfParts(v => v.SplitAt([1, 1]), Count(5)));
        Assert.Equal([0, 0, 1, 1], Evaluate.Of(v => Operations.Meshgrid(v[0], v[0])[0], Count(2)).ToArray<int>());
        Assert.Equal([0, 1, 0, 1], Evaluate.Of(v => Operations.Meshgrid(v[0], v[0])[1], Count(2)).ToArray<int>());
        Assert.Equal([4.0, 2, 1, 9, 3, 1], Evaluate.Of(v => v[0].Vandermonde(3, descending: true), Tensor.From([2.0, 3])).ToArray<double>());
        Assert.Equal([4L, 2, 3], Evaluate.Of(v => Operations.BroadcastShape(v[0], v[1]), Tensor.From([2L, 1]), Tensor.From([4L, 1, 3])).ToArray<long>());
        Assert.Equal([7f, 7], Evaluate.OfGraph(g => g.Full([2], 7)).ToArray<float>());
        Assert.Contains("3 and 2 of dimension 0", ErrorOf(v => Operations.BroadcastShape(v[0], v[1]), Tensor.From([3L]), Tensor.From([2L])), StringComparison.Ordinal);
    }

    [Fact]
    public void Permutations_are_inverted_and_nothing_else_is()
    {
        Assert.Equal([2, 0, 1], Evaluate.Of(v => v[0].InvertPermutation(), Tensor.From([1, 2, 0])).ToArray<int>());
        Assert.Equal([2L, 0, 1], Evaluate.Of(v => v[0].InvertPermutation(), Tensor.From([1L, 2, 0])).ToArray<long>());
        Assert.Contains("1 stands at position 0 and again at position 2", ErrorOf(v => v[0].InvertPermutation(), Tensor.From([1, 2, 1])), StringComparison.Ordinal);
        Assert.Contains("number 3 at position 2 is not within 0 to 2", ErrorOf(v => v[0].InvertPermutation(), Tensor.From([1, 2, 3])), StringComparison.Ordinal);
    }

    [Fact]
    public void Indices_out_of_range_are_named_with_position_and_bound()
    {
        var x = Count(3, 2);
        Assert.Contains("GatherNd: the index 2 at position 1, for dimension 1, is not within 0 to 1", ErrorOf(v => v[0].GatherNd(v[1]), x, Tensor.From([0, 0, 1, 2], [2, 2])), StringComparison.Ordinal);
        Assert.Contains("ScatterNdUpdate: the index -1 at position 0, for dimension 0, is not within 0 to 2", ErrorOf(v => Operations.ScatterUpdate(v[0], v[1], v[0]), x, Tensor.From([-1, 0, 0])), StringComparison.Ordinal);
        Assert.Contains("GatherAxis: the number 2 at position 1 is not within 0 to 1", ErrorOf(v => v[0].Gather(v[1], 1), x, Tensor.From([0, 2])), StringComparison.Ordinal);
        Assert.Contains("TakeAlong: the number 5 at position 2 is not within 0 to 1", ErrorOf(v => v[0].TakeAlong(v[1]), x, Tensor.From([0, 1, 5], [3, 1])), StringComparison.Ordinal);
        Assert.Contains("1 to 2 indices, not 3", ErrorOf(v => v[0].GatherNd(v[1]), x, Tensor.From([0, 2, 1], [1, 3])), StringComparison.Ordinal);
    }
}
