using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// Grey-scale dilation of each channel by a structuring element: x[N, C, S…] with 1 to 3 spatial dimensions and w[C, K…] give
/// y[n, c, t] = max_k x[n, c, t · stride + k · dilation − pad] + w[c, k] over the k that are not on padding. Outputs: y[N, C, T…], the winners' places in
/// their planes (Int64) and their k (Int32, row-major), both of y's shape; the first of equals. All floating-point types.
/// </summary>
/// <remarks>Gradients: for x dy at the winners' places, for w the sum of dy over the positions that each k won.</remarks>
/// <exception cref="ShapeException">The attributes do not fit, or a window sees nothing but padding.</exception>
public sealed record Dilation2D(Sliding Sliding) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        var (x, w) = (inputs[0], inputs[1]);
        if (w.Type != x.Type || w.Shape.Rank != x.Shape.Rank - 1 || !w.Shape.IsKnown || !Shape.Of(w.Shape[0]).Accepts([x.Shape[1]]))
            throw Mismatch(inputs, "takes x[N, C, S…] and w[C, K…] of one type, w's shape fully known.");
        var y = Pooled(w.Shape).Infer([x])[0];
        return [y, y with { Type = DType.Int64 }, y with { Type = DType.Int32 }];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context)
    {
        var (x, w, y) = (context.Inputs[0].Shape, context.Inputs[1].Shape, context.Outputs[0].Shape);
        var axes = RegionAxis.Three(Pooled(w).Axes(x, y));
        return WidenedKernel.Create(context.Inputs, context.Outputs, (inputs, _) => inputs[0].Type == DType.Float64
            ? new RegionMaxKernel<double>(axes, x[..2].ElementCount, x[1], 2)
            : new RegionMaxKernel<float>(axes, x[..2].ElementCount, x[1], 2));
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching)
    {
        // Without weights of their own, examples are more of the batch; with them, more of the channels, which do not mix.
        if (!inputs[1].IsBatched) return batching.Joined(node, inputs, shared: 1);
        if (!node.Inputs[0].Shape.IsKnown) return null;
        var outputs = node.Graph.AddNode(this, [batching.Merged(inputs[0], 1), batching.Merged(inputs[1], 0)]).Outputs;
        return [.. outputs.Select((y, o) => batching.Apart(y, 1, node.Outputs[o].Shape))];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        var (x, w, dy) = (node.Inputs[0], node.Inputs[1], outputGradients[0]!);
        // [N, C, Πk], for its shape only.
        var like = x.Mean([.. Enumerable.Range(2, x.Shape.Rank - 2)]).ExpandDims(-1).BroadcastTo([Shape.Unknown, Shape.Unknown, checked((int)w.Shape[1..].ElementCount)]);
        var dw = x.Graph.Add(new PutAlong(), [dy.Flatten(2), node.Outputs[2].Flatten(2), like]).Sum([0]).ReshapeLike(w);
        return [Places.Return(node, dy), dw];
    }

    private MaxPoolWithIndices Pooled(Shape w) => new(w[1..], Sliding);
}

/// <summary>Mathematical morphology.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.Dilation2D"/>
    public static Value Dilation2D(this Value x, Value weights, Sliding? sliding = null) =>
        x.Graph.AddNode(new Dilation2D(sliding ?? Sliding.Uniform(Math.Max(0, x.Shape.Rank - 2))), [x, weights]).Outputs[0];

    /// <summary>
    /// Grey-scale erosion, the dual of <see cref="Dilation2D(Value, Value, Sliding?)"/>: y[n, c, t] = min_k x[n, c, t · stride + k · dilation − pad] − w[c, k].
    /// </summary>
    public static Value Erosion2D(this Value x, Value weights, Sliding? sliding = null) => -(-x).Dilation2D(weights, sliding);
}
