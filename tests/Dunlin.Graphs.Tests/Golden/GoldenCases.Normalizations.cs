using Dunlin.Graphs.Ops;

namespace Dunlin.Graphs.Tests.Golden;

internal static partial class GoldenCases
{
    private static IEnumerable<GoldenCase> Normalizations()
    {
        foreach (var (name, groups) in new[] { ("rows", 2), ("lines", 2), ("images", 3), ("one", 1) })
        {
            yield return Many($"GroupNorm/{name}", x => x[0].Graph.AddNode(new GroupNorm(groups, 1e-5), x).Outputs);
            yield return Many($"GroupNormBackward/{name}", x => Backward(x[0].GroupNorm(groups, x[1], x[2]), x));
        }
        yield return Three("InstanceNorm", (x, scale, shift) => x.InstanceNorm(scale, shift));
        yield return Two("RmsNorm", (x, scale) => x.RmsNorm(scale));
        yield return Many("RmsNormBackward", x => Backward(x[0].RmsNorm(x[1]), x));
        foreach (var (name, size, alpha, beta, k) in new[] { ("usual", 5, 1e-4, 0.75, 1.0), ("strong", 3, 0.9, 0.75, 2), ("even", 4, 0.5, 0.6, 1), ("half", 2, 0.5, 0.5, 1) })
        {
            yield return One($"LocalResponseNorm/{name}", x => x.LocalResponseNorm(size, alpha, beta, k));
            yield return Two($"LocalResponseNormBackward/{name}", (x, dy) => Backward(x.LocalResponseNorm(size, alpha, beta, k), dy, x));
        }
        foreach (var (name, axis) in new[] { ("first", 0), ("channels", 1), ("last", -1) }) yield return One($"L2Normalize/{name}", x => x.L2Normalize([axis]));
        foreach (var (name, axis) in new[] { ("matrix", 0), ("images", 0), ("columns", 1) }) yield return Two($"WeightNorm/{name}", (v, g) => v.WeightNorm(g, axis));
        foreach (var (name, steps) in new[] { ("matrix", 1), ("images", 2), ("steps", 5) }) yield return Many($"SpectralNorm/{name}", x => Both(x[0].SpectralNorm(x[1], steps)));
    }
}
