using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Graphs.Tests.Golden;

internal static partial class GoldenCases
{
    private static IEnumerable<GoldenCase> Networks()
    {
        foreach (var name in new[] { "matrices", "vector", "batches", "shared", "rows-none", "sum-none" })
        {
            yield return Two($"MatMul/{name}", (a, b) => a.MatMul(b));
            yield return Two($"MatMul/transposed-{name}", (a, b) => a.MatMul(b, true, true));
        }
        (string Name, Sliding Sliding)[] convolutions =
        [
            ("plain1", Sliding.Uniform(1)), ("stride1", Sliding.Uniform(1, stride: 2, padding: 1)), ("groups1", Sliding.Uniform(1, dilation: 2, groups: 2)), ("plain2", Sliding.Uniform(2)),
            ("mixed2", new([2, 1], [1, 0], [1, 0], [1, 2])), ("point2", Sliding.Uniform(2)), ("padded3", Sliding.Uniform(3, padding: 1)),
        ];
        foreach (var (name, sliding) in convolutions)
        {
            yield return Two($"Conv/{name}", (x, w) => x.Conv(w, sliding));
            yield return Three($"ConvBackwardData/{name}", (x, w, dy) => Backward(x.Conv(w, sliding), dy, x));
            yield return Three($"ConvBackwardWeights/{name}", (x, w, dy) => Backward(x.Conv(w, sliding), dy, w));
        }
        for (var d = 1; d <= 3; d++)
        {
            Shape window = Shape.Create([.. Enumerable.Repeat(2, d)]);
            var sliding = Sliding.Uniform(d, stride: 2, padding: 1);
            (string Name, Func<Value, Value> Pool)[] pools =
            [
                ("max", x => x.MaxPool(window, sliding)), ("average", x => x.AveragePool(window, sliding)), ("average-padding", x => x.AveragePool(window, sliding, includePadding: true)),
                ("average-overlapping", x => x.AveragePool(window, Sliding.Uniform(window.Rank))),
            ];
            foreach (var (name, pool) in pools)
            {
                yield return One($"Pool/{name}{d}", pool);
                yield return Two($"PoolBackward/{name}{d}", (x, dy) => Backward(pool(x), dy, x));
            }
        }
        yield return Two("StraightThrough", Operations.StraightThrough);
        yield return Many("BatchNorm", x => x[0].Graph.AddNode(new BatchNorm(1e-5), x).Outputs);
        yield return Many("BatchNormBackward", x => Backward(x[0].BatchNorm(x[1], x[2]).Y, x));
        yield return Many("BatchNormInference", x => [x[0].BatchNormInference(x[1], x[2], x[3], x[4])]);
        yield return Many("LayerNorm", x => x[0].Graph.AddNode(new LayerNorm(1e-5), x).Outputs);
        yield return Many("LayerNormBackward", x => Backward(x[0].LayerNorm(x[1], x[2]), x));
        foreach (var axis in new[] { 0, 1, -1 })
        {
            yield return One($"Softmax/linear{axis}", x => x.Softmax(axis));
            yield return One($"Softmax/logarithm{axis}", x => x.LogSoftmax(axis));
            yield return Two($"SoftmaxBackward/linear{axis}", (x, dy) => Backward(x.Softmax(axis), dy, x));
            yield return Two($"SoftmaxBackward/logarithm{axis}", (x, dy) => Backward(x.LogSoftmax(axis), dy, x));
        }
        yield return One("Softmax", x => x.Softmax());
        yield return Two("SoftmaxCrossEntropy", Operations.SoftmaxCrossEntropy);
        yield return Three("SoftmaxCrossEntropyBackward", (x, labels, dy) => Backward(x.SoftmaxCrossEntropy(labels), dy, x));
    }

    /// <summary>The gradients of Σ y · dy with respect to all inputs but the last, which is dy.</summary>
    private static IReadOnlyList<Value> Backward(Value y, IReadOnlyList<Value> inputs) => [.. Gradients.Of((y * inputs[^1]).Sum(), [.. inputs.SkipLast(1)]).Select(g => g!.Dense())];
}
