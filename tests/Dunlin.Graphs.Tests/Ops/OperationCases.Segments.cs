using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using static Dunlin.Graphs.Tests.Ops.Numbers;

namespace Dunlin.Graphs.Tests.Ops;

internal static partial class OperationCases
{
    private static IEnumerable<OperationCase> Segments()
    {
        var segments = Integers([3, 0, 3, 1, 3]);
        (string Name, Func<Value, Value, int, Value> Function)[] reductions =
            [("SegmentMax", Operations.SegmentMax), ("SegmentMin", Operations.SegmentMin), ("SegmentProduct", Operations.SegmentProduct), ("SegmentSum", Operations.SegmentMean)];
        foreach (var (name, function) in reductions)
        {
            // Segment 2 is empty: an infinite extreme has no difference.
            yield return new(name, (_, x) => function(x[0], x[1], 4).Gather(x[1]), [Distinct(5, 2), segments]);
            yield return new(name, (_, x) => function(x[0], x[1], 1), [Distinct(3), Integers([0, 0, 0])]);
            yield return new(name, (_, x) => function(x[0], x[1], 2).Gather(x[1]), [Distinct(0, 2), Integers([], 0)]);
        }
        yield return new("SegmentProduct", (_, x) => x[0].SegmentProduct(x[1], 4), [Tensor.From([0.5, 2, 0, 3, 0, 0, -1, 0.7, 0, 1.5], [5, 2]), segments]);
        var rows = Integers([2, 0, 2, 1, 2]);
        yield return new("SparseSegmentSum", (_, x) => x[0].SparseSegmentSum(x[1], x[2], 4, x[3]), [Signed(3, 2), rows, segments, Signed(5)]);
        yield return new("SparseSegmentSum", (_, x) => x[0].SparseSegmentMean(x[1], x[2], 4), [Signed(3, 2, 2), rows, segments]);
        yield return new("SparseSegmentSum", (_, x) => x[0].SparseSegmentSum(x[1], x[1], 2, x[2]), [Signed(3), Integers([], 0), Signed(0)]);
        yield return new("RowDot", (_, x) => Operations.RowDot(x[0], x[1], x[2], x[3]), [Signed(3, 2), rows, Signed(4, 2), segments]);
        yield return new("RowDot", (_, x) => Operations.RowDot(x[0], x[1], x[0], x[2]), [Signed(4), Integers([1, 1, 0]), Integers([1, 3, 3])]);
        yield return new("SegmentSum", (_, x) => x[0].Bincount(5, x[1]), [Integers([0, 4, 0]), Signed(3)]);

        var indices = Integers([2, 1, 0, 3, 2, 1, 0, 0, 1, 2], 5, 2);
        SparseMatrix Matrix(Value places, Value values) => new(places, values, [3, 4]);
        yield return new("ScatterNdAdd", (_, x) => Matrix(x[0], x[1]).ToDense(), [indices, Signed(5)]);
        foreach (var (a, b) in new[] { (false, false), (true, false), (false, true), (true, true) })
        {
            var inner = a ? 3 : 4;
            yield return new("SparseSegmentSum", (_, x) => Matrix(x[0], x[1]).MatMul(x[2], a, b), [indices, Signed(5), b ? Signed(2, inner) : Signed(inner, 2)]);
        }
        yield return new("ScatterNdAdd", (_, x) => (Matrix(x[0], x[1]) + Matrix(x[0], x[1] * 2).Multiply(x[2])).ToDense(), [indices, Signed(5), Signed(3, 4)]);
        yield return new("SegmentSum", (_, x) => Matrix(x[0], x[1]).Softmax().Transpose().Sum(1), [Integers([2, 1, 0, 3, 2, 2, 0, 0, 1, 2], 5, 2), Signed(5)]);
        yield return One("ScatterNdAdd", x => SparseMatrix.From(x).ToDense(), Signed(2, 3));
    }

    private static IEnumerable<OperationCase> RunningAndNorms()
    {
        foreach (var axis in new[] { 0, -1 })
            foreach (var backward in new[] { false, true })
            {
                yield return One("CumulativeExtreme", x => x.CumMax(axis, backward).Values * x.CumMin(axis, backward).Values, Distinct(3, 4));
                yield return One("CumulativeLogSumExp", x => x.CumLogSumExp(axis, backward), Signed(3, 4));
                yield return One("CumulativeLogSumExp", x => x.CumLogSumExp(axis, backward), Signed(1, 1));
                yield return One("CumulativeLogSumExp", x => x.CumLogSumExp(axis, backward), Signed(0, 2));
            }
        // Far apart, and with nothing before the first numbers.
        yield return One("CumulativeLogSumExp", x => x.CumLogSumExp(0), Tensor.From([-300.0, 200, 199, -500, 201]));
        yield return new("CumulativeLogSumExp", (g, x) => Operations.Concat([g.Full([2], double.NegativeInfinity, DType.Float64), x[0]], 0).CumLogSumExp(0).StridedSlice(2..), [Signed(4)]);
        foreach (var p in new[] { 3, 1.5, 1, 2, double.PositiveInfinity, double.NegativeInfinity })
            yield return One("Reduce", x => x.Norm(p, [1]) + x.Norm(p), Distinct(2, 3));
        yield return One("Reduce", x => x.Entropy([1]), Between(0.1, 0.9, 2, 3));
        foreach (var offset in new[] { -2, 0, 1, 9 })
        {
            yield return One("Triangle", x => x.Triu(offset).Square() + x.Tril(offset), Signed(2, 3, 4));
            yield return One("Diagonal", x => x.Diagonal(offset), Signed(2, 3));
        }
        foreach (var offset in new[] { -2, 0, 3 })
            yield return One("DiagonalPart", x => x.DiagonalPart(offset), Signed(2, 3, 4));
        yield return Two("Diagonal", (x, d) => x.SetDiagonal(d), Signed(2, 3, 4), Signed(3));
        yield return Two("Diagonal", (x, d) => x.SetDiagonal(d), Signed(2, 4, 3), Signed(2, 3));
    }
}
