using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using static Dunlin.Graphs.Tests.Ops.Numbers;

namespace Dunlin.Graphs.Tests.Ops;

internal static partial class OperationCases
{
    private static IEnumerable<OperationCase> Arrays()
    {
        yield return One("Reshape", x => x.Reshape([3, -1]), Signed(2, 3, 2));
        yield return Two("ReshapeLike", (x, like) => x.ReshapeLike(like), Signed(2, 3), Signed(3, 2));
        yield return One("Flatten", x => x.Flatten(), Signed(2, 3, 2));
        yield return One("Identity", x => x.Identity(), Signed(2));
        yield return One("CheckFinite", x => x.CheckFinite(), Signed(2));
        yield return One("ExpandDims", x => x.ExpandDims(1), Signed(2, 3));
        yield return One("Squeeze", x => x.Squeeze(0, -1), Signed(1, 3, 1));
        yield return One("BroadcastToShape", x => x.BroadcastTo([4, 2, 3]), Signed(2, 1));
        yield return Two("BroadcastTo", (x, like) => x.BroadcastToLike(like), Signed(2, 1), Signed(4, 2, 3));
        yield return Two("ReduceToLike", (x, like) => x.ReduceToLike(like), Signed(4, 2, 3), Signed(2, 1));
        yield return Two("FillLike", (like, x) => like.FillLike(x), Signed(2, 3), Signed());
        yield return Two("Concat", (a, b) => Operations.Concat([a, b, a], 1), Signed(2, 3, 2), Signed(2, 1, 2));
        yield return Two("Concat", (a, b) => Operations.Concat([a, b], -1), Signed(2, 3), Signed(2, 0));
        yield return new("ConcatPart", (g, x) => g.Add(new ConcatPart(0, 1), [x[0], x[1], x[2]]), [Signed(5, 2), Signed(2, 2), Signed(3, 2)]);
        yield return One("Split", x => { var parts = x.Split([1, 3], 1); return parts[0] * parts[1]; }, Signed(2, 4, 2));
        yield return One("Split", x => x.Split(2, -1)[1], Signed(2, 4));
        yield return Two("Concat", (a, b) => Operations.Stack([a, b], -1), Signed(2, 3), Signed(2, 3));
        yield return One("Split", x => { var parts = x.Unstack(1); return parts[0] * parts[2]; }, Signed(2, 3));
        foreach (var order in new int[][] { [1, 0, 2], [2, 1, 0], [0, 2, 1], [1, 2, 0], [0, 1, 2] })
            yield return One("Transpose", x => x.Transpose(order), Signed(2, 3, 4));
        yield return new("Gather", (_, x) => x[0].Gather(x[1]), [Signed(4, 2), Tensor.From([1L, 3, 1])]);
        yield return new("Gather", (_, x) => x[0].Gather(x[1]) * 2 + x[0].Gather(x[1]).Square(), [Signed(4, 2), Integers([0, 2, 2, 3], 2, 2)]);
        yield return new("ScatterAdd", (_, x) => Operations.ScatterAdd(x[0], x[1], x[2]), [Signed(4, 2), Integers([1, 3, 1]), Signed(3, 2)]);
        yield return new("SegmentSum", (_, x) => x[0].SegmentSum(x[1], 4), [Signed(5, 2), Integers([3, 0, 3, 1, 3])]);
        yield return new("TakeAlong", (_, x) => x[0].TakeAlong(x[1]), [Signed(2, 4), Integers([3, 0, 3, 1, 1, 2], 2, 3)]);
        yield return new("PutAlong", (g, x) => g.Add(new PutAlong(), [x[0], x[1], x[2]]), [Signed(2, 3), Integers([3, 0, 3, 1, 1, 2], 2, 3), Signed(2, 4)]);
        yield return One("Sort", x => x.Sort().Values, Distinct(2, 5));
        yield return One("Sort", x => x.TopK(3).Values, Distinct(2, 20));
        yield return One("Diagonal", x => x.Diagonal(), Signed(2, 3));
        yield return One("DiagonalPart", x => x.DiagonalPart(), Signed(2, 3, 3));
        yield return One("BandPart", x => x.BandPart(1, 0), Signed(2, 4, 5));
        yield return new("MatMul", (_, x) => x[0].MatMul(x[1]), [Signed(0, 3), Signed(3, 2)]);
        foreach (var (ta, tb) in new[] { (false, false), (true, false), (false, true), (true, true) })
        {
            yield return Two("MatMul", (a, b) => a.MatMul(b, ta, tb), ta ? Signed(3, 2) : Signed(2, 3), tb ? Signed(4, 3) : Signed(3, 4));
            yield return Two("MatMul", (a, b) => a.MatMul(b, ta, tb), ta ? Signed(2, 2, 3, 2) : Signed(2, 2, 2, 3), tb ? Signed(2, 2, 1, 3) : Signed(2, 2, 3, 1));
            yield return Two("MatMul", (a, b) => a.MatMul(b, ta, tb), ta ? Signed(2, 3, 2) : Signed(2, 2, 3), tb ? Signed(4, 3) : Signed(3, 4));
        }
    }

