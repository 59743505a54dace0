using Dunlin.Graphs;
using Dunlin.Graphs.Ops;

namespace Dunlin.Samples.GeometricLosses;

/// <summary>Losses of derivatives with respect to the inputs: means over the rows. Any function of a graph will do, and their gradients are found by <see cref="Gradients.Of(Value, IReadOnlyList{Value})"/>.</summary>
public static class HigherOrderLosses
{
    /// <summary>
    /// R = ½‖DF(x) v − β‖², by forward mode. With β = 0 and v along a change that shall not matter, it is tangent propagation (Simard, Victorri,
    /// LeCun and Denker, 1991; in this form Caterini and Chang, A Geometric Framework for Convolutional Neural Networks, 2016).
    /// </summary>
    /// <param name="y">F(x), [N, outputs].</param>
    /// <param name="x">[N, inputs].</param>
    /// <param name="v">The direction at each x.</param>
    /// <param name="beta">What the derivative shall be; 0 unless given.</param>
    public static Value Tangent(Value y, Value x, Value v, Value? beta = null) => HalfSquare(Gradients.Forward(y, x, v) ?? y.ZerosLike(), beta);

    /// <summary>The same R by reverse mode alone: the gradient u ↦ DF(x)* u is linear in u, and the gradient of ⟨DF(x)* u, v⟩ with respect to u is DF(x) v.</summary>
    /// <inheritdoc cref="Tangent"/>
    public static Value TangentInReverse(Value y, Value x, Value v, Value? beta = null)
    {
        var u = y.OnesLike();
        var adjoint = Gradients.Of([y], [u], [x])[0]!.Dense();
        return HalfSquare(Gradients.Of((adjoint * v).Sum(), u)[0]!.Dense(), beta);
    }

    /// <summary>N = ½‖∂l/∂x‖² for each row's own loss l: small where no small change of the input changes the loss much (Drucker and LeCun, Double Backpropagation, 1991).</summary>
    /// <param name="losses">l of each row, [N].</param>
    /// <param name="x">[N, inputs].</param>
    public static Value GradientNorm(Value losses, Value x) => HalfSquare(InputGradient(losses, x), null);

    /// <summary>∂l/∂x of each row's own loss, [N, inputs].</summary>
    public static Value InputGradient(Value losses, Value x) => Gradients.Of(losses.Sum(), x)[0]!.Dense();

    /// <summary>
    /// The gradients of N by forward mode over reverse mode: with q = ∂l/∂x held fixed, ∂N/∂θ is the derivative of ∂l/∂θ as x moves along q.
    /// </summary>
    /// <inheritdoc cref="GradientNorm"/>
    /// <param name="losses">l of each row, [N].</param>
    /// <param name="x">[N, inputs].</param>
    /// <param name="parameters">θ.</param>
    public static IReadOnlyList<Value> GradientsOfGradientNorm(Value losses, Value x, IReadOnlyList<Value> parameters)
    {
        var q = InputGradient(losses, x).StopGradient();
        Value[] gradients = [.. Gradients.Of(losses.Mean(), parameters).Select((g, i) => g?.Dense() ?? parameters[i].ZerosLike())];
        return [.. Gradients.Forward(gradients, [x], [q]).Select((g, i) => g ?? parameters[i].ZerosLike())];
    }

    private static Value HalfSquare(Value x, Value? beta) => 0.5 * (beta is null ? x : x - beta).Square().Sum([1]).Mean();
}
