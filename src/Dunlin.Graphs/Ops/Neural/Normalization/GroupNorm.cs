using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// Group normalisation (Wu and He, 2018): the channels of x[N, C, …] in groups of neighbours, each group of each example by its own statistics:
/// y = scale · (x − mean) / √(variance + ε) + shift. Inputs: x, scale[C], shift[C], of one floating-point type. Outputs: y, mean[N, Groups] and the biased
/// variance[N, Groups].
/// </summary>
/// <remarks>Gradients: <see cref="GroupNormBackward"/>, through the statistics.</remarks>
/// <param name="Groups">Divides C; 1 normalises each example as a whole, C each channel of it (instance normalisation).</param>
/// <param name="Epsilon">Keeps the root away from 0.</param>
/// <exception cref="ShapeException">The inputs do not fit, C is unknown, or can't be divided into the groups.</exception>
internal sealed record GroupNorm(int Groups, double Epsilon) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 3);
        BatchNorm.CheckChannels(inputs, Mismatch);
        var (type, x) = inputs[0];
        if (x[1] == Shape.Unknown || Groups < 1 || x[1] % Groups != 0) throw Mismatch(inputs, $"the number of channels is known and can be divided into {Groups} groups.");
        return [inputs[0], new(type, [x[0], Groups]), new(type, [x[0], Groups])];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => context.Heavy(new GroupNormForwardSpec(context.Inputs[0].Type, context.Inputs[0].Shape, Groups, Epsilon));

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        inputs[1].IsBatched || inputs[2].IsBatched
        ? batching.By(node, inputs, v =>
        {
            var normal = node.Graph.AddNode(this, [v[0], node.Inputs[1].OnesLike(), node.Inputs[1].ZerosLike()]).Outputs;
            return [normal[0] * BatchNorm.Channels(v[1], v[0]) + BatchNorm.Channels(v[2], v[0]), normal[1], normal[2]];
        })
        : batching.Joined(node, inputs, 1, 2);

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        var (x, mean) = (node.Inputs[0], node.Outputs[1]);
        var dy = outputGradients[0] ?? x.ZerosLike();
        var backward = node.Graph.AddNode(new GroupNormBackward(Groups, Epsilon), [x, node.Inputs[1], mean, node.Outputs[2], dy]).Outputs;
        return [Moments.Add(backward[0], x, mean, outputGradients, v => Wide(v, x)), backward[1], backward[2]];
    }

    /// <summary>A number for each group [N, Groups] repeated for the group's channels, to broadcast with x[N, C, …].</summary>
    internal Value Wide(Value perGroup, Value x)
    {
        var channels = x.Shape[1];
        var repeated = perGroup.ExpandLast().BroadcastTo([Shape.Unknown, Groups, channels / Groups]);
        return repeated.Reshape(Shape.Of(-1, channels).Append([.. Enumerable.Repeat(1, x.Shape.Rank - 2)]));
    }

    /// <summary>The mean of each group [N, Groups] of v[N, C, …]: that of its channels' means, which are all of equally many elements.</summary>
    internal Value Mean(Value v)
    {
        var channels = v.Shape.Rank == 2 ? v : v.Mean([.. Enumerable.Range(2, v.Shape.Rank - 2)]);
        return channels.Reshape([-1, Groups, v.Shape[1] / Groups]).Mean([-1]);
    }
}

/// <summary>The gradients of <see cref="GroupNorm"/>. Inputs: x, scale, mean, variance, dy. Outputs: dx, dscale[C], dshift[C].</summary>
/// <remarks>Gradients: those of the formula in simple operations.</remarks>
public sealed record GroupNormBackward(int Groups, double Epsilon) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 5);
        Moments.CheckBackward(new GroupNorm(Groups, Epsilon), inputs, Mismatch);
        return [inputs[0], inputs[1], inputs[1]];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => context.Heavy(new GroupNormBackwardSpec(context.Inputs[0].Type, context.Inputs[0].Shape, Groups, Epsilon));

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        Composition.Differentiate(node, outputGradients, Formula);

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) => batching.By(node, inputs, Formula);

    private Value[] Formula(IReadOnlyList<Value> inputs)
    {
        var (x, scale, dy) = (inputs[0], inputs[1], inputs[4]);
        var norm = new GroupNorm(Groups, Epsilon);
        var inverse = norm.Wide(1 / (inputs[3] + Epsilon).Sqrt(), x);
        var normal = (x - norm.Wide(inputs[2], x)) * inverse;
        var g = dy * BatchNorm.Channels(scale, x);
        var dx = (g - norm.Wide(norm.Mean(g), x) - normal * norm.Wide(norm.Mean(g * normal), x)) * inverse;
        return [dx, (dy * normal).Sum(BatchNorm.Rest(x)), dy.Sum(BatchNorm.Rest(x))];
    }
}

/// <summary>Group and instance normalisation.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.GroupNorm"/>
    public static Value GroupNorm(this Value x, int groups, Value scale, Value shift, double epsilon = 1e-5) =>
        x.Graph.AddNode(new GroupNorm(groups, epsilon), [x, scale, shift]).Outputs[0];

    /// <summary>
    /// Instance normalisation (Ulyanov et al., 2016): each channel of each example of x[N, C, S…] by its own statistics, y = scale · (x − mean) / √(variance + ε) + shift.
    /// It is <see cref="GroupNorm(Value, int, Value, Value, double)"/> with groups of one channel.
    /// </summary>
    /// <exception cref="ShapeException">x has no spatial dimension or an unknown number of channels.</exception>
    public static Value InstanceNorm(this Value x, Value scale, Value shift, double epsilon = 1e-5) => x.Shape.Rank >= 3 && x.Shape[1] != Shape.Unknown
        ? x.GroupNorm(Math.Max(1, x.Shape[1]), scale, shift, epsilon)
        : throw new ShapeException($"InstanceNorm takes x[N, C, S…] with a known number of channels, got {x}.");
}