    private static IEnumerable<OperationCase> Rearranged()
    {
        Func<Value, Value>[] functions =
        [
            x => x.StridedSlice(1..3), x => x.StridedSlice(.., 1..^1), x => x.StridedSlice(new Slicing(Step: -1), new(-1, 0, -2)), x => x.Slice([1, 0], [2, -1]),
            x => x.StridedSlice(new Slicing(3, 1)), x => x.Reverse(0), x => x.Reverse(-1, 0), x => x.Roll(2, 0), x => x.Roll(-7, -1),
            x => x.Pad([1, 0], [0, 2], 3), x => x.MirrorPad([2, 1], [3, 0]), x => x.MirrorPad([2, 3], [4, 0], repeatEdge: true), x => x.Tile(2, 3), x => x.Tile(1, 2),
        ];
        foreach (var function in functions)
        {
            var name = function(new Graph().Placeholder("x", DType.Float64, [4, 3])).Node.Operation.GetType().Name;
            yield return One(name, function, Signed(4, 3));
            yield return One("RearrangementBackward", x => Gradients.Of(function(x.Square()).Square().Sum(), x)[0]!.Dense(), Signed(4, 3));
        }
    }

    private static IEnumerable<OperationCase> Reductions()
    {
        foreach (var reducer in Enum.GetValues<Reducer>())
            foreach (var axes in new int[]?[] { null, [0], [1], [2], [0, 2], [-1, 1] })
                foreach (var keep in new[] { false, true })
                    yield return One("Reduce", x => x.Graph.Add(new Reduce(reducer, Axes.From(axes), keep), [x]), Distinct(2, 3, 2));
        yield return One("Reduce", x => x.Sum([1]), Signed(2, 0));
        yield return Two("SpreadLike", (x, like) => x.Graph.Add(new SpreadLike(new Axes(1), false), [x, like]), Signed(2), Signed(2, 3));
        foreach (var (exclusive, backward) in new[] { (false, false), (true, false), (false, true), (true, true) })
        {
            yield return One("Cumulative", x => x.CumSum(1, exclusive, backward), Signed(2, 3, 2));
            yield return One("Cumulative", x => x.CumProd(-1, exclusive, backward), Signed(2, 3));
        }
        yield return One("Reduce", x => x.LogSumExp([1]), Signed(2, 3));
        yield return One("Reduce", x => x.LogSumExp(), Signed(2, 3));
        yield return One("Reduce", x => x.Variance([0]), Signed(4, 3));
        yield return One("Reduce", x => x.StandardDeviation([0], keepDimensions: true, correction: 1), Signed(4, 3));
        yield return One("Reduce", x => x.NormL1([1]) + x.NormL2([1]), Signed(2, 3));
    }
}
