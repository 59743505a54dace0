using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using static Dunlin.Graphs.Tests.Ops.Numbers;

namespace Dunlin.Graphs.Tests.Ops;

internal static partial class OperationCases
{
    private static IEnumerable<OperationCase> Neural()
    {
        (Sliding Sliding, Tensor X, Tensor W)[] convolutions =
        [
            (Sliding.Uniform(1, stride: 2, padding: 1), Signed(2, 2, 5), Signed(3, 2, 3)),
            (Sliding.Uniform(1, dilation: 2, groups: 2), Signed(1, 4, 6), Signed(2, 2, 2)),
            (Sliding.Uniform(2), Signed(1, 2, 4, 4), Signed(2, 2, 3, 2)),
            (new Sliding([2, 1], [1, 0], [0, 1], [1, 2]), Signed(1, 1, 5, 4), Signed(2, 1, 2, 2)),
            (Sliding.Uniform(3, padding: 1), Signed(1, 1, 2, 3, 2), Signed(2, 1, 2, 2, 2)),
        ];
        foreach (var (sliding, x, w) in convolutions)
        {
            yield return Two("Conv", (a, b) => a.Conv(b, sliding), x, w);
            yield return Two("ConvBackwardData", (a, b) => Gradients.Of(a.Conv(b, sliding).Square().Sum(), a)[0]!.Dense(), x, w);
            yield return Two("ConvBackwardWeights", (a, b) => Gradients.Of(a.Conv(b, sliding).Square().Sum(), b)[0]!.Dense(), x, w);
        }
        foreach (var (dimensions, x) in new[] { (1, Distinct(2, 2, 6)), (2, Distinct(1, 2, 5, 4)), (3, Distinct(1, 1, 3, 4, 3)) })
        {
            Shape window = Shape.Create([.. Enumerable.Repeat(2, dimensions)]);
            var sliding = Sliding.Uniform(dimensions, stride: 2, padding: 1);
            yield return One("Pool", v => v.MaxPool(window, sliding), x);
            yield return One("PoolBackward", v => Gradients.Of(v.MaxPool(window, sliding).Square().Sum(), v)[0]!.Dense(), x);
            yield return One("Pool", v => v.AveragePool(window, sliding), x);
            yield return One("Pool", v => v.AveragePool(window, Sliding.Uniform(dimensions), includePadding: true), x);
            yield return One("PoolBackward", v => Gradients.Of(v.AveragePool(window, sliding).Square().Sum(), v)[0]!.Dense(), x);
        }
        Tensor[] perChannel = [Signed(3), Between(0.5, 1.5, 3)];
        foreach (var x in new[] { Signed(5, 3), Signed(4, 3, 2), Signed(2, 3, 2, 2) })
        {
            yield return new("BatchNorm", (_, v) => v[0].BatchNorm(v[1], v[2]).Y.Tanh(), [x, .. perChannel]);
            yield return new("BatchNorm", (_, v) => { var n = v[0].BatchNorm(v[1], v[2]); return n.Mean * 3 + n.Variance.Square(); }, [x, .. perChannel]);
            yield return new("BatchNormInference", (_, v) => v[0].BatchNormInference(v[1], v[2], v[3], v[4]).Tanh(), [x, .. perChannel, Signed(3), Between(0.5, 1, 3)]);
        }
        yield return new("BatchNormBackward", (_, v) => Gradients.Of(v[0].BatchNorm(v[1], v[2]).Y.Tanh().Sum(), v[0])[0]!.Dense(), [Signed(4, 3), .. perChannel]);
        yield return new("LayerNorm", (_, v) => v[0].LayerNorm(v[1], v[2]).Tanh(), [Signed(2, 4, 3), .. perChannel]);
        yield return new("LayerNorm", (_, v) => v[0].LayerNorm(v[1], v[2]), [Signed(3), .. perChannel]);
        yield return new("LayerNormBackward", (_, v) => Gradients.Of(v[0].LayerNorm(v[1], v[2]).Tanh().Sum(), v[0])[0]!.Dense(), [Signed(4, 3), .. perChannel]);
        for (var axis = -3; axis < 3; axis++)
        {
            var along = axis;
            yield return One("Softmax", x => x.Softmax(along), Signed(2, 3, 2));
            yield return One("Softmax", x => x.LogSoftmax(along), Signed(2, 3, 2));
            yield return One("SoftmaxBackward", x => Gradients.Of((x.Softmax(along).Square() + x.LogSoftmax(along).Square()).Sum(), x)[0]!.Dense(), Signed(2, 3, 2));
        }
        var labels = Integers([0, 2, 1, 1]);
        yield return new("SoftmaxCrossEntropy", (_, v) => v[0].SoftmaxCrossEntropy(v[1]), [Signed(4, 3), labels]);
        yield return new("SoftmaxCrossEntropy", (_, v) => v[0].SoftmaxCrossEntropy(v[1].Cast(DType.Int64)), [Signed(2, 2, 3), Integers([0, 2, 1, 1], 2, 2)]);
        yield return new("SoftmaxCrossEntropyBackward", (_, v) => Gradients.Of(v[0].SoftmaxCrossEntropy(v[1]).Square().Sum(), v[0])[0]!.Dense(), [Signed(4, 3), labels]);
        yield return Two("SigmoidCrossEntropy", (x, t) => x.SigmoidCrossEntropy(t), Between(-5, 5, 2, 4), Between(0, 1, 2, 4));
        yield return One("SigmoidCrossEntropy", x => x.SigmoidCrossEntropy(x.OnesLike()), Tensor.From([0.0, 1e-7]));
        yield return new("Dropout", (_, v) => v[0].Dropout(v[1], 0.4, seed: 3, stream: 5), [Signed(40), Counter(4)]);
    }
}
