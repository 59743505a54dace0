using Dunlin.Graphs.Ops;

namespace Dunlin.Graphs.Tests.Golden;

internal static partial class GoldenCases
{
    private static IEnumerable<GoldenCase> Indexing()
    {
        yield return Two("GatherNd", Operations.GatherNd);
        yield return Three("ScatterNdAdd", Operations.ScatterNdAdd);
        yield return Three("ScatterNdUpdate", Operations.ScatterNdUpdate);
        yield return Three("ScatterNdMax", Operations.ScatterNdMax);
        yield return Three("ScatterNdMin", Operations.ScatterNdMin);
        yield return Three("ScatterNdMultiply", Operations.ScatterNdMultiply);
        foreach (var axis in new[] { 0, 1, -1 })
        {
            yield return Two($"TakeAlong/axis{axis}", (x, i) => x.TakeAlong(i, axis));
            yield return Three($"PutAlong/axis{axis}", (x, i, like) => like.ZerosLike().AddAlong(i, x, axis));
            yield return Three($"ReplaceAlong/axis{axis}", (x, i, v) => x.ReplaceAlong(i, v, axis));
            yield return Three($"AddAlong/axis{axis}", (x, i, v) => x.AddAlong(i, v, axis));
            yield return One($"Median/{axis}", x => x.Median(axis));
            yield return One($"Quantile/{axis}", x => x.Quantile(0.3, axis, keepDimension: true));
            yield return Many($"KthValue/{axis}", x => Both(x[0].KthValue(2, axis)));
            yield return Many($"Sort/axis{axis}", x => Both(x[0].Sort(axis, descending: true)));
        }
        foreach (var axis in new[] { 1, 2, -2 })
            foreach (var name in new[] { "vector", "none" })
            {
                yield return Two($"GatherAxis/axis{axis}-{name}", (x, i) => x.Gather(i, axis));
                yield return Three($"GatherAxisBackward/axis{axis}-{name}", (dy, i, x) => x.Graph.Add(new GatherAxisBackward(axis), [dy, i, x]));
            }
        yield return Two("ReverseSequence", (x, n) => x.ReverseSequence(n));
        foreach (var (axis, size, step) in new[] { (0, 2, 1), (1, 3, 2), (-1, 1, 3) })
        {
            yield return One($"Unfold/{axis}-{size}-{step}", x => x.Unfold(axis, size, step));
            yield return Two($"Fold/{axis}-{size}-{step}", (dy, x) => dy.Fold(x, axis, step));
        }
        foreach (var (times, axis) in new[] { (3, 1), (1, 0), (2, -1) })
            yield return One($"Repeat/{times}-{axis}", x => x.Repeat(times, axis));
        yield return One("InvertPermutation", Operations.InvertPermutation);
        yield return Two("BroadcastShape", Operations.BroadcastShape);
        yield return Two("SearchSorted", (s, v) => s.SearchSorted(v));
        foreach (var name in new[] { "vector", "rows" })
            yield return Two($"SearchSorted/right-{name}", (s, v) => s.SearchSorted(v, right: true));
        foreach (var right in new[] { false, true })
            yield return One($"Bucketize/{(right ? "right" : "left")}", x => x.Bucketize([-0.5, 0.1, 0.1, 0.7, 2], right));
        foreach (var quarters in new[] { 1, 2, -1 })
            foreach (var name in new[] { "square", "wide", "batch" })
                yield return One($"Rot90/{name}{quarters}", x => x.Rot90(quarters));
        foreach (var count in new[] { 1, 3, 4 })
            yield return One($"Vandermonde/{count}", x => x.Vandermonde(count));
        yield return Many("Meshgrid", x => Operations.Meshgrid(x));
        foreach (var (exclusive, backward) in new[] { (false, false), (true, false), (false, true), (true, true) })
            yield return Two($"LinearRecurrence/{(exclusive ? "exclusive" : "inclusive")}-{(backward ? "backward" : "forward")}", (a, b) => Operations.LinearRecurrence(a, b, -1, exclusive, backward));
        yield return One("Reduce/product-zeros", x => x.Product([1]));
        yield return One("Cumulative/product-zeros", x => x.CumProd(1));
    }

    private static IEnumerable<GoldenCase> ComputedShapes()
    {
        yield return One("NonZero", x => x.NonZero());
        yield return Two("BooleanMask", Operations.BooleanMask);
        yield return Many("Unique", x => Three(x[0].Unique()));
        yield return Many("Unique/rows", x => Three(x[0].UniqueRows()));
        yield return Two("IsIn", Operations.IsIn);
        yield return Two("Intersection", Operations.Intersection);
        yield return Two("Union", Operations.Union);
        yield return Two("SetDifference", Operations.SetDifference);
        yield return Two("SymmetricDifference", Operations.SymmetricDifference);
        yield return Many("DynamicPartition", x => x[0].DynamicPartition(x[1], 3));
        yield return One("RepeatNumbers", n => n.Graph.Add(new RepeatNumbers(), [n]));
        yield return Three("DynamicRange", (a, b, c) => Operations.DynamicRange(a, b, c));
        yield return Two("DynamicFill", Operations.Fill);
        yield return Two("DynamicReshape", Operations.Reshape);
    }

    private static Value[] Three((Value, Value, Value) values) => [values.Item1, values.Item2, values.Item3];
}
