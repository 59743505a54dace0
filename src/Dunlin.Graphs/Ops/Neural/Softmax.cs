using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// Softmax yᵢ = exp(xᵢ) / Σⱼ exp(xⱼ) along one dimension, or its logarithm. The maximum is subtracted first, so nothing overflows.
/// </summary>
/// <remarks>Gradient: <see cref="SoftmaxBackward"/>.</remarks>
/// <param name="Axis">The dimension; a negative one counts from the last.</param>
/// <param name="Logarithm">Whether to compute log softmax.</param>
internal sealed record Softmax(int Axis = -1, bool Logarithm = false) : Operation
{
    /// <inheritdoc/>
    public override string Name => Logarithm ? "LogSoftmax" : "Softmax";

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        if (!inputs[0].Type.IsFloat()) throw Mismatch(inputs, "takes floating-point numbers.");
        return Along.Fits(Axis, inputs[0].Shape) ? [inputs[0]] : throw Mismatch(inputs, $"there is no dimension {Axis}.");
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context)
    {
        var (outer, length, inner) = Along.Sizes(Axis, context.Inputs[0].Shape);
        return context.Heavy(new SoftmaxForwardSpec(context.Inputs[0].Type, outer, length, inner, Logarithm));
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        [node.Graph.Add(this with { Axis = Batching.Axis(Axis) }, batching.Everywhere(inputs))];

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [node.Graph.Add(new SoftmaxBackward(Axis, Logarithm), [node.Outputs[0], outputGradients[0]!])];
}

/// <summary>
/// The gradient of <see cref="Softmax"/> from its output y and dy: y · (dy − Σ y · dy), or of the logarithm dy − exp(y) · Σ dy.
/// </summary>
/// <remarks>Gradients: those of the formula.</remarks>
public sealed record SoftmaxBackward(int Axis, bool Logarithm) : Operation
{
    /// <inheritdoc/>
    public override string Name => Logarithm ? "LogSoftmaxBackward" : "SoftmaxBackward";

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        return inputs[0].Type.IsFloat() && inputs[0].Type == inputs[1].Type && inputs[0].Shape.Accepts(inputs[1].Shape)
            ? [inputs[0]]
            : throw Mismatch(inputs, "y and dy have the same floating-point type and shape.");
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context)
    {
        var (outer, length, inner) = Along.Sizes(Axis, context.Inputs[0].Shape);
        return context.Heavy(new SoftmaxBackwardSpec(context.Inputs[0].Type, outer, length, inner, Logarithm));
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        [node.Graph.Add(this with { Axis = Batching.Axis(Axis) }, batching.Everywhere(inputs))];

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        var (y, dy, g) = (node.Inputs[0], node.Inputs[1], outputGradients[0]!);
        Value Total(Value v) => v.Sum([Axis], keepDimensions: true);
        return Logarithm
            ? [-(g * y.Exp() * Total(dy)), g - Total(g * y.Exp())]
            : [g * (dy - Total(y * dy)) - dy * Total(y * g), node.Graph.Add(this, [y, g])];
    }
}

/// <summary>One dimension of a shape as the middle of three.</summary>
internal static class Along
{
    public static bool Fits(int axis, Shape shape) => axis < shape.Rank && axis >= -shape.Rank;

    /// <summary>The product of the lengths before the axis, its own, and the product of those after it.</summary>
    public static (int Outer, int Length, int Inner) Sizes(int axis, Shape shape)
    {
        if (axis < 0) axis += shape.Rank;
        return (checked((int)shape[..axis].ElementCount), shape[axis], checked((int)shape[(axis + 1)..].ElementCount));
    }
}

/// <summary>Softmax.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.Softmax"/>
    public static Value Softmax(this Value x, int axis = -1) => x.Graph.Add(new Softmax(axis), [x]);

    /// <summary>The logarithm of <see cref="Softmax(Value, int)"/>, computed without the loss of precision that taking it afterwards would bring.</summary>
    public static Value LogSoftmax(this Value x, int axis = -1) => x.Graph.Add(new Softmax(axis, Logarithm: true), [x]);
}
