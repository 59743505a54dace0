using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// Maximum pooling that also says where the maxima are: x[N, C, S…] with 1 to 3 spatial dimensions gives y[N, C, T…] and their places (Int64) of the
/// same shape, row-major within their plane S…, the first of equals. Unlike <see cref="Pool"/> it knows dilation. All floating-point types.
/// </summary>
/// <remarks>Gradient: dy where the maxima are (<see cref="PutAlong"/>), so that it can be differentiated again.</remarks>
/// <exception cref="ShapeException">The attributes do not fit, or a window sees nothing but padding.</exception>
public sealed record MaxPoolWithIndices(Shape Window, Sliding Sliding) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        var (type, x) = inputs[0];
        if (!type.IsFloat() || x.Rank is < 3 or > 5 || Window.Rank != x.Rank - 2 || !Sliding.Fits(x.Rank - 2) || Window.Dimensions.ContainsAnyExceptInRange(1, int.MaxValue))
            throw Mismatch(inputs, $"takes floating-point x[N, C, S…] with 1 to 3 spatial dimensions and as many entries in window {Window} and {Sliding}.");
        var y = Sliding.Geometry(x, x[..2].Append(Window.Dimensions)).Output.With(1, x[1]);
        if (y.Dimensions[2..].Contains(0)) throw Mismatch(inputs, $"the window {Window} does not fit into the padded input even once.");
        for (var d = 2; d < x.Rank; d++)
            if (x[d] != Shape.Unknown && Axis(x, y, d).FirstBlind() is >= 0 and var blind)
                throw Mismatch(inputs, $"the window at position {blind} of dimension {d} sees nothing but padding; pad less than {Sliding.PadBegin}, {Sliding.PadEnd}.");
        return [new(type, y), new(DType.Int64, y)];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context)
    {
        var (x, y) = (context.Inputs[0].Shape, context.Outputs[0].Shape);
        return Places.Kernel(context, Axes(x, y));
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        batching.Joined(node, inputs);

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) => [Places.Return(node, outputGradients[0]!)];

    internal IEnumerable<RegionAxis> Axes(Shape x, Shape y) => Enumerable.Range(2, x.Rank - 2).Select(d => Axis(x, y, d));

    private RegionAxis Axis(Shape x, Shape y, int d) =>
        RegionAxis.Window(x[d], y[d], Window[d - 2], Sliding.Strides[d - 2], Sliding.PadBegin[d - 2], Sliding.Dilations[d - 2]);
}

/// <summary>
/// The maximum of each of some parts of almost equal size: x[N, C, S…] with 1 to 3 spatial dimensions gives y[N, C, Size…] and the maxima's places (Int64)
/// as <see cref="MaxPoolWithIndices"/>. Part i of m of a dimension of n elements goes from ⌊i · n / m⌋ to ⌈(i + 1) · n / m⌉ (exclusive). All floating-point types.
/// </summary>
/// <remarks>Gradient: dy where the maxima are.</remarks>
/// <exception cref="ShapeException">The size does not fit the input, or a dimension of it has no elements.</exception>
internal sealed record AdaptiveMaxPool(Shape Size) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        var y = AdaptiveAveragePool.Check(inputs, Size, Mismatch);
        return [y, y with { Type = DType.Int64 }];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => Places.Kernel(context, AdaptiveAveragePool.Axes(context.Inputs[0].Shape, Size));

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        batching.Joined(node, inputs);

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) => [Places.Return(node, outputGradients[0]!)];
}

/// <summary>What poolings with places have in common.</summary>
internal static class Places
{
    /// <summary>The kernel for regions that are the same for each plane.</summary>
    public static Kernel Kernel(PrepareContext context, IEnumerable<RegionAxis> axes)
    {
        var planes = context.Inputs[0].Shape[..2].ElementCount;
        var three = RegionAxis.Three(axes);
        return WidenedKernel.Create(context.Inputs, context.Outputs, (inputs, _) => inputs[0].Type == DType.Float64
            ? new RegionMaxKernel<double>(three, planes, 0, 1)
            : new RegionMaxKernel<float>(three, planes, 0, 1));
    }

    /// <summary>dy put where the maxima (the node's output 1 says where) are in its input 0.</summary>
    public static Value Return(Node node, Value dy) => Return(dy, node.Outputs[1], node.Inputs[0]);

    /// <summary>dy put at some places of each plane of x.</summary>
    public static Value Return(Value dy, Value places, Value x) =>
        x.Graph.Add(new PutAlong(), [dy.Flatten(2), places.Flatten(2), x.Flatten(2)]).ReshapeLike(x);

    /// <summary>The elements of x at some places of each plane.</summary>
    public static Value Take(Value x, Value places) => x.Flatten(2).TakeAlong(places.Flatten(2)).ReshapeLike(places);
}
