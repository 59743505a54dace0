using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Training.Layers;

/// <summary>All dimensions but the batch as one: x[N, d…] gives y[N, Πd].</summary>
public sealed class Flatten : Layer
{
    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input) => input.Flatten();
}

/// <summary>Each example under another shape: x[N, …] gives y[N, shape…].</summary>
/// <param name="shape">The shape without the batch; every length known.</param>
public sealed class Reshape(Shape shape) : Layer
{
    /// <inheritdoc/>
    protected internal override Value Build(BuildContext context, Value input)
    {
        var example = input.Shape.Rank > 0 ? input.Shape[1..] : throw new ShapeException($"expected x[N, …], got {input.Shape}.");
        if (example.IsKnown && example.ElementCount != shape.ElementCount)
            throw new ShapeException($"expected examples of {shape.ElementCount} elements for the shape {shape}, got {example} of {example.ElementCount}.");
        return input.Reshape(Shape.Of(Shape.Unknown).Append(shape.Dimensions));
    }
}
