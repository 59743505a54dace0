using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// Transposed convolution over 1 to 3 spatial dimensions (Dumoulin and Visin, 2016): the adjoint of the <see cref="Conv"/> with the same weights.
/// x[N, C, T…] with w[C, O / groups, K…] gives y[N, O, S…], S = (T − 1) · stride − padBegin − padEnd + dilation · (K − 1) + outputPadding + 1,
/// y[n, o, t · stride + k · dilation − padBegin] = Σ_c x[n, c, t] · w[c, o, k] summed over all (t, k) that meet there. Inputs: w, x, of one
/// floating-point type (w first, as the kernel that it shares with <see cref="ConvBackwardData"/> takes them).
/// </summary>
/// <remarks>Gradients: <see cref="Conv"/> of dy for x, <see cref="ConvBackwardWeights"/> for w.</remarks>
/// <param name="Sliding">That of the convolution which it is the adjoint of.</param>
/// <param name="OutputPadding">
/// Elements added at the end of each spatial dimension, at least 0 and less than the stride: inputs of several lengths give a strided convolution the same output, and this says which is meant.
/// </param>
/// <exception cref="ShapeException">Types, channels or attributes do not fit, or a length of the output would not be positive.</exception>
public sealed record ConvTranspose(Sliding Sliding, Shape OutputPadding) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        var (w, x) = (inputs[0].Shape, inputs[1].Shape);
        if (inputs[0].Type != inputs[1].Type || !inputs[0].Type.IsFloat()) throw Mismatch(inputs, "takes two tensors of one floating-point type.");
        if (x.Rank is < 3 or > 5 || w.Rank != x.Rank) throw Mismatch(inputs, "takes w[C, O / groups, K…] and x[N, C, T…] with 1 to 3 spatial dimensions.");
        var spatial = x.Rank - 2;
        if (!Sliding.Fits(spatial)) throw Mismatch(inputs, $"strides, padding and dilations have {spatial} entries each, at least 1, 0 and 1; got {Sliding}.");
        if (x[1] != Shape.Unknown && (x[1] != w[0] || w[0] % Sliding.Groups != 0))
            throw Mismatch(inputs, $"{x[1]} channels in {Sliding.Groups} groups do not fit weights for {w[0]} channels.");
        if (OutputPadding.Rank != spatial) throw Mismatch(inputs, $"output padding {OutputPadding} has {spatial} entries.");
        var lengths = x.Dimensions.ToArray();
        lengths[1] = w[1] == Shape.Unknown ? Shape.Unknown : checked(w[1] * Sliding.Groups);
        for (var d = 0; d < spatial; d++)
        {
            if (OutputPadding[d] < 0 || OutputPadding[d] >= Sliding.Strides[d]) throw Mismatch(inputs, $"output padding {OutputPadding} is at least 0 and less than the stride {Sliding.Strides}.");
            if (x[d + 2] == Shape.Unknown || w[d + 2] == Shape.Unknown) lengths[d + 2] = Shape.Unknown;
            else
            {
                lengths[d + 2] = checked((x[d + 2] - 1) * Sliding.Strides[d] - Sliding.PadBegin[d] - Sliding.PadEnd[d] + Sliding.Dilations[d] * (w[d + 2] - 1) + OutputPadding[d] + 1);
                if (lengths[d + 2] < 1) throw Mismatch(inputs, $"padding {Sliding.PadBegin}, {Sliding.PadEnd} would leave nothing of spatial dimension {d}: its length would be {lengths[d + 2]}.");
            }
        }
        return [new(inputs[0].Type, Shape.Create(lengths))];
    }

    /// <inheritdoc/>
    /// <remarks>Each element of the input meets each tap once.</remarks>
    public override long Flops(IReadOnlyList<TensorType> inputs, IReadOnlyList<TensorType> outputs) => 2 * CountKnown(inputs[1].Shape) * CountKnown(inputs[0].Shape[1..]);

    /// <inheritdoc/>
    public override long LeastFlops(IReadOnlyList<TensorType> inputs, IReadOnlyList<TensorType> outputs) => Sliding.FlopsOnInput(outputs[0].Shape, inputs[0].Shape, inputs[1].Shape);

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) =>
        context.Heavy(new ConvBackwardDataSpec(context.Inputs[0].Type, Sliding.Geometry(context.Outputs[0].Shape, context.Inputs[0].Shape)));

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching)
    {
        var (w, x) = (inputs[0], inputs[1]);
        if (!w.IsBatched) return batching.Joined(node, inputs, shared: 0);
        // Weights of their own are groups of their own.
        if (batching.Length < 1) return null;
        var y = node.Graph.Add(this with { Sliding = Sliding.Times(batching.Length) }, [batching.Merged(w, 0), batching.Merged(x, 1)]);
        return [batching.Apart(y, 1, node.Outputs[0].Shape)];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        var (w, x, dy) = (node.Inputs[0], node.Inputs[1], outputGradients[0]!);
        return [dy.Graph.Add(new ConvBackwardWeights(Sliding), [dy, x, w]), dy.Conv(w, Sliding)];
    }
}

/// <summary>Transposed, depthwise and separable convolutions.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.ConvTranspose"/>
    /// <param name="x">x[N, C, T…].</param>
    /// <param name="weights">w[C, O / groups, K…].</param>
    /// <param name="sliding">Stride 1 without padding unless given.</param>
    /// <param name="outputPadding">None unless given.</param>
    public static Value ConvTranspose(this Value x, Value weights, Sliding? sliding = null, Shape? outputPadding = null)
    {
        var spatial = Math.Max(0, x.Shape.Rank - 2);
        return x.Graph.Add(new ConvTranspose(sliding ?? Sliding.Uniform(spatial), outputPadding ?? Shape.Create([.. Enumerable.Repeat(0, spatial)])), [weights, x]);
    }

    /// <summary>
    /// Convolution of each channel by itself: x[N, C, S…] with w[C · m, 1, K…] gives y[N, C · m, T…], whose channels c · m to c · m + m − 1 come from channel c.
    /// It is <see cref="Conv"/> with as many groups as channels.
    /// </summary>
    /// <param name="x">x[N, C, S…]; C is known.</param>
    /// <param name="weights">w[C · m, 1, K…] for some multiplier m.</param>
    /// <param name="sliding">Stride 1 without padding unless given; its groups do not count.</param>
    /// <exception cref="ShapeException">The number of channels is unknown, or does not fit the weights.</exception>
    public static Value DepthwiseConv(this Value x, Value weights, Sliding? sliding = null)
    {
        if (x.Shape.Rank < 3 || x.Shape[1] == Shape.Unknown) throw new ShapeException($"DepthwiseConv takes x[N, C, S…] with a known number of channels, got {x}.");
        return x.Conv(weights, (sliding ?? Sliding.Uniform(x.Shape.Rank - 2)) with { Groups = x.Shape[1] });
    }

    /// <summary>
    /// A <see cref="DepthwiseConv"/> and then a convolution of window 1 that mixes the channels (Chollet, 2017): x[N, C, S…] gives y[N, O, T…].
    /// </summary>
    /// <param name="x">x[N, C, S…]; C is known.</param>
    /// <param name="depthwise">w[C · m, 1, K…] for some multiplier m.</param>
    /// <param name="pointwise">w[O, C · m, 1…].</param>
    /// <param name="sliding">Of the depthwise convolution: stride 1 without padding unless given.</param>
    public static Value SeparableConv(this Value x, Value depthwise, Value pointwise, Sliding? sliding = null) => x.DepthwiseConv(depthwise, sliding).Conv(pointwise);
}
