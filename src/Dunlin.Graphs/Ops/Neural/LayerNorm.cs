using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// Layer normalisation (Ba, Kiros and Hinton, 2016) over the last dimension: y = scale · (x − mean) / √(variance + ε) + shift.
/// Inputs: x[…, D], scale[D], shift[D]. Outputs: y[…, D], mean[…] and the biased variance[…] of each row.
/// </summary>
/// <remarks>Gradients: <see cref="LayerNormBackward"/>.</remarks>
/// <param name="Epsilon">Keeps the root away from 0.</param>
internal sealed record LayerNorm(double Epsilon) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 3);
        var (type, x) = inputs[0];
        if (!type.IsFloat() || inputs[1].Type != type || inputs[2].Type != type) throw Mismatch(inputs, "takes three tensors of one floating-point type.");
        if (x.Rank == 0 || !Shape.Of(x[^1]).Accepts(inputs[1].Shape) || !inputs[1].Shape.Accepts(inputs[2].Shape))
            throw Mismatch(inputs, "takes x[…, D], scale[D] and shift[D].");
        return [inputs[0], new(type, x[..^1]), new(type, x[..^1])];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context)
    {
        var x = context.Inputs[0];
        return context.Heavy(new LayerNormForwardSpec(x.Type, checked((int)x.Shape[..^1].ElementCount), x.Shape[^1], Epsilon));
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) => inputs[1].IsBatched || inputs[2].IsBatched
        ? batching.By(node, inputs, v =>
        {
            var (one, zero) = (node.Inputs[1].OnesLike(), node.Inputs[1].ZerosLike());
            var normal = node.Graph.AddNode(this, [v[0], one, zero]).Outputs;
            return [normal[0] * v[1] + v[2], normal[1], normal[2]];
        })
        : node.Graph.AddNode(this, [inputs[0].Value, inputs[1].Value, inputs[2].Value]).Outputs;

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        var (x, mean) = (node.Inputs[0], node.Outputs[1]);
        var dy = outputGradients[0] ?? x.ZerosLike();
        var backward = node.Graph.AddNode(new LayerNormBackward(Epsilon), [x, node.Inputs[1], mean, node.Outputs[2], dy]).Outputs;
        return [Moments.Add(backward[0], x, mean, outputGradients, v => v.ExpandLast()), backward[1], backward[2]];
    }
}

/// <summary>The gradients of <see cref="LayerNorm"/>. Inputs: x, scale, mean, variance, dy. Outputs: dx, dscale[D], dshift[D].</summary>
/// <remarks>Gradients: those of the formula in simple operations.</remarks>
public sealed record LayerNormBackward(double Epsilon) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 5);
        Moments.CheckBackward(new LayerNorm(Epsilon), inputs, Mismatch);
        return [inputs[0], inputs[1], inputs[1]];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context)
    {
        var x = context.Inputs[0];
        return context.Heavy(new LayerNormBackwardSpec(x.Type, checked((int)x.Shape[..^1].ElementCount), x.Shape[^1], Epsilon));
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        Composition.Differentiate(node, outputGradients, Formula);

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) => batching.By(node, inputs, Formula);

    private Value[] Formula(IReadOnlyList<Value> inputs)
    {
        var (x, scale, dy) = (inputs[0], inputs[1], inputs[4]);
        var (mean, inverse) = (inputs[2].ExpandLast(), 1 / (inputs[3].ExpandLast() + Epsilon).Sqrt());
        var normal = (x - mean) * inverse;
        var g = dy * scale;
        var dx = (g - g.Mean([-1], true) - normal * (g * normal).Mean([-1], true)) * inverse;
        return [dx, (dy * normal).ReduceToLike(scale), dy.ReduceToLike(scale)];
    }
}

/// <summary>Layer normalisation.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.LayerNorm"/>
    public static Value LayerNorm(this Value x, Value scale, Value shift, double epsilon = 1e-5) => x.Graph.Add(new LayerNorm(epsilon), [x, scale, shift]);
}
