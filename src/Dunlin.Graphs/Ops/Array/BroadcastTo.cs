using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>Repeats the first input, by the rules of broadcasting, in the shape of the second.</summary>
/// <remarks>Gradient: dy summed over the repeated dimensions.</remarks>
public sealed record BroadcastTo : Operation
{
    /// <inheritdoc/>
    public override bool ReadsElements(int input) => input == 0;

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        return Shape.TryBroadcast(inputs[0].Shape, inputs[1].Shape, out var shape) && inputs[1].Shape.Accepts(shape)
            ? [new(inputs[0].Type, inputs[1].Shape)]
            : throw Mismatch(inputs, "the first input's shape does not broadcast to the second's.");
    }

    /// <inheritdoc/>
    public override MemoryView? ViewOf(IReadOnlyList<TensorType> inputs, TensorType output) =>
        inputs[0].Shape.ElementCount == output.Shape.ElementCount ? new MemoryView(0) : null;

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => Kernel(context.Inputs[0], context.Outputs[0]);

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching)
    {
        var x = Batching.Aligned(inputs[0], node.Outputs[0].Shape.Rank);
        return [node.Outputs[0].Shape.IsKnown ? x.BroadcastTo(Shape.Of(batching.Length).Append(node.Outputs[0].Shape.Dimensions)) : x.BroadcastToLike(batching.Everywhere(inputs[1]))];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [outputGradients[0]!.ReduceToLike(node.Inputs[0]), null];

    /// <summary>A copy that repeats the first of two inputs; the second is read for its shape only.</summary>
    internal static Kernel Kernel(TensorType from, TensorType to) => new LeadingInputs(Copying(from, to), 1, 2, 1);

    /// <summary>A copy that repeats its only input.</summary>
    internal static Kernel Copying(TensorType from, TensorType to) => new BroadcastKernel(new Copy(), [from], to);

    private sealed record Copy : Elementwise
    {
        public override DType ResultType(IReadOnlyList<TensorType> inputs) => inputs[0].Type;

        public override TileFunction? Tile(IReadOnlyList<DType> inputs, IReadOnlyList<bool> scalar) => scalar[0] ? null : inputs[0].Size() switch
        {
            8 => new UnaryTile<long, long>(static (x, y) => x.CopyTo(y)),
            4 => new UnaryTile<int, int>(static (x, y) => x.CopyTo(y)),
            2 => new UnaryTile<short, short>(static (x, y) => x.CopyTo(y)),
            _ => new UnaryTile<byte, byte>(static (x, y) => x.CopyTo(y)),
        };
    }
}

/// <summary>Repeats the input, by the rules of broadcasting, in a fixed shape.</summary>
/// <remarks>Gradient: dy summed over the repeated dimensions.</remarks>
/// <param name="Target">The shape; an unknown length (−1) stays the input's.</param>
public sealed record BroadcastToShape(Shape Target) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        var (x, target) = (inputs[0].Shape, Target);
        for (var d = 1; d <= Math.Min(x.Rank, target.Rank); d++)
            if (target[^d] == Shape.Unknown) target = target.With(-d, x[^d]);
        if (target[..Math.Max(0, target.Rank - x.Rank)].Dimensions.Contains(Shape.Unknown)) throw Mismatch(inputs, $"an unknown length in {Target} stays the input's, which has no dimension there.");
        return Shape.TryBroadcast(x, target, out var shape) && target.Accepts(shape)
            ? [new(inputs[0].Type, shape)]
            : throw Mismatch(inputs, $"the shape does not broadcast to {Target}.");
    }

    /// <inheritdoc/>
    public override MemoryView? ViewOf(IReadOnlyList<TensorType> inputs, TensorType output) =>
        inputs[0].Shape.ElementCount == output.Shape.ElementCount ? new MemoryView(0) : null;

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => BroadcastTo.Copying(context.Inputs[0], context.Outputs[0]);

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        [Batching.Aligned(inputs[0], Target.Rank).BroadcastTo(Shape.Of(batching.Length).Append(Target.Dimensions))];

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) => [outputGradients[0]!.ReduceToLike(node.Inputs[0])];
}

/// <summary>Broadcasting.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.BroadcastTo"/>
    public static Value BroadcastToLike(this Value x, Value like) => x.Graph.Add(new BroadcastTo(), [x, like]);

    /// <inheritdoc cref="BroadcastToShape"/>
    public static Value BroadcastTo(this Value x, Shape shape) => x.Graph.Add(new BroadcastToShape(shape), [x]);
}
