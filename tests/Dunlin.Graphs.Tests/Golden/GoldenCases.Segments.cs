using Dunlin.Graphs.Ops;

namespace Dunlin.Graphs.Tests.Golden;

internal static partial class GoldenCases
{
    private static IEnumerable<GoldenCase> Segments()
    {
        yield return Two("SegmentMax", (x, s) => x.SegmentMax(s, 3));
        yield return Two("SegmentMin", (x, s) => x.SegmentMin(s, 3));
        yield return Two("SegmentProduct", (x, s) => x.SegmentProduct(s, 3));
        yield return Two("SegmentMean", (x, s) => x.SegmentMean(s, 3));
        yield return Many("SparseSegmentSum", x => [x[0].SparseSegmentSum(x[1], x[2], 3, x[3])]);
        yield return Three("SparseSegmentMean", (table, i, s) => table.SparseSegmentMean(i, s, 3));
        yield return Many("RowDot", x => [Operations.RowDot(x[0], x[1], x[2], x[3])]);
        yield return Two("WeightedBincount", (i, w) => i.Bincount(5, w));
        yield return Two("SparseToDense", (i, v) => Sparse(i, v).ToDense());
        yield return Many("SparseCoalesce", x => [Sparse(x[0], x[1]).Coalesce().Indices, Sparse(x[0], x[1]).Coalesce().Values]);
        yield return Two("SparseSoftmax", (i, v) => Sparse(i, v).Softmax().Values);
        yield return Three("SparseMatMul", (i, v, b) => Sparse(i, v).MatMul(b));
        yield return Three("SparseMatMul/transposed", (i, v, b) => Sparse(i, v).MatMul(b, transposeA: true));
    }

    private static IEnumerable<GoldenCase> RunningAndNorms()
    {
        foreach (var axis in new[] { 0, 1, -1 })
        {
            yield return Many($"CumulativeExtreme/max{axis}", x => Both(x[0].CumMax(axis)));
            yield return Many($"CumulativeExtreme/min{axis}", x => Both(x[0].CumMin(axis)));
            yield return One($"CumulativeLogSumExp/axis{axis}", x => x.CumLogSumExp(axis));
        }
        yield return One("CumulativeLogSumExp/backward", x => x.CumLogSumExp(0, backward: true));
        yield return One("CumulativeLogSumExp/far", x => x.CumLogSumExp(0));
        foreach (var (name, p) in new[] { ("0", 0), ("1", 1), ("2", 2), ("3", 3), ("1.5", 1.5), ("inf", double.PositiveInfinity), ("-inf", double.NegativeInfinity) })
        {
            yield return One($"Norm/{name}-last", x => x.Norm(p, [-1]));
            yield return One($"Norm/{name}-all", x => x.Norm(p));
        }
        yield return One("CountNonZero", x => x.CountNonZero());
        yield return One("Entropy", x => x.Entropy());
        yield return One("Histogram", x => x.Histogram(0, 1, 4));
        yield return Two("AllClose", (a, b) => Operations.AllClose(a, b));
        foreach (var offset in new[] { -2, 0, 1 })
        {
            yield return One($"Triangle/upper{offset}", x => x.Triu(offset));
            yield return One($"Triangle/lower{offset}", x => x.Tril(offset));
            yield return One($"Diagonal/offset{offset}", x => x.Diagonal(offset));
            yield return One($"DiagonalPart/offset{offset}", x => x.DiagonalPart(offset));
        }
        yield return Two("SetDiagonal", Operations.SetDiagonal);
    }

    private static SparseMatrix Sparse(Value indices, Value values) => new(indices, values, [3, 4]);
}
