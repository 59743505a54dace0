using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// Pooling over 1 to 3 spatial dimensions: x[N, C, S…] gives y[N, C, T…], each element the maximum or mean of a window.
/// Maximum pooling has a second output, in which its kernel remembers where the maxima were.
/// </summary>
/// <remarks>Gradient: <see cref="PoolBackward"/>.</remarks>
public sealed record Pool(PoolKind Kind, Shape Window, Sliding Sliding) : Operation
{
    /// <inheritdoc/>
    public override string Name => Kind == PoolKind.Max ? "MaxPool" : "AveragePool";

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        var (type, x) = inputs[0];
        if (!type.IsFloat() || x.Rank is < 3 or > 5 || Window.Rank != x.Rank - 2 || !Sliding.Fits(x.Rank - 2))
            throw Mismatch(inputs, $"takes floating-point x[N, C, S…] with 1 to 3 spatial dimensions and as many entries in window {Window} and {Sliding}.");
        for (var d = 0; d < Window.Rank; d++)
            if (Sliding.PadBegin[d] >= Window[d] || Sliding.PadEnd[d] >= Window[d]) throw Mismatch(inputs, $"padding {Sliding.PadBegin}, {Sliding.PadEnd} is smaller than the window {Window}.");
        if (Sliding.Dilations.Dimensions.ContainsAnyExcept(1)) throw Mismatch(inputs, $"its windows are not dilated ({Sliding.Dilations}); MaxPoolWithIndices' are.");
        var geometry = Geometry(x);
        if (geometry.Output.Dimensions[2..].Contains(0)) throw Mismatch(inputs, $"the window {Window} does not fit into the padded input even once.");
        var y = new TensorType(type, geometry.Output);
        return Kind == PoolKind.Max ? [y, new(geometry.WorkspaceType, geometry.Output)] : [y];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => context.Heavy(new PoolForwardSpec(context.Inputs[0].Type, Geometry(context.Inputs[0].Shape), Kind));

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        [.. node.Graph.AddNode(this, [.. inputs.Select(i => batching.Merged(i, 0))]).Outputs.Select((y, o) => batching.Apart(y, 0, node.Outputs[o].Shape))];

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        var (x, dy) = (node.Inputs[0], outputGradients[0]!);
        return [x.Graph.Add(new PoolBackward(Kind, Window, Sliding), Kind == PoolKind.Max ? [dy, node.Outputs[1], x] : [dy, x])];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Value?> PushForward(Node node, IReadOnlyList<Value?> inputTangents) => inputTangents[0] is not { } tangent
        ? new Value?[node.Outputs.Count]
        : Kind == PoolKind.Max ? [AtMaxima(node.Inputs[0], tangent), null] : [node.Graph.Add(this, [tangent])];

    /// <summary>
    /// The elements of another tensor where x has the first maximum of each window. They are found anew, because where the maxima were is a
    /// secret of the kernel that found them.
    /// </summary>
    internal Value AtMaxima(Value x, Value other) => Places.Take(other, x.MaxPoolWithIndices(Window, Sliding).Indices);

    internal PoolGeometry Geometry(Shape input) => new(input, Window, Sliding.Strides, Sliding.PadBegin, Sliding.PadEnd);
}

/// <summary>The gradient of <see cref="Pool"/>. Inputs: dy, for maximum pooling where the maxima were, and x for its shape only.</summary>
/// <remarks>Gradients: it is linear in dy, so that of mean pooling's is mean pooling, that of maximum pooling's the elements at the first maximum of each window.</remarks>
public sealed record PoolBackward(PoolKind Kind, Shape Window, Sliding Sliding) : Operation
{
    /// <inheritdoc/>
    public override string Name => Kind == PoolKind.Max ? "MaxPoolBackward" : "AveragePoolBackward";

    /// <inheritdoc/>
    public override bool ReadsElements(int input) => input < (Kind == PoolKind.Max ? 2 : 1);

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, Kind == PoolKind.Max ? 3 : 2);
        TensorType[] forward = new Pool(Kind, Window, Sliding).Infer([inputs[^1]]);
        for (var i = 0; i < forward.Length; i++)
            if (inputs[i].Type != forward[i].Type || !inputs[i].Shape.Accepts(forward[i].Shape)) throw Mismatch(inputs, $"the inputs before the last are like the outputs of the pooling: {string.Join(", ", forward)}.");
        return [inputs[^1]];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => context.Heavy(
        new PoolBackwardSpec(context.Inputs[0].Type, new Pool(Kind, Window, Sliding).Geometry(context.Outputs[0].Shape), Kind), inputs: Kind == PoolKind.Max ? 2 : 1);

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        [.. node.Graph.AddNode(this, [.. inputs.Select(i => batching.Merged(i, 0))]).Outputs.Select((y, o) => batching.Apart(y, 0, node.Outputs[o].Shape))];

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        var pool = new Pool(Kind, Window, Sliding);
        return Kind == PoolKind.Max
            ? [pool.AtMaxima(node.Inputs[2], outputGradients[0]!), null, null]
            : [node.Graph.Add(pool, [outputGradients[0]!]), null];
    }
}

/// <summary>Pooling.</summary>
public static partial class Operations
{
    /// <summary>The largest element of each window; see <see cref="Pool"/>.</summary>
    public static Value MaxPool(this Value x, Shape window, Sliding sliding) => x.Graph.Add(new Pool(PoolKind.Max, window, sliding), [x]);

    /// <summary>The mean of each window; see <see cref="Pool"/>.</summary>
    public static Value AveragePool(this Value x, Shape window, Sliding sliding, bool includePadding = false) =>
        x.Graph.Add(new Pool(includePadding ? PoolKind.AverageIncludingPadding : PoolKind.AverageExcludingPadding, window, sliding), [x]);
}
