using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Training.Layers;

/// <summary>The last dimension as two, and back, where one of the others may be unknown besides the batch.</summary>
internal static class LastDimensions
{
    /// <summary>x[N, T, a · b] as [N, T, a, b].</summary>
    public static Value ReshapeLastTwo(this Value x, int a, int b) => x.Shape[..^1] is { } outer && outer.Dimensions.Count(Shape.Unknown) <= 1
        ? x.Reshape(outer.Append(a, b))
        : Operations.Stack(x.Split(a, -1), -2);

    /// <summary>x[N, T, a, b] as [N, T, a · b].</summary>
    public static Value JoinLastTwo(this Value x) => x.Shape[..^2] is { } outer && outer.Dimensions.Count(Shape.Unknown) <= 1
        ? x.Reshape(outer.Append(x.Shape[^2] * x.Shape[^1]))
        : Operations.Concat(x.Unstack(-2), -1);
}
