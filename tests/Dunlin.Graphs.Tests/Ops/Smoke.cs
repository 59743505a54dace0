using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Testing;
using static Dunlin.Graphs.Tests.Ops.Numbers;

namespace Dunlin.Graphs.Tests.Ops;

public class Smoke
{
    private static readonly GradientCheck.Options Twice = new() { SecondOrder = true, Tolerance = 1e-5 };

    [Fact] public void Bn() => GradientCheck.Assert((g, x) => { var (y, m, v) = x[0].BatchNorm(x[1], x[2]); return y.Square().Sum() + (m * 3 + v).Square().Sum(); }, Twice, Signed(4, 3, 2), Signed(3), Signed(3));
    [Fact] public void Bn2() => GradientCheck.Assert((g, x) => x[0].BatchNorm(x[1], x[2]).Y.Tanh(), Twice, Signed(5, 3), Signed(3), Signed(3));
    [Fact] public void BnI() => GradientCheck.Assert((g, x) => x[0].BatchNormInference(x[1], x[2], x[3], x[4]).Tanh(), Twice, Signed(4, 3, 2), Signed(3), Signed(3), Signed(3), Between(0.5, 1, 3));
    [Fact] public void Ln() => GradientCheck.Assert((g, x) => x[0].LayerNorm(x[1], x[2]).Tanh(), Twice, Signed(2, 3, 5), Signed(5), Signed(5));
    [Fact] public void Sm() => GradientCheck.Assert((g, x) => x[0].Softmax(1).Square() + x[0].LogSoftmax(-3).Square(), Twice, Signed(2, 3, 5));
    [Fact] public void Ce() => GradientCheck.Assert((g, x) => x[0].SoftmaxCrossEntropy(x[1]).Square(), Twice, Signed(4, 3), Integers([0, 2, 1, 1]));
    [Fact] public void Sce() => GradientCheck.Assert((g, x) => x[0].SigmoidCrossEntropy(x[1]).Square(), Twice, Signed(4, 3), Between(0, 1, 4, 3));
    [Fact] public void Drop() => GradientCheck.Assert((g, x) => x[0].Dropout(x[1], 0.4, 3, 5).Square(), Twice, Signed(40), Counter(4));
    [Fact] public void Rnd()
    {
        var graph = new Graph();
        var c = graph.Placeholder("c", DType.Int64, []);
        using var session = new Session(graph);
        var n = session.Run(Operations.TruncatedNormal(c, [4000], 1, 2), (c, Counter(3))).Span<float>().ToArray();
        Assert.True(n.Max() <= 2 && n.Min() >= -2);
        Assert.Equal(0.88, Math.Sqrt(n.Average(v => v * v)), 0.03);
    }
}
