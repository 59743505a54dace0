using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using static Dunlin.Graphs.Tests.Ops.Numbers;

namespace Dunlin.Graphs.Tests.Ops;

internal static partial class OperationCases
{
    private static IEnumerable<OperationCase> Indexing()
    {
        var pairs = Integers([0, 1, 2, 0, 0, 1, 1, 1], 4, 2);
        var rows = Integers([3, 0, 3], 3, 1);
        yield return new("GatherNd", (_, x) => x[0].GatherNd(x[1]), [Signed(3, 2), pairs]);
        yield return new("GatherNd", (_, x) => x[0].GatherNd(x[1]), [Signed(4, 2), rows]);
        yield return new("GatherNd", (_, x) => x[0].GatherNd(x[1]), [Signed(3, 2, 2), Tensor.From([0L, 1, 2, 0], [2, 1, 2])]);
        yield return new("GatherNd", (_, x) => x[0].GatherNd(x[1]), [Signed(3, 2), Integers([], 0, 2)]);
        (string Name, Func<Value, Value, Value, Value> Function)[] scatters =
        [
            ("ScatterNdAdd", Operations.ScatterNdAdd), ("ScatterNdUpdate", Operations.ScatterNdUpdate), ("ScatterNdMax", Operations.ScatterNdMax),
            ("ScatterNdMin", Operations.ScatterNdMin), ("ScatterNdMultiply", Operations.ScatterNdMultiply),
        ];
        foreach (var (name, function) in scatters)
        {
            yield return new(name, (_, x) => function(x[0], x[1], x[2]), [Distinct(3, 2), pairs, Signed(4)]);
            yield return new(name, (_, x) => function(x[0], x[1], x[2]), [Distinct(4, 2), rows, Signed(3, 2)]);
            yield return new(name, (_, x) => function(x[0], x[1], x[2]), [Distinct(4, 1), Integers([], 0, 1), Signed(0, 1)]);
        }
        yield return new("ScatterNdMultiply", (_, x) => Operations.ScatterDivide(x[0], x[1], x[2]), [Signed(4, 2), Integers([3, 0, 3]), Between(0.5, 2, 3, 2)]);
        yield return new("ScatterNdAdd", (_, x) => Operations.ScatterSubtract(x[0], x[1], x[2]), [Signed(4, 2), Integers([3, 0, 3]), Signed(3, 2)]);
        foreach (var axis in new[] { 0, 1, -1 })
        {
            var indices = axis == 0 ? Integers([2, 0, 2, 1], 1, 2, 2) : axis == 1 ? Integers([1, 0, 0, 0, 1, 1], 3, 1, 2) : Integers([1, 0, 0, 0, 1, 1], 3, 2, 1);
            yield return new("TakeAlong", (_, x) => x[0].TakeAlong(x[1], axis), [Signed(3, 2, 2), indices]);
            yield return new("PutAlong", (_, x) => x[0].AddAlong(x[1], x[2], axis), [Signed(3, 2, 2), indices, Signed([.. indices.Shape.Dimensions])]);
            yield return new("ReplaceAlong", (_, x) => x[0].ReplaceAlong(x[1], x[2], axis), [Signed(3, 2, 2), indices, Signed([.. indices.Shape.Dimensions])]);
        }
        yield return new("ReplaceAlong", (_, x) => x[0].ReplaceAlong(x[1], x[2]), [Signed(2, 4), Integers([3, 0, 3, 1, 1, 1], 2, 3), Signed(2, 3)]);
        foreach (var axis in new[] { 1, 2, -1 })
            yield return new("GatherAxis", (_, x) => x[0].Gather(x[1], axis), [Signed(2, 3, 2), Integers([1, 0, 1, 1], 2, 2)]);
        yield return new("GatherAxis", (_, x) => x[0].Gather(x[1], 1), [Signed(2, 3), Tensor.Scalar(2L)]);
        yield return new("GatherAxisBackward", (g, x) => g.Add(new GatherAxisBackward(1), [x[0], x[1], x[2]]), [Signed(2, 4, 2), Integers([0, 2, 2, 1]), Signed(2, 3, 2)]);
        yield return new("ReverseSequence", (_, x) => x[0].ReverseSequence(x[1]), [Signed(3, 4, 2), Integers([0, 4, 3])]);
        yield return new("ReverseSequence", (_, x) => x[0].ReverseSequence(x[1], time: 0, batch: -1), [Signed(4, 2, 3), Integers([1, 2, 3])]);
        foreach (var (axis, size, step) in new[] { (0, 2, 1), (1, 3, 2), (-1, 1, 3), (0, 9, 1) })
        {
            yield return One("Unfold", x => x.Unfold(axis, size, step), Signed(4, 5, 3));
            yield return Two("Fold", (x, like) => x.Unfold(axis, size, step).Square().Fold(like, axis, step), Signed(4, 5, 3), Signed(4, 5, 3));
        }
        yield return One("RepeatElements", x => x.Repeat(3, 1), Signed(2, 3, 2));
        yield return One("RepeatElements", x => x.Repeat(0, -1), Signed(2, 3));
        yield return Two("Concat", (a, b) => Operations.Interleave([a, b], 1), Signed(2, 3), Signed(2, 3));
        yield return One("Transpose", x => x.MoveAxis(0, -1).SwapAxes(0, 1) * x.MoveAxis(-1, 0).MoveAxis(1, 2).Rot90(3, 0, 1).Sum(), Signed(2, 2, 2));
        yield return One("Sort", x => x.Sort(0, descending: true).Values + x.Quantile(0.3, 0) + x.Median(1, keepDimension: true) + x.KthValue(2, 0, keepDimension: true).Values, Distinct(4, 3));
        yield return One("Cumulative", x => x.Vandermonde(4), Tensor.From([0, 0.5, -2]));
    }

