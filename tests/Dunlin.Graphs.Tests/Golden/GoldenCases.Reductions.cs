using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Graphs.Tests.Golden;

internal static partial class GoldenCases
{
    private static IEnumerable<GoldenCase> Reductions()
    {
        (string Name, int[] Axes)[] everyAxes = [("all", []), ("first", [0]), ("middle", [1]), ("last", [-1]), ("ends", [0, 2])];
        foreach (var (name, axes) in everyAxes)
        {
            foreach (var reducer in new[] { Reducer.Sum, Reducer.Mean, Reducer.Max, Reducer.Min })
                foreach (var keep in new[] { false, true })
                    yield return One($"Reduce/{reducer.ToString().ToLowerInvariant()}-{name}{(keep ? "-keep" : "")}", x => x.Graph.Add(new Reduce(reducer, Axes.From(axes), keep), [x]));
            yield return One($"LogSumExp/{name}", x => x.LogSumExp(axes));
            yield return One($"Variance/{name}", x => x.Variance(axes));
            yield return One($"StandardDeviation/{name}", x => x.StandardDeviation(axes, correction: 1));
            yield return One($"NormL1/{name}", x => x.NormL1(axes));
            yield return One($"NormL2/{name}", x => x.NormL2(axes));
            yield return One($"All/{name}", x => x.All(axes));
            yield return One($"Any/{name}", x => x.Any(axes));
        }
        yield return One("Reduce/product-all", x => x.Product());
        yield return One("Reduce/product-last", x => x.Product([-1]));
        yield return One("Reduce/sum-empty", x => x.Sum([1]));
        yield return One("Reduce/product-empty", x => x.Product([1]));
        yield return One("Reduce/sum-integers", x => x.Sum([0]));
        yield return One("Reduce/max-equal", x => x.Max([1]));

        foreach (var axis in new[] { 0, 1, -1 })
        {
            foreach (var (suffix, backward) in new[] { ("", false), ("-backward", true) })
            {
                yield return One($"Cumulative/sum{axis}{suffix}", x => x.CumSum(axis, backward: backward));
                yield return One($"Cumulative/product{axis}{suffix}", x => x.CumProd(axis, backward: backward));
            }
            yield return One($"ArgExtreme/max{axis}", x => x.ArgMax(axis));
            yield return One($"ArgExtreme/min{axis}", x => x.ArgMin(axis));
        }
        yield return One("ArgExtreme/max0-first-of-equals", x => x.ArgMax(0));
        yield return One("Cumulative/sum0-exclusive", x => x.CumSum(0, exclusive: true));
        yield return One("Cumulative/sum0-empty", x => x.CumSum(0));
        yield return Two("SpreadLike/middle", (x, like) => x.Graph.Add(new SpreadLike(new Axes(1), false), [x, like]));
        yield return Two("SpreadLike/all", (x, like) => x.Graph.Add(new SpreadLike(null, false), [x, like]));
        yield return Two("SpreadLike/keep", (x, like) => x.Graph.Add(new SpreadLike(new Axes(-1), true), [x, like]));
        yield return Two("CountRatio", (x, y) => x.Graph.Add(new CountRatio(DType.Float64), [x, y]));
    }
}
