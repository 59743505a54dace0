using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using static Dunlin.Graphs.Tests.Ops.Numbers;

namespace Dunlin.Graphs.Tests.Ops;

internal static partial class OperationCases
{
    private static IEnumerable<OperationCase> Normalizing()
    {
        foreach (var (groups, x) in new[] { (2, Signed(3, 4)), (2, Signed(2, 4, 3)), (1, Signed(1, 2, 2, 2)), (3, Signed(2, 3, 2, 2)), (1, Signed(0, 2, 3)) })
        {
            Tensor[] inputs = [x, Signed(x.Shape[1]), Between(0.5, 1.5, x.Shape[1])];
            yield return new("GroupNorm", (_, v) => v[0].GroupNorm(groups, v[1], v[2]).Tanh(), inputs);
            yield return new("GroupNormBackward", (_, v) => Gradients.Of(v[0].GroupNorm(groups, v[1], v[2]).Tanh().Sum(), v[0])[0]!.Dense(), inputs);
        }
        yield return new("GroupNorm", (_, v) => { var n = v[0].Graph.AddNode(new GroupNorm(2, 1e-5), v).Outputs; return n[1] * 3 + n[2].Square(); }, [Signed(2, 4, 2), Signed(4), Signed(4)]);
        yield return new("GroupNorm", (_, v) => v[0].InstanceNorm(v[1], v[2]).Tanh(), [Signed(2, 2, 3), Signed(2), Signed(2)]);
        foreach (var x in new[] { Signed(3), Signed(2, 4, 3), Signed(0, 3), Signed(2, 1) })
        {
            Tensor[] inputs = [x, Signed(x.Shape[^1])];
            yield return new("RmsNorm", (_, v) => v[0].RmsNorm(v[1]).Tanh(), inputs);
            yield return new("RmsNormBackward", (_, v) => Gradients.Of(v[0].RmsNorm(v[1]).Tanh().Sum(), v[0])[0]!.Dense(), inputs);
        }
        foreach (var (size, beta, x) in new[] { (3, 0.75, Signed(2, 4, 3)), (4, 0.5, Signed(1, 5, 2, 2)), (1, 1, Signed(1, 2, 2)), (5, 0.6, Signed(1, 3, 1, 2, 1)), (2, 0.75, Signed(0, 2, 2)) })
        {
            yield return One("LocalResponseNorm", v => v.LocalResponseNorm(size, 0.7, beta, 1.5), x);
            yield return One("LocalResponseNormBackward", v => Gradients.Of(v.LocalResponseNorm(size, 0.7, beta, 1.5).Square().Sum(), v)[0]!.Dense(), x);
        }
        yield return One("Reduce", v => v.L2Normalize([1]), Signed(2, 3, 2));
        yield return One("Reduce", v => v.L2Normalize(epsilon: 10), Signed(4));
        yield return Two("Reduce", (v, g) => v.WeightNorm(g), Signed(3, 2, 2), Signed(3));
        yield return Two("Reduce", (v, g) => v.WeightNorm(g, axis: -1), Signed(2, 3), Signed(3));
        // u and v count as constants: where they have converged that is exact for the gradient, but not for its own.
        yield return new("MatMul", (_, w) => w[0].SpectralNorm(w[0].Graph.Constant(Signed(2)), 60).Weights, [Tensor.From([2.0, 0.3, -0.4, 0.2, 0.7, 0.1], [2, 3])], Twice: false);
    }
}
