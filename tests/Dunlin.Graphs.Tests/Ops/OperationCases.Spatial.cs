using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using static Dunlin.Graphs.Tests.Ops.Numbers;

namespace Dunlin.Graphs.Tests.Ops;

internal static partial class OperationCases
{
    private static IEnumerable<OperationCase> Spatial()
    {
        (Sliding Sliding, Shape Extra, Tensor X, Tensor W)[] transposed =
        [
            (Sliding.Uniform(1, stride: 2, padding: 1), [1], Signed(2, 3, 3), Signed(3, 2, 3)),
            (Sliding.Uniform(1, dilation: 2, groups: 2), [0], Signed(1, 4, 3), Signed(4, 1, 2)),
            (new Sliding([2, 1], [1, 0], [0, 1], [1, 2]), [1, 0], Signed(1, 2, 2, 3), Signed(2, 1, 3, 2)),
            (Sliding.Uniform(3, stride: 2), [0, 1, 0], Signed(1, 1, 1, 2, 1), Signed(1, 2, 2, 1, 2)),
            (Sliding.Uniform(2), [0, 0], Signed(0, 1, 2, 2), Signed(1, 1, 2, 2)),
        ];
        foreach (var (sliding, extra, x, w) in transposed)
            yield return Two("ConvTranspose", (a, b) => a.ConvTranspose(b, sliding, extra), x, w);
        yield return Two("Conv", (a, b) => a.DepthwiseConv(b, Sliding.Uniform(2, padding: 1)), Signed(2, 2, 3, 3), Signed(4, 1, 3, 3));
        yield return Two("Conv", (a, b) => a.SeparableConv(b, a.Graph.Constant(Signed(3, 2, 1))), Signed(2, 2, 4), Signed(2, 1, 2));

        foreach (var (x, window, sliding) in new[]
        {
            (Distinct(2, 2, 6), Shape.Of(3), Sliding.Uniform(1, stride: 2, padding: 1)),
            (Distinct(1, 2, 5, 4), [2, 2], new Sliding([1, 2], [1, 0], [0, 1], [2, 1])),
            (Distinct(1, 1, 3, 4, 3), [2, 3, 2], Sliding.Uniform(3)),
            (Distinct(0, 2, 3), [2], Sliding.Uniform(1)),
            (Distinct(1, 1, 1), [1], Sliding.Uniform(1)),
        })
        {
            yield return One("MaxPoolWithIndices", v => v.MaxPoolWithIndices(window, sliding).Y, x);
            yield return One("ExtractPatches", v => v.ExtractPatches(window, sliding), x);
            yield return One("FoldPatches", v => Gradients.Of(v.ExtractPatches(window, sliding).Square().Sum(), v)[0]!.Dense(), x);
        }
        yield return One("FoldPatches", v => v.FoldPatches([3, 4], [2, 2], Sliding.Uniform(2, padding: 1, stride: 2)), Signed(2, 8, 6));
        foreach (var (x, size) in new[] { (Distinct(2, 1, 7), Shape.Of(3)), (Distinct(1, 2, 3, 5), [2, 4]), (Distinct(1, 1, 2, 3, 2), [3, 1, 2]), (Distinct(0, 1, 2), [2]) })
        {
            yield return One("AdaptiveMaxPool", v => v.AdaptiveMaxPool(size).Y, x);
            yield return One("AdaptiveAveragePool", v => v.AdaptiveAveragePool(size), x);
            yield return One("AdaptiveAveragePoolBackward", v => Gradients.Of(v.AdaptiveAveragePool(size).Square().Sum(), v)[0]!.Dense(), x);
        }
        yield return One("MaxUnpool", v => v.MaxUnpool(v.Graph.Constant(Tensor.From([5L, 0, 1, 1], [2, 1, 1, 2])), [2, 3]), Signed(2, 1, 1, 2));
        yield return new("FractionalMaxPool", (_, v) => v[0].FractionalMaxPool(v[1].StopGradient(), [2, 2], [3, 2]).Y, [Distinct(1, 2, 7, 5), Between(0.2, 0.8, 1, 2, 2)]);
        yield return new("FractionalMaxPool", (_, v) => v[0].FractionalMaxPool(v[1], [2], [4], seed: 1, stream: 2).Y, [Distinct(2, 1, 9), Counter(3)]);
        yield return new("TakeAlong", (_, v) => v[0].FractionalAveragePool(v[1].StopGradient(), [2, 2], [3, 2]), [Distinct(1, 2, 7, 5), Between(0.2, 0.8, 1, 2, 2)]);
        yield return One("Pool", v => v.LpPool(2, [2, 2], Sliding.Uniform(2)), Signed(1, 2, 3, 3));
        yield return One("Pool", v => v.LpPool(3, [2], Sliding.Uniform(1, stride: 2)), Signed(2, 1, 4));
        yield return One("Pool", v => v.SumPool([2], Sliding.Uniform(1, padding: 1)), Signed(2, 1, 4));
        yield return One("Reduce", v => v.GlobalMaxPool() + v.GlobalAveragePool(), Distinct(2, 2, 3, 2));

        yield return Two("Dilation2D", (a, b) => a.Dilation2D(b, Sliding.Uniform(2, padding: 1, stride: 2)), Distinct(2, 2, 4, 3), Between(-0.04, 0.04, 2, 2, 2));
        yield return Two("Dilation2D", (a, b) => a.Erosion2D(b, Sliding.Uniform(1, dilation: 2)), Distinct(1, 3, 6), Between(-0.04, 0.04, 3, 2));
        yield return Two("Dilation2D", (a, b) => a.Dilation2D(b), Distinct(0, 1, 2, 2), Signed(1, 2, 2));

        yield return One("RepeatElements", v => v.UpsampleNearest(2, 3), Signed(2, 1, 2, 2));
        yield return One("RepeatElements", v => v.UpsampleNearest(2), Signed(0, 1, 2));
        yield return One("ChannelShuffle", v => v.ChannelShuffle(2), Signed(2, 6, 2));
        yield return One("Transpose", v => v.SpaceToDepth(2) + v.PixelUnshuffle(2), Signed(1, 2, 4, 2));
        yield return One("Transpose", v => v.DepthToSpace(2) + v.PixelShuffle(2), Signed(2, 8, 1, 2));
        yield return One("Transpose", v => v.SpaceToBatch(2, [1, 0], [0, 1]).BatchToSpace(2, [0, 1], [1, 0]), Signed(2, 1, 3, 3));
    }
}
