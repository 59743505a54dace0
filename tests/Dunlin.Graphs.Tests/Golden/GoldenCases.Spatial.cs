using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Graphs.Tests.Golden;

internal static partial class GoldenCases
{
    private static IEnumerable<GoldenCase> Spatial()
    {
        (string Name, Sliding Sliding, Shape Extra)[] transposed =
        [
            ("plain1", Sliding.Uniform(1), [0]), ("stride1", Sliding.Uniform(1, stride: 3, padding: 1), [2]), ("groups1", Sliding.Uniform(1, dilation: 2, groups: 2), [0]),
            ("mixed2", new([2, 1], [1, 0], [1, 0], [1, 2]), [1, 0]), ("point2", Sliding.Uniform(2), [0, 0]), ("stride3", Sliding.Uniform(3, stride: 2, padding: 1), [0, 0, 0]),
        ];
        foreach (var (name, sliding, extra) in transposed) yield return Two($"ConvTranspose/{name}", (x, w) => x.ConvTranspose(w, sliding, extra));

        Shape[] windows = [[3], [3, 2], [2, 2, 2]], sizes = [[3], [2, 4], [2, 1, 2]], wide = [[6], [4, 6], [2, 4, 2]], factors = [[2], [2, 3], [2, 3, 1]];
        for (var d = 1; d <= 3; d++)
        {
            var (window, size, unpooled, factor) = (windows[d - 1], sizes[d - 1], wide[d - 1], factors[d - 1]);
            yield return Many($"MaxPoolWithIndices/plain{d}", x => Both(x[0].MaxPoolWithIndices(window, new(window, Same(window, 0), Same(window, 0), Same(window, 1)))));
            yield return Many($"MaxPoolWithIndices/padded{d}", x => Both(x[0].MaxPoolWithIndices(window, Sliding.Uniform(window.Rank, stride: 2, padding: 1))));
            yield return Many($"MaxPoolWithIndices/dilated{d}", x => Both(x[0].MaxPoolWithIndices(window, Sliding.Uniform(window.Rank, dilation: 2))));
            yield return Two($"MaxUnpool/{d}", (x, places) => x.MaxUnpool(places, unpooled));
            yield return One($"AdaptiveAveragePool/{d}", x => x.AdaptiveAveragePool(size));
            yield return Two($"AdaptiveAveragePoolBackward/{d}", (x, dy) => Backward(x.AdaptiveAveragePool(size), dy, x));
            yield return Many($"AdaptiveMaxPool/{d}", x => Both(x[0].AdaptiveMaxPool(size)));
            yield return One($"RepeatElements/{d}", x => x.UpsampleNearest(factor.Dimensions.ToArray()));
        }
        foreach (var (name, window, size) in new[] { ("small2", Shape.Of(2, 2), Shape.Of(3, 3)), ("batch2", [3, 2], [4, 5]), ("one2", [2, 2], [1, 2]), ("3", [2, 2, 2], [2, 3, 2]) })
            yield return Many($"FractionalMaxPool/{name}", x => Both(x[0].FractionalMaxPool(x[1], window, size)));
        foreach (var (name, window, sliding) in new[] { ("plain", Shape.Of(2, 3), Sliding.Uniform(2)), ("mixed", [3, 2], new([2, 1], [1, 0], [1, 0], [1, 2])), ("point", [1, 1], Sliding.Uniform(2, stride: 2)) })
        {
            yield return One($"ExtractPatches/{name}", x => x.ExtractPatches(window, sliding));
            yield return One($"FoldPatches/{name}", y => y.FoldPatches([6, 5], window, sliding));
        }
        foreach (var (name, sliding) in new[] { ("plain", Sliding.Uniform(2)), ("padded", Sliding.Uniform(2, padding: 1)), ("stride", Sliding.Uniform(2, stride: 2, padding: 1)) })
        {
            yield return Two($"Dilation2D/{name}", (x, w) => x.Dilation2D(w, sliding));
            yield return Two($"Erosion2D/{name}", (x, w) => x.Erosion2D(w, sliding));
        }
        foreach (var (name, groups) in new[] { ("1", 2), ("2", 3), ("all", 4) }) yield return One($"ChannelShuffle/{name}", x => x.ChannelShuffle(groups));
        for (var f = 1; f <= 3; f++)
        {
            var factor = f;
            yield return One($"PixelShuffle/{f}", x => x.PixelShuffle(factor));
            yield return One($"PixelUnshuffle/{f}", x => x.PixelUnshuffle(factor));
        }
        yield return One("LpPool/1", x => x.LpPool(3, [2], Sliding.Uniform(1)));
        yield return One("LpPool/2", x => x.LpPool(2, [2, 2], Sliding.Uniform(2)));
        yield return One("LpPool/4", x => x.LpPool(4, [2, 2], Sliding.Uniform(2)));
    }

    private static Shape Same(Shape shape, int value) => Shape.Create([.. Enumerable.Repeat(value, shape.Rank)]);

    private static IReadOnlyList<Value> Both((Value, Value) pair) => [pair.Item1, pair.Item2];
}