    private static IEnumerable<OperationCase> Dynamic()
    {
        yield return One("GatherNd", x => x.BooleanMask(x > 0).Square().Sum(), Signed(3, 4));
        yield return One("GatherNd", x => x.BooleanMask(x.Sum([1]) > 0).Square().Sum(), Signed(5, 2));
        yield return One("GatherAxis", x => x.Compress(x.Sum([0]) > 0, 1).Square().Sum([1]), Signed(2, 5));
        yield return One("Unique", x => { var u = x.Unique(); return (u.Values.Square() * u.Counts.Cast(DType.Float64)).Sum() + x; }, Distinct(2, 3));
        yield return One("Unique", x => x.UniqueRows().Rows.Square().CumSum(0).Sum(), Distinct(3, 2));
        yield return new("DynamicPartition", (_, x) => { var parts = x[0].DynamicPartition(x[1], 3); return parts[0].Square().Sum() + parts[2].Sum([0]); }, [Signed(5, 2), Integers([2, 0, 2, 1, 0])]);
        yield return new("ScatterNdUpdate", (_, x) => Operations.DynamicStitch([x[1], x[2]], [x[0], x[0].Square()]).Square().Sum([0]), [Signed(2, 2), Integers([2, 0]), Integers([5, 2])]);
        yield return new("ScatterNdUpdate", (_, x) => Operations.DynamicStitch([x[1], x[2]], [x[0], x[0].Square()], 6), [Signed(2, 2), Integers([2, 0]), Integers([5, 2])]);
        yield return new("Gather", (_, x) => x[0].Repeat(x[1]).CumProd(0).Sum([0]), [Signed(3, 2), Integers([2, 0, 3])]);
        yield return new("DynamicFill", (_, x) => x[0].Fill(x[1]).CumProd(1).Sum(), [Signed(), Integers([2, 3])]);
        yield return new("DynamicReshape", (_, x) => x[0].Reshape(x[1]).CumProd(1).Sum(), [Signed(2, 3), Tensor.From([3L, -1])]);
        foreach (var sharding in Enum.GetValues<Sharding>())
            yield return new("Gather", (_, x) => Operations.ShardedGather([x[0], x[1]], x[2], sharding), [Signed(3, 2), Signed(2, 2), Integers([4, 0, 1, 4], 2, 2)]);
    }

    /// <summary>With zeros in every arrangement that matters: none, one and two in a line or a segment.</summary>
    private static IEnumerable<OperationCase> Zeros()
    {
        var x = Tensor.From([0.5, -2, 0.7, 1.5, 0, 0.6, 0, 0.8, 0, 0, 0, 3], [4, 3]);
        foreach (var axes in new int[]?[] { [0], [1], [0, 1], null })
            yield return One("Reduce", v => v.Product(axes), x);
        foreach (var (exclusive, backward) in new[] { (false, false), (true, false), (false, true), (true, true) })
        {
            yield return One("Cumulative", v => v.CumProd(1, exclusive, backward), x);
            yield return One("Cumulative", v => v.CumProd(0, exclusive, backward), x);
            yield return Two("LinearRecurrence", (a, b) => Operations.LinearRecurrence(a, b, 1, exclusive, backward), x, Signed(4, 3));
            yield return Two("LinearRecurrence", (a, b) => Operations.LinearRecurrence(a, b, 0, exclusive, backward), x, Signed(4, 3));
            yield return Two("LinearRecurrence", (a, b) => Operations.LinearRecurrence(a, b, -1, exclusive, backward), Signed(2, 0), Signed(2, 0));
        }
        yield return new("ScatterNdMultiply", (_, v) => Operations.ScatterMultiply(v[0], v[1], v[2]), [Tensor.From([0.5, 0, 2], [3]), Integers([0, 1, 0, 2, 2]), Tensor.From([0, 3.0, 0.5, 0, 0])]);
    }
}
