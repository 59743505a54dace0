using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>Sums the first input over the dimensions along which the second was broadcast: the gradient of broadcasting.</summary>
/// <remarks>Gradient: dy repeated in the shape of the first input.</remarks>
public sealed record ReduceToLike : Operation
{
    /// <inheritdoc/>
    public override bool ReadsElements(int input) => input == 0;

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        return Shape.TryBroadcast(inputs[0].Shape, inputs[1].Shape, out _)
            ? [new(inputs[0].Type, inputs[1].Shape)]
            : throw Mismatch(inputs, "the second input's shape does not broadcast to the first's.");
    }

    /// <inheritdoc/>
    public override MemoryView? ViewOf(IReadOnlyList<TensorType> inputs, TensorType output) =>
        inputs[0].Shape.ElementCount == output.Shape.ElementCount ? new MemoryView(0) : null;

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context)
    {
        var (x, y) = (context.Inputs[0].Shape, context.Outputs[0].Shape);
        var lead = x.Rank - y.Rank;
        int[] axes = [.. Enumerable.Range(0, x.Rank).Where(d => d < lead || (y[d - lead] == 1 && x[d] != 1))];
        return new LeadingInputs(ReduceKernel.Create(Reducer.Sum, context.Inputs[0], context.Outputs[0], axes, context.Threads), 1, 2, 1);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching)
    {
        var (x, y) = (node.Inputs[0].Shape, node.Outputs[0].Shape);
        var lead = x.Rank - y.Rank;
        if (y.Dimensions.Contains(Shape.Unknown))
        {
            var like = Batching.Aligned(new(batching.Everywhere(inputs[1]), true), x.Rank);
            var sum = batching.Everywhere(inputs[0]).ReduceToLike(like);
            return [lead == 0 ? sum : sum.Squeeze([.. Enumerable.Range(1, lead)])];
        }
        int[] axes = [.. Enumerable.Range(0, x.Rank).Where(d => d < lead || (y[d - lead] == 1 && x[d] != 1)).Select(d => d + 1)];
        return [batching.WithShape(axes.Length == 0 ? inputs[0].Value : inputs[0].Value.Sum(axes, keepDimensions: true), y)];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [outputGradients[0]!.BroadcastToLike(node.Inputs[0]), null];
}

/// <summary>Sums of broadcast gradients.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.ReduceToLike"/>
    public static Value ReduceToLike(this Value x, Value like) => ReferenceEquals(x, like) || (x.Shape.IsKnown && x.Shape == like.Shape)
        ? x
        : x.Graph.Add(new ReduceToLike(), [x, like]);
}
