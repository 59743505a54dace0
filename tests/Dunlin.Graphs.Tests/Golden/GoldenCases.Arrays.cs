using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Graphs.Tests.Golden;

internal static partial class GoldenCases
{
    private static IEnumerable<GoldenCase> Arrays()
    {
        yield return One("Reshape/rows", x => x.Reshape([3, -1]));
        yield return One("Reshape/scalar", x => x.Reshape(Shape.Scalar));
        yield return One("Reshape/empty", x => x.Reshape([3, 0]));
        yield return One("Reshape/integers", x => x.Reshape([6]));
        yield return Two("ReshapeLike", Operations.ReshapeLike);
        yield return One("Flatten", x => x.Flatten());
        yield return One("Flatten/all", x => x.Flatten(0));
        yield return One("Identity", x => x.Identity());
        yield return One("CheckFinite", x => x.CheckFinite());
        yield return One("StopGradient", x => x.StopGradient() * x);
        yield return One("ShapeOf", Operations.ShapeOf);
        yield return One("SizeOf", Operations.SizeOf);
        foreach (var axis in new[] { 0, 1, 2, -1 }) yield return One($"ExpandDims/{axis}", x => x.ExpandDims(axis));
        yield return One("Squeeze/first", x => x.Squeeze(0));
        yield return One("Squeeze/ends", x => x.Squeeze(0, -1));
        yield return One("Squeeze/empty", x => x.Squeeze(1));
        yield return Two("BroadcastTo", Operations.BroadcastToLike);
        // The method leaves the operation out where the shapes are equal.
        yield return Two("ReduceToLike", (x, like) => x.Graph.Add(new ReduceToLike(), [x, like]));
        foreach (var (name, shape) in new (string, Shape)[] { ("lead", [4, 3]), ("middle", [4, 2, 3]), ("scalar", [2, 2]), ("empty", [0, 3]), ("same", [2, 3]) })
            yield return One($"BroadcastToShape/{name}", x => x.BroadcastTo(shape));
        yield return Two("FillLike", Operations.FillLike);

        yield return Two("Concat/middle", (a, b) => Operations.Concat([a, b, a], 1));
        yield return Two("Concat/last", (a, b) => Operations.Concat([a, b], -1));
        yield return Two("Concat/integers", (a, b) => Operations.Concat([a, b], 0));
        yield return Two("Concat/stack", (a, b) => Operations.Stack([a, b], -1));
        yield return Many("ConcatPart/0", x => [x[0].Graph.Add(new ConcatPart(0, 0), x)]);
        yield return Many("ConcatPart/1", x => [x[0].Graph.Add(new ConcatPart(0, 1), x)]);
        yield return Many("ConcatPart/empty", x => [x[0].Graph.Add(new ConcatPart(1, 0), x)]);
        yield return Many("Split/uneven", x => x[0].Split([1, 3], 1));
        yield return Many("Split/equal", x => x[0].Split(2, -1));
        yield return Many("Split/empty", x => x[0].Split([0, 3], 0));
        yield return Many("Split/unstack", x => x[0].Unstack(1));
        yield return One("Transpose", x => x.Transpose(1, 0));
        foreach (var order in new int[][] { [1, 0, 2], [2, 1, 0], [0, 2, 1], [1, 2, 0] }) yield return One($"Transpose/{string.Concat(order)}", x => x.Transpose(order));

        yield return Two("Gather", Operations.Gather);
        yield return Three("ScatterAdd", Operations.ScatterAdd);
        yield return Two("SegmentSum", (x, segments) => x.SegmentSum(segments, 4));
        yield return One("Bincount", x => x.Bincount(5));
        yield return Two("TakeAlong", (x, i) => x.TakeAlong(i));
        yield return Many("PutAlong", x => [x[0].Graph.Add(new PutAlong(), x)]);
        foreach (var name in new[] { "rows", "one", "long", "equal", "empty" })
        {
            yield return Many($"Sort/ascending-{name}", x => x[0].Graph.AddNode(new Sort(null, false), x).Outputs);
            yield return Many($"Sort/descending-{name}", x => x[0].Graph.AddNode(new Sort(null, true), x).Outputs);
        }
        yield return Many("Sort/top-3", x => x[0].Graph.AddNode(new Sort(3, true), x).Outputs);
        foreach (var k in new[] { 1, 2, 4 }) yield return Two($"InTopK/{k}", (p, t) => p.InTopK(t, k));
        yield return One("Diagonal", Operations.Diagonal);
        yield return One("DiagonalPart", Operations.DiagonalPart);
        foreach (var (name, lower, upper) in new[] { ("tridiagonal", 1, 1), ("lower", -1, 0), ("upper", 0, -1), ("wide", 2, 9) })
            yield return One($"BandPart/{name}", x => x.BandPart(lower, upper));
        yield return One("OneHot/vector", x => x.OneHot(4, DType.Int64));
        yield return One("OneHot/matrix", x => x.OneHot(2, DType.Float64));
        yield return One("OneHot/one", x => x.OneHot(1));

        yield return new("Sequence/range", (g, _) => [g.Range(2, 11, 3)]);
        yield return new("Sequence/down", (g, _) => [g.Range(1, -1, -0.25, DType.Float64)]);
        yield return new("Sequence/none", (g, _) => [g.Range(3, 3, type: DType.Int32)]);
        yield return new("Sequence/linspace", (g, _) => [g.LinSpace(-1, 2, 7, DType.Float64)]);
        foreach (var (name, rows, columns) in new[] { ("square", 3, 3), ("wide", 2, 4), ("tall", 4, 1) })
            yield return new($"Eye/{name}", (g, _) => [g.Eye(rows, columns, DType.Float64)]);
    }

