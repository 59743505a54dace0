using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Graphs.Tests.Ops;

public class SegmentTests
{
    private static string ErrorOf(Func<IReadOnlyList<Value>, Value> function, params Tensor[] inputs) => Assert.ThrowsAny<DunlinException>(() => Evaluate.Of(function, inputs)).Message;

    [Theory, InlineData(DType.Float32), InlineData(DType.Float64), InlineData(DType.BFloat16), InlineData(DType.Float16), InlineData(DType.Int32), InlineData(DType.Int64)]
    public void Segments_are_combined_in_any_order_of_theirs(DType type)
    {
        int[] Of(Func<Value, Value, Value> reduce) => Evaluate.Of(v => reduce(v[0].Cast(type), v[1]).Cast(DType.Int32), Tensor.From([5, 2, 7, 3]), Tensor.From([1, 0, 1, 0])).ToArray<int>();
        Assert.Equal([3, 7], Of((x, s) => x.SegmentMax(s, 2)));
        Assert.Equal([2, 5], Of((x, s) => x.SegmentMin(s, 2)));
        Assert.Equal([6, 35], Of((x, s) => x.SegmentProduct(s, 2)));
    }

    [Fact]
    public void Empty_segments_have_what_a_reduction_makes_of_nothing()
    {
        Tensor x = Tensor.From([5f]), segments = Tensor.From([1]);
        Assert.Equal([float.NegativeInfinity, 5], Evaluate.Of(v => v[0].SegmentMax(v[1], 2), x, segments).ToArray<float>());
        Assert.Equal([float.PositiveInfinity, 5], Evaluate.Of(v => v[0].SegmentMin(v[1], 2), x, segments).ToArray<float>());
        Assert.Equal([1f, 5], Evaluate.Of(v => v[0].SegmentProduct(v[1], 2), x, segments).ToArray<float>());
        Assert.Equal([0f, 5], Evaluate.Of(v => v[0].SegmentMean(v[1], 2), x, segments).ToArray<float>());
        Assert.Contains("segment 2 at position 0 is not within 0 to 1", ErrorOf(v => v[0].SegmentMax(v[1], 2), x, Tensor.From([2])), StringComparison.Ordinal);
    }

    [Fact]
    public void Bags_of_rows_are_the_sums_of_gathered_rows_on_any_number_of_threads()
    {
        var table = Numbers.Signed(50, 300);
        var rows = Tensor.From(Enumerable.Range(0, 400).Select(i => (long)(i * i % 50)).ToArray());
        var segments = Tensor.From(Enumerable.Range(0, 400).Select(i => i * 7 % 20).ToArray());
        var expected = Evaluate.Of(v => v[0].Gather(v[1]).SegmentMean(v[2], 21), table, rows, segments).ToArray<double>();
        foreach (var threads in new[] { 1, 3 })
            Assert.Equal(expected, Evaluate.Of(v => v[0].SparseSegmentMean(v[1], v[2], 21), threads, table, rows, segments).ToArray<double>(), (a, b) => Math.Abs(a - b) < 1e-12);
        Assert.Contains("row number 50 at position 1", ErrorOf(v => v[0].SparseSegmentSum(v[1], v[1], 60), table, Tensor.From([1, 50])), StringComparison.Ordinal);
        Assert.Contains("RowDot: the other row number 50 at position 0", ErrorOf(v => Operations.RowDot(v[0], v[1], v[0], v[2]), table, Tensor.From([1]), Tensor.From([50])), StringComparison.Ordinal);
    }

    [Fact]
    public void The_gradient_of_a_bag_is_sparse()
    {
        var graph = new Graph();
        var table = graph.Placeholder("table", DType.Float64, [1000, 4]);
        var rows = graph.Constant(Tensor.From([7, 9, 7]));
        var gradient = Gradients.Of(table.SparseSegmentSum(rows, graph.Constant(Tensor.From([0, 0, 1])), 2).Sum(), table)[0]!;
        Assert.True(gradient.IsSparse);
        Assert.Equal([3, 4], gradient.Values.Shape.Dimensions.ToArray());
    }

    [Fact]
    public void Sparse_matrices_compute_what_dense_ones_do()
    {
        Tensor indices = Tensor.From([2, 1, 0, 3, 2, 1, 0, 0], [4, 2]), values = Numbers.Signed(4), dense = Numbers.Signed(4, 5);
        Value Matrix(IReadOnlyList<Value> v, Func<SparseMatrix, Value> function) => function(new(v[0], v[1], [3, 4]));
        double[] Of(Func<SparseMatrix, Value, Value> function) => Evaluate.Of(v => Matrix(v, m => function(m, v[2])), indices, values, dense).ToArray<double>();
        void Same(double[] expected, double[] actual) => Assert.Equal(expected, actual, (a, b) => Math.Abs(a - b) < 1e-12);
        Same(Of((m, d) => m.ToDense().MatMul(d)), Of((m, d) => m.MatMul(d)));
        Same(Of((m, d) => m.ToDense().MatMul(d)), Of((m, d) => m.Transpose().MatMul(d.Transpose(), transposeA: true, transposeB: true)));
        Same(Of((m, _) => m.ToDense() * 2), Of((m, _) => (m + m).ToDense()));
        Same(Of((m, _) => m.ToDense().Sum([0])), Of((m, _) => m.Sum(0)));
        Same(Of((m, _) => m.ToDense().Sum([1])), Of((m, _) => m.Sum(1)));
        Same(Of((m, _) => m.ToDense()), Of((m, _) => SparseMatrix.From(m.ToDense()).ToDense()));
        Assert.Equal([0L, 0, 0, 3, 2, 1], Evaluate.Of(v => Matrix(v, m => m.Coalesce().Indices.Cast(DType.Int64)), indices, values).ToArray<long>());
        // Row 1 has no elements: its softmax has none either.
        Same([1, 0, 1], Of((m, _) => m.Coalesce().Softmax().Sum(1)));
        Assert.Contains("index 4 at position 1, for dimension 1", ErrorOf(v => Matrix(v, m => m.ToDense()), Tensor.From([0, 0, 1, 4], [2, 2]), Numbers.Signed(2)), StringComparison.Ordinal);
        Assert.Throws<ShapeException>(() => Of((m, d) => m.MatMul(d, transposeA: true)));
    }

