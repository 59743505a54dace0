using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>How a window slides over 1 to 3 spatial dimensions. Compared by value.</summary>
/// <param name="Strides">One for each spatial dimension.</param>
/// <param name="PadBegin">Zeros before each.</param>
/// <param name="PadEnd">Zeros after each.</param>
/// <param name="Dilations">Distance between taps; 1 is an ordinary window.</param>
/// <param name="Groups">Divides the channels of input and output into groups that do not mix.</param>
public sealed record Sliding(Shape Strides, Shape PadBegin, Shape PadEnd, Shape Dilations, int Groups = 1)
{
    /// <summary>The same stride, padding and dilation in each of some dimensions.</summary>
    public static Sliding Uniform(int dimensions, int stride = 1, int padding = 0, int dilation = 1, int groups = 1)
    {
        Shape All(int value) => Shape.Create([.. Enumerable.Repeat(value, dimensions)]);
        return new(All(stride), All(padding), All(padding), All(dilation), groups);
    }

    /// <summary>As many times the groups.</summary>
    internal Sliding Times(int groups) => this with { Groups = checked(Groups * groups) };

    internal ConvGeometry Geometry(Shape input, Shape weights) => new(input, weights, Strides, Dilations, PadBegin, PadEnd, Groups);

    /// <summary>The multiply-adds of a convolution, twice, without those on padding.</summary>
    internal long FlopsOnInput(Shape x, Shape w, Shape y)
    {
        var pairs = 1L;
        for (var d = 2; d < x.Rank; d++)
        {
            var (stride, dilation, pad, inside) = (Strides[d - 2], Dilations[d - 2], PadBegin[d - 2], 0L);
            for (var tap = 0; tap < w[d]; tap++)
            {
                // At place t it meets x[t · stride + offset].
                var offset = tap * dilation - pad;
                var first = Math.Max(0, (stride - 1 - offset) / stride);
                var end = x[d] <= offset ? 0 : Math.Min(y[d], (x[d] - 1 - offset) / stride + 1);
                inside += Math.Max(0, end - first);
            }
            pairs *= inside;
        }
        return 2 * x[0] * w[0] * w[1] * pairs;
    }

    internal bool Fits(int spatial) => Strides.Rank == spatial && PadBegin.Rank == spatial && PadEnd.Rank == spatial && Dilations.Rank == spatial
        && !Strides.Dimensions.ContainsAnyExceptInRange(1, int.MaxValue) && !Dilations.Dimensions.ContainsAnyExceptInRange(1, int.MaxValue)
        && !PadBegin.Dimensions.ContainsAnyExceptInRange(0, int.MaxValue) && !PadEnd.Dimensions.ContainsAnyExceptInRange(0, int.MaxValue) && Groups >= 1;
}

/// <summary>
/// Convolution (cross-correlation) over 1 to 3 spatial dimensions: x[N, C, S…] with w[O, C / groups, K…] gives y[N, O, T…],
/// y[n, o, t] = Σ_{c, k} x[n, c, t · stride + k · dilation − pad] · w[o, c, k].
/// </summary>
/// <remarks>Gradients: <see cref="ConvBackwardData"/> for x, <see cref="ConvBackwardWeights"/> for w.</remarks>
public sealed record Conv(Sliding Sliding) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        var (x, w) = (inputs[0].Shape, inputs[1].Shape);
        if (inputs[0].Type != inputs[1].Type || !inputs[0].Type.IsFloat()) throw Mismatch(inputs, "takes two tensors of one floating-point type.");
        if (x.Rank is < 3 or > 5 || w.Rank != x.Rank) throw Mismatch(inputs, "takes x[N, C, S…] and w[O, C / groups, K…] with 1 to 3 spatial dimensions.");
        if (!Sliding.Fits(x.Rank - 2)) throw Mismatch(inputs, $"strides, padding and dilations have {x.Rank - 2} entries each, at least 1, 0 and 1; got {Sliding}.");
        if (x[1] != Shape.Unknown && (x[1] != w[1] * Sliding.Groups || w[0] % Sliding.Groups != 0))
            throw Mismatch(inputs, $"{x[1]} channels in {Sliding.Groups} groups do not fit weights for {w[1]} channels a group and {w[0]} outputs.");
        var y = Sliding.Geometry(x, w).Output;
        return y.Dimensions[2..].Contains(0) ? throw Mismatch(inputs, $"the window does not fit into the padded input even once: the output would be {y}.") : [new(inputs[0].Type, y)];
    }

    /// <inheritdoc/>
    public override long Flops(IReadOnlyList<TensorType> inputs, IReadOnlyList<TensorType> outputs) => 2 * CountKnown(outputs[0].Shape) * CountKnown(inputs[1].Shape[1..]);

    /// <inheritdoc/>
    public override long LeastFlops(IReadOnlyList<TensorType> inputs, IReadOnlyList<TensorType> outputs) => Sliding.FlopsOnInput(inputs[0].Shape, inputs[1].Shape, outputs[0].Shape);

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => context.Heavy(Spec(context.Inputs, bias: false, Activation.None));

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        var (x, w, dy) = (node.Inputs[0], node.Inputs[1], outputGradients[0]!);
        return [dy.Graph.Add(new ConvBackwardData(Sliding), [w, dy, x]), dy.Graph.Add(new ConvBackwardWeights(Sliding), [x, dy, w])];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Value?> PushForward(Node node, IReadOnlyList<Value?> inputTangents) => Tangents.Bilinear(node, inputTangents);

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching)
    {
        var (x, w, y) = (inputs[0], inputs[1], node.Outputs[0].Shape);
        if (!w.IsBatched) return [batching.Apart(batching.Merged(x, 0).Conv(w.Value, Sliding), 0, y)];
        // Weights of their own are groups of their own.
        if (!x.IsBatched && Sliding.Groups == 1) return [batching.Apart(x.Value.Conv(batching.Merged(w, 0), Sliding), 1, y)];
        return batching.Length < 1 ? null : [batching.Apart(batching.Merged(x, 1).Conv(batching.Merged(w, 0), Sliding.Times(batching.Length)), 1, y)];
    }

    internal ConvForwardSpec Spec(IReadOnlyList<TensorType> inputs, bool bias, Activation activation) =>
        new(inputs[0].Type, Sliding.Geometry(inputs[0].Shape, inputs[1].Shape), bias, activation);
}