    private static IEnumerable<GoldenCase> Rearranged()
    {
        (string Key, Func<Value, Value> Function)[] functions =
        [
            ("StridedSlice/rows", x => x.StridedSlice(1..3)), ("StridedSlice/inner", x => x.StridedSlice(.., 1..^1)), ("StridedSlice/none", x => x.StridedSlice(new Slicing(3, 1))),
            ("StridedSlice/backward", x => x.StridedSlice(new Slicing(Step: -1), new(-1, null, -2))), ("Reverse/rows", x => x.Reverse(0)), ("Reverse/both", x => x.Reverse(-1, 0)),
            ("Roll/rows", x => x.Roll(2, 0)), ("Roll/far", x => x.Roll(-7, -1)), ("Pad/constant", x => x.Pad([1, 0], [0, 2], 3)), ("Pad/zero", x => x.Pad([2, 1], [0, 1])),
            ("MirrorPad/edge-out", x => x.MirrorPad([2, 1], [0, 2])), ("MirrorPad/columns", x => x.MirrorPad([0, 2], [0, 1])), ("Tile/both", x => x.Tile(2, 3)), ("Tile/columns", x => x.Tile(1, 2)),
        ];
        foreach (var (key, function) in functions)
        {
            yield return One(key, function);
            yield return Two($"RearrangementBackward/{key.Replace("/", "-", StringComparison.Ordinal).ToLowerInvariant()}", (x, dy) => Backward(function(x), dy, x));
        }
        yield return One("Reverse/one", x => x.Reverse(0));
        yield return One("Roll/empty", x => x.Roll(1, 0));
        yield return One("Pad/empty", x => x.Pad([1], [2]));
        yield return One("Tile/scalars", x => x.Tile(4));
        yield return One("MirrorPad/symmetric", x => x.MirrorPad([2, 3], [4, 0], repeatEdge: true));
    }

    /// <summary>The gradient of Σ y · dy with respect to x: golden.py's backward.</summary>
    private static Value Backward(Value y, Value dy, Value x) => Gradients.Of((y * dy).Sum(), x)[0]!.Dense();
}
