using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// An operation that computes each element of its one output from the elements at the same place of its inputs, which broadcast as in
/// NumPy. Plans run neighbouring ones together, tile by tile.
/// </summary>
public abstract record Elementwise : Operation
{
    /// <summary>The output's element type.</summary>
    /// <exception cref="ShapeException">The operation does not take these types.</exception>
    public abstract DType ResultType(IReadOnlyList<TensorType> inputs);

    /// <summary>The function of tiles for inputs of the given types.</summary>
    /// <param name="inputs">The inputs' element types.</param>
    /// <param name="scalar">For each input, whether it is one element that stands for all.</param>
    /// <returns>Null where there is no special form for these scalars: they are then repeated along a tile.</returns>
    public abstract TileFunction? Tile(IReadOnlyList<DType> inputs, IReadOnlyList<bool> scalar);

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        var type = ResultType(inputs);
        var shape = inputs[0].Shape;
        foreach (var input in inputs.Skip(1))
            if (!Shape.TryBroadcast(shape, input.Shape, out shape))
                throw Mismatch(inputs, "the shapes do not broadcast: aligned from the last dimension, lengths must be equal or 1.");
        return [new(type, shape)];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => FusedElementwise.Single(this, context.Inputs, context.Outputs[0]) is { } fused
        ? fused.Prepare(context)
        : new BroadcastKernel(this, context.Inputs, context.Outputs[0]);

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching)
    {
        var rank = node.Inputs.Max(i => i.Shape.Rank);
        return node.Graph.AddNode(this, [.. inputs.Select(i => Batching.Aligned(i, rank))]).Outputs;
    }

    /// <summary>Throws unless all inputs have the same element type.</summary>
    protected DType SameType(IReadOnlyList<TensorType> inputs, int count)
    {
        ExpectInputs(inputs, count);
        foreach (var input in inputs)
            if (input.Type != inputs[0].Type)
                throw Mismatch(inputs, $"the element types differ; convert one side with Cast.");
        return inputs[0].Type;
    }
}
