using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// An operation each element of whose output is an element of its input, chosen dimension by dimension, or a number:
/// y[i, j, …] = x[mapᵢ[i], mapⱼ[j], …], and <see cref="Blank"/> where a map has <see cref="None"/>.
/// </summary>
/// <remarks>Gradient: <see cref="RearrangementBackward"/>, which adds each element of dy where it came from.</remarks>
public abstract record Rearrangement : Operation
{
    /// <summary>In a map: no element of the input.</summary>
    protected const int None = -1;

    /// <summary>What stands where there is no element of the input.</summary>
    protected internal virtual double Blank => 0;

    /// <summary>The output's shape; lengths may be unknown.</summary>
    /// <exception cref="ShapeException">The input does not fit.</exception>
    protected abstract Shape Result(IReadOnlyList<TensorType> inputs);

    /// <summary>For each dimension of the output, which index of the input's dimension stands at each place. The lengths are known.</summary>
    protected internal abstract int[][] Maps(Shape input, Shape output);

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        return [new(inputs[0].Type, Result(inputs))];
    }

    /// <inheritdoc/>
    public override long? BytesTouched(IReadOnlyList<TensorType> inputs, IReadOnlyList<TensorType> outputs) => Math.Min(inputs[0].Bytes, outputs[0].Bytes) + outputs[0].Bytes;

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => new RearrangeKernel(context.Inputs[0], context.Outputs[0].Shape,
        Maps(context.Inputs[0].Shape, context.Outputs[0].Shape), Scalars.Make(Blank, context.Inputs[0].Type));

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [node.Graph.Add(new RearrangementBackward(this), [outputGradients[0]!, node.Inputs[0]])];

    /// <inheritdoc/>
    public override IReadOnlyList<Value?> PushForward(Node node, IReadOnlyList<Value?> inputTangents) =>
        [inputTangents[0] is { } tangent ? node.Graph.Add(Linear, [tangent]) : null];

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        [node.Graph.Add(new BatchedRearrangement(this), [batching.Everywhere(inputs[0])])];

    /// <summary>The operation without its blanks: its linear part.</summary>
    protected internal virtual Rearrangement Linear => this;

    /// <summary>A dimension that is not rearranged.</summary>
    protected static int[] Same(int length) => [.. Enumerable.Range(0, length)];

    /// <summary>Each dimension as it is, but for one.</summary>
    protected static int[][] Only(Shape input, int axis, int[] map) => [.. Enumerable.Range(0, input.Rank).Select(d => d == axis ? map : Same(input[d]))];

    /// <summary>The dimension counted from 0.</summary>
    protected int Resolve(int axis, IReadOnlyList<TensorType> inputs) => Along.Fits(axis, inputs[0].Shape)
        ? axis < 0 ? axis + inputs[0].Shape.Rank : axis
        : throw Mismatch(inputs, $"there is no dimension {axis} among {inputs[0].Shape.Rank}.");
}

/// <summary>
/// The gradient of a <see cref="Rearrangement"/>: zeros in the shape of its input, to which each element of dy is added where it came
/// from. Inputs: dy, and the input for its shape only.
/// </summary>
/// <remarks>Gradient: the rearrangement of dy.</remarks>
public sealed record RearrangementBackward(Rearrangement Forward) : Operation
{
    /// <inheritdoc/>
    public override string Name => $"{Forward.Name}Backward";

    /// <inheritdoc/>
    public override bool ReadsElements(int input) => input == 0;

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        return inputs[0].Type.IsFloat() ? [inputs[1] with { Type = inputs[0].Type }] : throw Mismatch(inputs, "takes a floating-point dy.");
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context)
    {
        var maps = Forward.Maps(context.Outputs[0].Shape, context.Inputs[0].Shape);
        return new LeadingInputs(WidenedKernel.Create([context.Inputs[0]], context.Outputs, (inputs, outputs) => inputs[0].Type == DType.Float64
            ? new ReturnKernel<double>(outputs[0], inputs[0].Shape, maps)
            : new ReturnKernel<float>(outputs[0], inputs[0].Shape, maps)), 1, 2, 1);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        [node.Graph.Add(new RearrangementBackward(new BatchedRearrangement(Forward)), batching.Everywhere(inputs))];

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [node.Graph.Add(Forward.Linear, [outputGradients[0]!]), null];
}
