using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// Root mean square normalisation (Zhang and Sennrich, 2019) over the last dimension: y = scale · x / √(mean(x²) + ε). Inputs: x[…, D], scale[D], of one
/// floating-point type. Output: y[…, D].
/// </summary>
/// <remarks>Gradients: <see cref="RmsNormBackward"/>.</remarks>
/// <param name="Epsilon">Keeps the root away from 0.</param>
/// <exception cref="ShapeException">The inputs do not fit.</exception>
internal sealed record RmsNorm(double Epsilon) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        var (type, x) = inputs[0];
        return type.IsFloat() && inputs[1].Type == type && x.Rank > 0 && Shape.Of(x[^1]).Accepts(inputs[1].Shape)
            ? [inputs[0]]
            : throw Mismatch(inputs, "takes x[…, D] and scale[D] of one floating-point type.");
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context)
    {
        var x = context.Inputs[0];
        return context.Heavy(new RmsNormForwardSpec(x.Type, checked((int)x.Shape[..^1].ElementCount), x.Shape[^1], Epsilon));
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        inputs[1].IsBatched
        ? batching.By(node, inputs, v => [node.Graph.Add(this, [v[0], node.Inputs[1].OnesLike()]) * v[1]])
        : [node.Graph.Add(this, [inputs[0].Value, inputs[1].Value])];

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        var backward = node.Graph.AddNode(new RmsNormBackward(Epsilon), [.. node.Inputs, outputGradients[0]!]).Outputs;
        return [backward[0], backward[1]];
    }
}

/// <summary>The gradients of <see cref="RmsNorm"/>. Inputs: x, scale, dy. Outputs: dx, dscale[D].</summary>
/// <remarks>Gradients: those of the formula in simple operations.</remarks>
public sealed record RmsNormBackward(double Epsilon) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 3);
        var y = new RmsNorm(Epsilon).Infer([.. inputs.Take(2)])[0];
        return y.Type == inputs[2].Type && y.Shape.Accepts(inputs[2].Shape) ? [inputs[0], inputs[1]] : throw Mismatch(inputs, "x and dy have the same type and shape.");
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context)
    {
        var x = context.Inputs[0];
        return context.Heavy(new RmsNormBackwardSpec(x.Type, checked((int)x.Shape[..^1].ElementCount), x.Shape[^1], Epsilon));
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        Composition.Differentiate(node, outputGradients, Formula);

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) => batching.By(node, inputs, Formula);

    private Value[] Formula(IReadOnlyList<Value> inputs)
    {
        var (x, scale, dy) = (inputs[0], inputs[1], inputs[2]);
        var inverse = 1 / (x.Square().Mean([-1], true) + Epsilon).Sqrt();
        var (normal, g) = (x * inverse, dy * scale);
        return [(g - normal * (g * normal).Mean([-1], true)) * inverse, (dy * normal).ReduceToLike(scale)];
    }
}

/// <summary>Root mean square normalisation.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.RmsNorm"/>
    public static Value RmsNorm(this Value x, Value scale, double epsilon = 1e-6) => x.Graph.Add(new RmsNorm(epsilon), [x, scale]);
}