/// <summary>The gradient of a convolution with respect to its input, also known as transposed convolution. Inputs: w, dy, and x for its shape only.</summary>
/// <remarks>Gradients: it is linear in w and dy, so <see cref="ConvBackwardWeights"/> and <see cref="Conv"/>; none for x.</remarks>
public sealed record ConvBackwardData(Sliding Sliding) : Operation
{
    /// <inheritdoc/>
    public override bool ReadsElements(int input) => input < 2;

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 3);
        var y = new Conv(Sliding).Infer([inputs[2], inputs[0]])[0];
        return y.Type == inputs[1].Type && y.Shape.Accepts(inputs[1].Shape) ? [inputs[2]] : throw Mismatch(inputs, $"dy is like the convolution's output {y}.");
    }

    /// <inheritdoc/>
    public override long Flops(IReadOnlyList<TensorType> inputs, IReadOnlyList<TensorType> outputs) => 2 * CountKnown(inputs[1].Shape) * CountKnown(inputs[0].Shape[1..]);

    /// <inheritdoc/>
    public override long LeastFlops(IReadOnlyList<TensorType> inputs, IReadOnlyList<TensorType> outputs) => Sliding.FlopsOnInput(inputs[2].Shape, inputs[0].Shape, inputs[1].Shape);

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) =>
        context.Heavy(new ConvBackwardDataSpec(context.Inputs[0].Type, Sliding.Geometry(context.Inputs[2].Shape, context.Inputs[0].Shape)), inputs: 2);

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching)
    {
        var (w, dy, x) = (inputs[0], inputs[1], inputs[2]);
        if (w.IsBatched && batching.Length < 1) return null;
        var axis = w.IsBatched ? 1 : 0;
        var sliding = w.IsBatched ? Sliding.Times(batching.Length) : Sliding;
        var dx = node.Graph.Add(new ConvBackwardData(sliding), [w.IsBatched ? batching.Merged(w, 0) : w.Value, batching.Merged(dy, axis), batching.Merged(x, axis)]);
        return [batching.Apart(dx, axis, node.Outputs[0].Shape)];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        var (w, dy, ddx) = (node.Inputs[0], node.Inputs[1], outputGradients[0]!);
        return [w.Graph.Add(new ConvBackwardWeights(Sliding), [ddx, dy, w]), w.Graph.Add(new Conv(Sliding), [ddx, w]), null];
    }
}

/// <summary>The gradient of a convolution with respect to its weights. Inputs: x, dy, and w for its shape only.</summary>
/// <remarks>Gradients: it is linear in x and dy, so <see cref="ConvBackwardData"/> and <see cref="Conv"/>; none for w.</remarks>
public sealed record ConvBackwardWeights(Sliding Sliding) : Operation
{
    /// <inheritdoc/>
    public override bool ReadsElements(int input) => input < 2;

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 3);
        var y = new Conv(Sliding).Infer([inputs[0], inputs[2]])[0];
        return y.Type == inputs[1].Type && y.Shape.Accepts(inputs[1].Shape) ? [inputs[2]] : throw Mismatch(inputs, $"dy is like the convolution's output {y}.");
    }

    /// <inheritdoc/>
    public override long Flops(IReadOnlyList<TensorType> inputs, IReadOnlyList<TensorType> outputs) => 2 * CountKnown(inputs[1].Shape) * CountKnown(inputs[2].Shape[1..]);

    /// <inheritdoc/>
    public override long LeastFlops(IReadOnlyList<TensorType> inputs, IReadOnlyList<TensorType> outputs) => Sliding.FlopsOnInput(inputs[0].Shape, inputs[2].Shape, inputs[1].Shape);

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => context.Heavy(Spec(context.Inputs, bias: false), inputs: 2);

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching)
    {
        var (x, dy, w) = (inputs[0], inputs[1], inputs[2]);
        if (batching.Length < 1) return null;
        var shared = !x.IsBatched && Sliding.Groups == 1;
        var dw = node.Graph.Add(new ConvBackwardWeights(shared ? Sliding : Sliding.Times(batching.Length)),
            [shared ? x.Value : batching.Merged(x, 1), batching.Merged(dy, 1), batching.Merged(w, 0)]);
        return [batching.Apart(dw, 0, node.Outputs[0].Shape)];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        var (x, dy, ddw) = (node.Inputs[0], node.Inputs[1], outputGradients[0]!);
        return [x.Graph.Add(new ConvBackwardData(Sliding), [ddw, dy, x]), x.Graph.Add(new Conv(Sliding), [x, ddw]), null];
    }

    internal ConvBackwardWeightsSpec Spec(IReadOnlyList<TensorType> inputs, bool bias) => new(inputs[0].Type, Sliding.Geometry(inputs[0].Shape, inputs[2].Shape), bias);
}

/// <summary>Convolutions.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.Conv"/>
    public static Value Conv(this Value x, Value weights, Sliding? sliding = null) =>
        x.Graph.Add(new Conv(sliding ?? Sliding.Uniform(Math.Max(0, x.Shape.Rank - 2))), [x, weights]);
}
