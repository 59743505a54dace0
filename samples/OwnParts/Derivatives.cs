using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Samples.OwnParts;

/// <summary>Derivatives of all kinds of one small net: loss(w) = mean of (tanh(x · w) − t)² over rows.</summary>
public static class Derivatives
{
    /// <summary>Computes them, by name.</summary>
    public static IReadOnlyDictionary<string, Tensor> Compute()
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float64, [4, 3]);
        var t = graph.Placeholder("t", DType.Float64, [4]);
        var w = graph.Placeholder("w", DType.Float64, [3, 1]);
        var v = graph.Placeholder("v", DType.Float64, [3, 1]);

        var y = x.MatMul(w).Tanh().Flatten(0);
        var loss = (y - t).Square().Mean();

        var values = new Dictionary<string, Value>
        {
            ["gradient"] = Gradients.Of(loss, w)[0]!.Dense(),
            ["along v"] = Gradients.Forward(loss, w, v)!,
            ["vector times Jacobian"] = Gradients.Of(y, t, [w])[0]!.Dense(),
            ["Jacobian"] = Gradients.Jacobian(y, w),
            ["Hessian times v"] = Gradients.HessianProduct(loss, [w], [v])[0],
            ["Hessian"] = Gradients.Hessian(loss, w),
            ["of each example"] = Gradients.PerExample(loss, batch: [x, t], [w])[0],
        };

        // Any function of one example becomes one of many.
        values["norms of rows"] = Vectorize.Map(row => row.NormL2(), x);

        // A rounding that is the identity backwards, and a gradient that is held between −0.1 and 0.1 on its way.
        var rounded = Operations.StraightThrough(forward: w.Round(), backward: w);
        var clipped = Gradients.Custom(rounded, forward: r => r, backward: (_, _, dr) => dr.Clip(-0.1, 0.1));
        values["through steps"] = Gradients.Of(x.MatMul(clipped).Sum(), w)[0]!.Dense();

        // The same gradient with less memory: what is inside is computed again in the backward pass.
        var lean = (Recompute.Of(u => u.MatMul(w).Tanh().Flatten(0), x) - t).Square().Mean();
        values["recomputed"] = Gradients.Of(lean, w)[0]!.Dense();

        using var session = new Session(graph);
        var results = session.Run([.. values.Values],
            (x, Tensor.From([0.1, -0.2, 0.3, 0.5, 0.4, -0.6, -0.7, 0.8, 0.9, 0.2, 0.1, 0.4], [4, 3])), (t, Tensor.From([0.1, 0.2, -0.3, 0.4])),
            (w, Tensor.From([0.6, -0.4, 1.2], [3, 1])), (v, Tensor.From([1.0, 2, -1], [3, 1])));
        return values.Keys.Zip(results).ToDictionary(p => p.First, p => p.Second);
    }
}
