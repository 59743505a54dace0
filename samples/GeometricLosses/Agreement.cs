using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Samples.GeometricLosses;

/// <summary>The same gradients by different ways, in double precision, and how far they lie apart.</summary>
public static class Agreement
{
    /// <summary>For each pair of ways, its name and the largest difference, relative to the largest element.</summary>
    public static IReadOnlyList<(string Ways, double Difference)> Measure(ulong seed, int rows = 8, params int[] widths)
    {
        if (widths.Length == 0) widths = [12, 9, 7, 5];
        var graph = new Graph();
        var net = Mlp.Create(graph, DType.Float64, widths);
        Value Normal(string name, int columns) => graph.Constant(Draw(seed, name, rows, columns));
        var (x, v, beta) = (Normal("x", widths[0]), Normal("v", widths[0]), Normal("beta", widths[^1]));
        var y = net.Apply(x);
        var losses = y.SoftmaxCrossEntropy(graph.Constant(Tensor.From([.. Enumerable.Range(0, rows).Select(i => (long)(i % widths[^1]))], [rows])));

        IReadOnlyList<Value> Of(Value loss) => [.. Gradients.Of(loss, net.Parameters).Select((g, i) => g?.Dense() ?? net.Parameters[i].ZerosLike())];
        var forward = Of(HigherOrderLosses.Tangent(y, x, v, beta));
        (string Ways, IReadOnlyList<Value> A, IReadOnlyList<Value> B)[] pairs =
        [
            ("R: recursion, reverse over forward", TangentRecursion.Of(net, x, v, beta, rows), forward),
            ("R: reverse over reverse over reverse, reverse over forward", Of(HigherOrderLosses.TangentInReverse(y, x, v, beta)), forward),
            ("N: forward over reverse, reverse over reverse", HigherOrderLosses.GradientsOfGradientNorm(losses, x, net.Parameters), Of(HigherOrderLosses.GradientNorm(losses, x))),
        ];
        using var session = new Session(graph, new SessionOptions { Seed = seed, Threads = 1 });
        return [.. pairs.Select(pair => (pair.Ways, Difference(session.Run([.. pair.A]), session.Run([.. pair.B]))))];
    }

    internal static Tensor Draw(ulong seed, string name, params int[] dimensions)
    {
        var tensor = Tensor.Zeros(DType.Float64, Shape.Of(dimensions));
        Philox.FillNormal(tensor.Span<double>(), new PhiloxKey(seed, PhiloxKey.StreamOf(name)));
        return tensor;
    }

    private static double Difference(IReadOnlyList<Tensor> a, IReadOnlyList<Tensor> b)
    {
        var (p, q) = (a.SelectMany(t => t.ToArray<double>()).ToList(), b.SelectMany(t => t.ToArray<double>()).ToList());
        return p.Zip(q, (s, t) => Math.Abs(s - t)).Max() / q.Max(Math.Abs);
    }
}