    [Fact]
    public void Histograms_follow_NumPy()
    {
        var x = Tensor.From([0.0, 0.1, 0.5, 1, -0.1, 1.1, double.NaN, 0.999]);
        Assert.Equal([2L, 3], Evaluate.Of(v => v[0].Histogram(0, 1, 2), x).ToArray<long>());
        Assert.Equal([1L, 4], Evaluate.Of(v => v[0].Histogram(v[1]), x, Tensor.From([0.0, 0.1, 1])).ToArray<long>());
        Assert.Equal([1.5, 0, 2], Evaluate.Of(v => v[0].Bincount(3, v[1]), Tensor.From([0, 2, 0]), Tensor.From([1.0, 2, 0.5])).ToArray<double>());
        Assert.Contains("high is above 1, not 1", ErrorOf(v => v[0].Histogram(1, 1, 2), x), StringComparison.Ordinal);
    }

    [Fact]
    public void Running_extremes_keep_the_first_of_equals_and_NaN()
    {
        var x = Tensor.From([1f, 3, 3, 2, float.NaN, 9]);
        Assert.Equal([1f, 3, 3, 3, float.NaN, float.NaN], Evaluate.Of(v => v[0].CumMax(0).Values, x).ToArray<float>());
        Assert.Equal([0L, 1, 1, 1, 4, 4], Evaluate.Of(v => v[0].CumMax(0).Indices, x).ToArray<long>());
        Assert.Equal([1, 1, 2, 4], Evaluate.Of(v => v[0].CumMin(-1, backward: true).Values, Tensor.From([3, 1, 2, 4])).ToArray<int>());
        double inf = double.PositiveInfinity;
        Assert.Equal([-inf, 1000, 1000 + Math.Log(2), inf, inf], Evaluate.Doubles(v => v.CumLogSumExp(0), -inf, 1000, 1000, inf, 0));
    }

    [Fact]
    public void Norms_have_a_gradient_of_zero_at_zero()
    {
        foreach (var p in new[] { 2, 3 })
        {
            var graph = new Graph();
            var x = graph.Placeholder("x", DType.Float64, [2, 2]);
            using var session = new Session(graph);
            var dx = session.Run(Gradients.Of(x.Norm(p, [1]).Sum(), x)[0]!.Dense(), (x, Tensor.From([0.0, 0, 0, -2], [2, 2]))).ToArray<double>();
            Assert.Equal([0, 0, 0, -1], dx, (a, b) => Math.Abs(a - b) < 1e-15);
        }
        Assert.Equal([2L, 0], Evaluate.Of(v => v[0].CountNonZero([1]), Tensor.From([1f, -2, 0, 0], [2, 2])).ToArray<long>());
        Assert.Equal([1.0], Evaluate.Doubles(v => v.Norm(0).Reshape([1]), 0, 7, 0));
        Assert.Equal(Math.Log(2), Evaluate.Doubles(v => v.Entropy(), 0.5, 0.5, 0)[0], 1e-15);
        Assert.Equal([1L], Evaluate.Of(v => v[0].ArgMax(0, keepDimension: true), Tensor.From([1f, 2])).ToArray<long>());
    }

    [Fact]
    public void Closeness_is_that_of_NumPy()
    {
        bool Close(double a, double b, bool equalNaN = false) => Evaluate.Of(v => Operations.AllClose(v[0], v[1], equalNaN: equalNaN), Tensor.Scalar(a), Tensor.Scalar(b)).Item<bool>();
        double inf = double.PositiveInfinity;
        Assert.True(Close(1, 1.000001) && Close(0, 1e-9) && Close(inf, inf) && Close(double.NaN, double.NaN, equalNaN: true));
        Assert.False(Close(1, 1.001) || Close(1, inf) || Close(inf, -inf) || Close(double.NaN, double.NaN));
    }

    [Fact]
    public void Triangles_and_diagonals_follow_NumPy()
    {
        var x = Tensor.From([1, 2, 3, 4, 5, 6], [2, 3]);
        Assert.Equal([0, 2, 3, 0, 0, 6], Evaluate.Of(v => v[0].Triu(1), x).ToArray<int>());
        Assert.Equal([1, 2, 3, 4, 5, 6], Evaluate.Of(v => v[0].Triu(-1), x).ToArray<int>());
        Assert.Equal([0, 0, 0, 4, 0, 0], Evaluate.Of(v => v[0].Tril(-1), x).ToArray<int>());
        Assert.Equal([2, 6], Evaluate.Of(v => v[0].DiagonalPart(1), x).ToArray<int>());
        Assert.Equal([4], Evaluate.Of(v => v[0].DiagonalPart(-1), x).ToArray<int>());
        Assert.Equal([0, 0, 0, 8, 0, 0, 0, 9, 0], Evaluate.Of(v => v[0].Diagonal(-1), Tensor.From([8, 9])).ToArray<int>());
        Assert.Equal([8, 2, 3, 4, 9, 6], Evaluate.Of(v => v[0].SetDiagonal(v[1]), x, Tensor.From([8, 9])).ToArray<int>());
        Assert.Throws<ShapeException>(() => Evaluate.Of(v => v[0].DiagonalPart(4), x));
    }
}
