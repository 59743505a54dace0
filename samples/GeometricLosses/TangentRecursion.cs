using Dunlin.Graphs;
using Dunlin.Graphs.Ops;

namespace Dunlin.Samples.GeometricLosses;

/// <summary>
/// The gradients of R = ½‖DF(x) v − β‖² written out for a multilayer perceptron, without a library for differentiation (Caterini and Chang, 2016):
/// states and tangents go up, then the adjoints p of the states and r of the tangents come down.
/// </summary>
/// <remarks>
/// With z = W x + b, k = W v, Ψ′ and Ψ″ at z, and all products but the matrices' elementwise, a layer has
/// ∂R/∂b = Ψ′p + Ψ″k r =: h, ∂R/∂W = h xᵀ + (Ψ′r) vᵀ, and hands down p = Wᵀh and r = Wᵀ(Ψ′r). Above the last layer, p = 0 and r = DF(x) v − β.
/// </remarks>
public static class TangentRecursion
{
    /// <summary>The gradients of the mean of R over the rows, in the order of <see cref="Mlp.Parameters"/>.</summary>
    /// <param name="net">F.</param>
    /// <param name="x">[N, inputs].</param>
    /// <param name="v">The direction at each x.</param>
    /// <param name="beta">What the derivative shall be, [N, outputs].</param>
    /// <param name="rows">N.</param>
    public static IReadOnlyList<Value> Of(Mlp net, Value x, Value v, Value beta, int rows)
    {
        var kept = new Stack<(MlpLayer Layer, Value X, Value V, Value First, Value Second, Value K)>();
        foreach (var layer in net.Layers)
        {
            var (z, k) = (layer.Affine(x), v.MatMul(layer.W, transposeB: true));
            var first = layer.Activation.First(z);
            kept.Push((layer, x, v, first, layer.Activation.Second(z), k));
            (x, v) = (layer.Activation.Function(z), first * k);
        }
        var r = (v - beta) / rows;
        var p = r.ZerosLike();
        var gradients = new List<Value>();
        foreach (var (layer, state, tangent, first, second, k) in kept)
        {
            var h = first * p + second * k * r;
            var firstR = first * r;
            gradients.InsertRange(0, [h.MatMul(state, transposeA: true) + firstR.MatMul(tangent, transposeA: true), h.Sum([0])]);
            (p, r) = (h.MatMul(layer.W), firstR.MatMul(layer.W));
        }
        return gradients;
    }
}
