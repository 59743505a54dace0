namespace Dunlin.Graphs.Ops;

/// <summary>The same elements with one more dimension, of length 1.</summary>
/// <remarks>Gradient: dy in the shape of x.</remarks>
/// <param name="Axis">Where the new dimension stands in the result; a negative one counts from the end of the result.</param>
public sealed record ExpandDims(int Axis) : View
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        var (type, x) = inputs[0];
        var axis = Axis < 0 ? Axis + x.Rank + 1 : Axis;
        return axis >= 0 && axis <= x.Rank ? [new(type, x[..axis].Append(1).Append(x.Dimensions[axis..]))] : throw Mismatch(inputs, $"can't put a dimension at {Axis} among {x.Rank}.");
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        [node.Graph.Add(new ExpandDims(Batching.Axis(Axis)), [batching.Everywhere(inputs[0])])];

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [outputGradients[0]!.ReshapeLike(node.Inputs[0])];
}

/// <summary>The same elements without dimensions of length 1.</summary>
/// <remarks>Gradient: dy in the shape of x.</remarks>
/// <param name="Axes">Which dimensions to remove; a negative one counts from the last.</param>
public sealed record Squeeze(Axes Axes) : View
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        var (type, x) = inputs[0];
        if (Axes.Values.Any(a => !Along.Fits(a, x))) throw Mismatch(inputs, $"there are no dimensions {Axes} among {x.Rank}.");
        var gone = Axes.Values.Select(a => a < 0 ? a + x.Rank : a).ToHashSet();
        foreach (var axis in gone)
            if (x[axis] is not (1 or Shape.Unknown)) throw Mismatch(inputs, $"dimension {axis} has length {x[axis]}; only those of length 1 can be removed.");
        return [new(type, Shape.Create([.. x.Dimensions.ToArray().Where((_, d) => !gone.Contains(d))]))];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        [node.Graph.Add(new Squeeze(Batching.Axis(Axes)), [batching.Everywhere(inputs[0])])];

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [outputGradients[0]!.ReshapeLike(node.Inputs[0])];
}

/// <summary>Dimensions of length 1.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.ExpandDims"/>
    public static Value ExpandDims(this Value x, int axis) => x.Graph.Add(new ExpandDims(axis), [x]);

    /// <inheritdoc cref="Ops.Squeeze"/>
    public static Value Squeeze(this Value x, params int[] axes) => x.Graph.Add(new Squeeze(new Axes(axes)), [x]);

    /// <summary>With a last dimension of length 1.</summary>
    internal static Value ExpandLast(this Value x) => x.ExpandDims(-1);
}
