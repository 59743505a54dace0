using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>An operation whose output is its first input's memory, read in another way.</summary>
public abstract record View : Operation
{
    /// <inheritdoc/>
    internal override bool TakesLists => true;

    /// <inheritdoc/>
    public override MemoryView? ViewOf(IReadOnlyList<TensorType> inputs, TensorType output) => new MemoryView(0);

    /// <inheritdoc/>
    public override bool ReadsElements(int input) => input == 0;

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => new LeadingInputs(new CopyKernel(context.Outputs[0].Bytes), 1, context.Inputs.Count, 1);

    /// <inheritdoc/>
    public override IReadOnlyList<Value?> PushForward(Node node, IReadOnlyList<Value?> inputTangents) => Tangents.Linear(node, inputTangents, 0);
}

/// <summary>The same elements in row-major order under another shape, one of whose lengths may be −1: whatever is left.</summary>
/// <remarks>Gradient: dy in the shape of x.</remarks>
internal sealed record Reshape(Shape Target) : View
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        var (type, shape) = inputs[0];
        var open = Target.Dimensions.Count(Shape.Unknown);
        if (open > 1) throw Mismatch(inputs, $"at most one length of {Target} may be left open.");
        if (!shape.IsKnown) return [new(type, Target)];
        var rest = 1L;
        foreach (var length in Target.Dimensions)
            if (length != Shape.Unknown) rest *= length;
        var count = shape.ElementCount;
        if (open == 0) return count == rest ? [new(type, Target)] : throw Mismatch(inputs, $"{count} elements do not fill {Target} of {rest}.");
        if (rest == 0 || count % rest != 0) throw Mismatch(inputs, $"{count} elements can't be divided into {Target}.");
        return [new(type, Target.With(Target.Dimensions.IndexOf(Shape.Unknown), (int)(count / rest)))];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) => [batching.WithShape(inputs[0].Value, node.Outputs[0].Shape.IsKnown ? node.Outputs[0].Shape : Target)];

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [outputGradients[0]!.ReshapeLike(node.Inputs[0])];
}

/// <summary>The first input's elements in the shape of the second.</summary>
/// <remarks>Gradient: dy in the shape of the first.</remarks>
public sealed record ReshapeLike : View
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        var known = inputs[0].Shape.IsKnown && inputs[1].Shape.IsKnown;
        return !known || inputs[0].Shape.ElementCount == inputs[1].Shape.ElementCount
            ? [new(inputs[0].Type, inputs[1].Shape)]
            : throw Mismatch(inputs, "the numbers of elements differ.");
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        [node.Outputs[0].Shape.IsKnown ? batching.WithShape(inputs[0].Value, node.Outputs[0].Shape) : inputs[0].Value.ReshapeLike(batching.Everywhere(inputs[1]))];

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [outputGradients[0]!.ReshapeLike(node.Inputs[0]), null];
}

/// <summary>
/// All dimensions from <paramref name="Axis"/> on as one: [N, C, H, W] with axis 1 becomes [N, C·H·W].
/// </summary>
/// <remarks>Gradient: dy in the shape of x.</remarks>
internal sealed record Flatten(int Axis) : View
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        var shape = inputs[0].Shape;
        if (Axis < 0 || Axis > shape.Rank) throw Mismatch(inputs, $"can't flatten from dimension {Axis} of {shape.Rank}.");
        var rest = shape[Axis..];
        return [new(inputs[0].Type, shape[..Axis].Append(rest.IsKnown ? checked((int)rest.ElementCount) : Shape.Unknown))];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        [node.Graph.Add(new Flatten(Axis + 1), [batching.Everywhere(inputs[0])])];

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [outputGradients[0]!.ReshapeLike(node.Inputs[0])];
}

/// <summary>The input itself.</summary>
/// <remarks>Gradient: dy.</remarks>
public sealed record Identity : View
{
    /// <inheritdoc/>
    public override bool TakesLeadingDimensions => true;

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        return [inputs[0]];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) => [outputGradients[0]!];
}

/// <summary>The input itself, taken as a constant by differentiation.</summary>
public sealed record StopGradient : View
{
    /// <inheritdoc/>
    public override string? NoGradientReason => "That is what it is for.";

    /// <inheritdoc/>
    public override bool TakesLeadingDimensions => true;

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        return [inputs[0]];
    }
}

/// <summary>Views.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.Reshape"/>
    public static Value Reshape(this Value x, Shape shape) => x.Graph.Add(new Reshape(shape), [x]);

    /// <inheritdoc cref="Ops.ReshapeLike"/>
    public static Value ReshapeLike(this Value x, Value like) => x.Graph.Add(new ReshapeLike(), [x, like]);

    /// <inheritdoc cref="Ops.Flatten"/>
    public static Value Flatten(this Value x, int axis = 1) => x.Graph.Add(new Flatten(axis), [x]);

    /// <inheritdoc cref="Ops.Identity"/>
    public static Value Identity(this Value x, string? name = null) => x.Graph.Add(new Identity(), [x], name);

    /// <inheritdoc cref="Ops.StopGradient"/>
    public static Value StopGradient(this Value x) => x.Graph.Add(new StopGradient(), [x]);
}
