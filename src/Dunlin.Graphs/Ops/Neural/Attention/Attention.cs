using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>Which of an attention's optional inputs there are, and its attributes.</summary>
/// <param name="Scale">What scores are multiplied with.</param>
/// <param name="Causal">Whether query i sees only keys 0 to i.</param>
/// <param name="Mask">Whether there is a mask: Bool or of the queries' type.</param>
/// <param name="Lengths">Whether there are lengths, Int32.</param>
/// <param name="Dropout">Which weights are dropped, by an Int64 scalar; null for none.</param>
public sealed record AttentionForm(double Scale, bool Causal, bool Mask, bool Lengths, WeightDropout? Dropout)
{
    /// <summary>How many inputs come before those that only gradients have.</summary>
    public int Inputs => 3 + (Mask ? 1 : 0) + (Lengths ? 1 : 0) + (Dropout is null ? 0 : 1);

    private int LengthInput => Mask ? 4 : 3;

    /// <summary>Why the inputs do not fit, in a sentence; null where they do.</summary>
    public string? Problem(IReadOnlyList<TensorType> inputs)
    {
        var (type, q) = inputs[0];
        var (k, v) = (inputs[1].Shape, inputs[2].Shape);
        if (!type.IsFloat() || inputs[1].Type != type || inputs[2].Type != type) return "queries, keys and values are of one floating-point type.";
        if (q.Rank < 2 || k.Rank != q.Rank || v.Rank != q.Rank || !q[..^2].Accepts(k[..^2]) || !q[..^2].Accepts(v[..^2]) || !q[^1..].Accepts(k[^1..]) || !k[^2..^1].Accepts(v[^2..^1]))
            return "takes q[…, Q, D], k[…, K, D] and v[…, K, E] with equal leading dimensions.";
        if (Mask && inputs[3].Type != DType.Bool && inputs[3].Type != type) return $"the mask is Bool or {type}, not {inputs[3].Type}.";
        if (Mask && !Broadcasts(inputs[3].Shape, [.. q[..^1].Dimensions, k[^2]], 0)) return $"a mask {inputs[3].Shape} does not broadcast to the scores […, Q, K].";
        if (Lengths && inputs[LengthInput].Type != DType.Int32) return $"lengths are Int32, not {inputs[LengthInput].Type}.";
        if (Lengths && !Broadcasts(inputs[LengthInput].Shape, q[..^2], Math.Max(0, q.Rank - 2 - inputs[LengthInput].Shape.Rank)))
            return $"lengths {inputs[LengthInput].Shape} do not broadcast to {q[..^2]}, from the first dimension on.";
        return Dropout is not null && inputs[Inputs - 1] != new TensorType(DType.Int64, Shape.Scalar) ? $"the counter is an Int64 scalar, not {inputs[Inputs - 1]}." : null;
    }

    /// <summary>The geometry for known types.</summary>
    public AttentionGeometry Geometry(IReadOnlyList<TensorType> inputs) => new(inputs[0].Shape, inputs[1].Shape, inputs[2].Shape, Scale, Causal)
    {
        Mask = Mask ? inputs[3].Shape : null,
        MaskHides = Mask && inputs[3].Type == DType.Bool,
        Lengths = Lengths ? inputs[LengthInput].Shape : null,
        Dropout = Dropout,
    };

    /// <summary>The work of some products of queries with keys, along D, and of weights with values, along E.</summary>
    public long Flops(IReadOnlyList<TensorType> inputs, int alongD, int alongE)
    {
        var (q, k, v) = (inputs[0].Shape, inputs[1].Shape, inputs[2].Shape);
        var (queries, keys) = (Operation.CountKnown(q[^2..^1]), Operation.CountKnown(k[^2..^1]));
        // A causal query sees the keys up to its own place; what a mask or lengths hide is known only when it runs.
        var few = Math.Min(queries, keys);
        var pairs = Causal ? few * (few + 1) / 2 + (queries - few) * keys : queries * keys;
        return 2 * Operation.CountKnown(q[..^2]) * pairs * (alongD * Operation.CountKnown(q[^1..]) + alongE * Operation.CountKnown(v[^1..]));
    }

    /// <summary>The type of ln Σ exp: 16 bits would not do for the weights that are computed from it again.</summary>
    public static TensorType Totals(TensorType query) => new(query.Type.IsHalf() ? DType.Float32 : query.Type, query.Shape[..^1]);

    /// <summary>The output by simple operations, from the same inputs.</summary>
    public Value Composed(IReadOnlyList<Value> inputs) => Operations.Attend(inputs[0] * Scale, inputs[1], inputs[2], Options(inputs), Mask ? inputs[3] : null, first: 0);

    /// <summary>ln Σ exp by simple operations, from the same inputs.</summary>
    public Value ComposedTotals(IReadOnlyList<Value> inputs)
    {
        var (scores, seen, _) = Operations.Scores(inputs[0] * Scale, inputs[1], Options(inputs), Mask ? inputs[3] : null, first: 0);
        return (seen is null ? scores : Operations.Select(seen, scores, scores.Lowest())).Cast(Totals(inputs[0].TensorType).Type).LogSumExp([-1]);
    }

    private AttentionOptions Options(IReadOnlyList<Value> inputs) => new()
    {
        Causal = Causal,
        KeyLengths = Lengths ? inputs[LengthInput] : null,
        Dropout = Dropout is { } d ? w => w.Dropout(inputs[Inputs - 1], d.Rate, d.Seed, d.Stream) : null,
    };

    /// <summary>The inputs for all examples, so that the operation itself does them all; null where the counter differs between them.</summary>
    public Value[]? Vectorized(IReadOnlyList<Batched> inputs, Batching batching, bool wholeMask)
    {
        // Weights are dropped by their place among all weights, and so are others for one example more.
        if (Dropout is not null) return null;
        var rank = inputs[0].Value.Shape.Rank - (inputs[0].IsBatched ? 1 : 0);
        return [.. inputs.Select((v, i) => !Mask || i != 3 ? batching.Everywhere(v) : Batching.Aligned(wholeMask ? new(batching.Everywhere(v), true) : v, rank))];
    }

    /// <summary>Whether a shape broadcasts to another to which <paramref name="behind"/> dimensions of length 1 are added at its end, and others before it; unknown lengths may.</summary>
    private static bool Broadcasts(Shape part, Shape whole, int behind)
    {
        var before = whole.Rank - behind - part.Rank;
        if (before < 0) return false;
        for (var d = 0; d < part.Rank; d++)
            if (part[d] != 1 && part[d] != Shape.Unknown && whole[before + d] != Shape.Unknown && part[d] != whole[before + d]) return false;
        return true;
    }
}

/// <summary>
/// Scaled dot-product attention (Vaswani et al., 2017) without a matrix of all scores (Dao et al., "FlashAttention", 2022): y = softmax(Scale · q · kᵀ + mask) · v.
/// Inputs: q[…, Q, D], k[…, K, D], v[…, K, E], then as far as there are any a mask that broadcasts to […, Q, K] (Bool: the keys that are seen; else it is added), Int32
/// lengths that say how many keys are real and broadcast to the leading dimensions from the first one on, and the counter of the dropout, an Int64 scalar.
/// Outputs: y[…, Q, E], 0 where a query sees no key; and ln Σ exp of each query's scores […, Q], −∞ there.
/// </summary>
/// <remarks>Gradients: <see cref="AttentionBackward"/> and <see cref="AttentionMaskBackward"/>; through ln Σ exp those of the formula in simple operations.</remarks>
public sealed record Attention(AttentionForm Form) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, Form.Inputs);
        if (Form.Problem(inputs) is { } problem) throw Mismatch(inputs, problem);
        return [inputs[0] with { Shape = inputs[0].Shape[..^1].Append(inputs[2].Shape[^1]) }, AttentionForm.Totals(inputs[0])];
    }

    /// <inheritdoc/>
    /// <remarks>Each query meets each key that it may see, once for its score and once for its value.</remarks>
    public override long Flops(IReadOnlyList<TensorType> inputs, IReadOnlyList<TensorType> outputs) => Form.Flops(inputs, 1, 1);

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => context.Heavy(new AttentionForwardSpec(context.Inputs[0].Type, Form.Geometry(context.Inputs)));

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        Form.Vectorized(inputs, batching, wholeMask: false) is { } all ? node.Graph.AddNode(this, all).Outputs : null;

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        var gradients = new Gradient?[node.Inputs.Count];
        if (outputGradients[0] is { } dy)
        {
            Value[] inputs = [.. node.Inputs, node.Outputs[0], node.Outputs[1], dy];
            var backward = node.Graph.AddNode(new AttentionBackward(Form), inputs).Outputs;
            for (var i = 0; i < 3; i++) gradients[i] = backward[i];
            if (Form.Mask && node.Inputs[3].Type != DType.Bool) gradients[3] = node.Graph.Add(new AttentionMaskBackward(Form), inputs);
        }
        if (outputGradients[1] is null) return gradients;
        var more = Composition.Differentiate(node, outputGradients, inputs => [null, Form.ComposedTotals(inputs)]);
        return [.. gradients.Zip(more, (a, b) => a is null || b is null ? a ?? b : a.Dense() + b.Dense())];
    }
}

/// <summary>The gradients of <see cref="Attention"/> by queries, keys and values: weights are computed again, block by block. Inputs: those of the attention, its outputs, dy. Outputs: dq, dk, dv.</summary>
/// <remarks>Gradients: those of the formula in simple operations, which hold all weights.</remarks>
public sealed record AttentionBackward(AttentionForm Form) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, Form.Inputs + 3);
        CheckGradient(Form, inputs, Mismatch);
        return [inputs[0], inputs[1], inputs[2]];
    }

    /// <inheritdoc/>
    /// <remarks>Five products: the scores again, and the gradients of the weights, queries, keys and values.</remarks>
    public override long Flops(IReadOnlyList<TensorType> inputs, IReadOnlyList<TensorType> outputs) => Form.Flops(inputs, 3, 2);

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => context.Heavy(new AttentionBackwardSpec(context.Inputs[0].Type, Form.Geometry(context.Inputs)));

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        Form.Vectorized(inputs, batching, wholeMask: false) is { } all ? node.Graph.AddNode(this, all).Outputs : null;

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        Composition.Differentiate(node, outputGradients, inputs => [.. Gradients.Of(Form.Composed(inputs), inputs[^1], [.. inputs.Take(3)]).Select(g => g?.Dense())]);

    /// <summary>Throws unless the inputs are those of an attention, its outputs and the gradient of its first.</summary>
    internal static void CheckGradient(AttentionForm form, IReadOnlyList<TensorType> inputs, Func<IReadOnlyList<TensorType>, string, ShapeException> mismatch)
    {
        if (form.Problem(inputs) is { } problem) throw mismatch(inputs, problem);
        var outputs = new Attention(form).Infer([.. inputs.Take(form.Inputs)]);
        if (!Fits(outputs[0], inputs[^3]) || !Fits(outputs[1], inputs[^2]) || !Fits(outputs[0], inputs[^1])) throw mismatch(inputs, "the last three are the attention's outputs and the gradient of the first.");
        static bool Fits(TensorType expected, TensorType actual) => expected.Type == actual.Type && expected.Shape.Accepts(actual.Shape);
    }
}

/// <summary>The gradient of <see cref="Attention"/> by a mask that is added. Inputs: those of the attention, its outputs, dy. Output: dmask, of the mask's shape.</summary>
/// <remarks>Gradients: those of the formula in simple operations, which hold all weights.</remarks>
public sealed record AttentionMaskBackward(AttentionForm Form) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, Form.Inputs + 3);
        AttentionBackward.CheckGradient(Form, inputs, Mismatch);
        return Form.Mask && inputs[3].Type == inputs[0].Type ? [inputs[3]] : throw Mismatch(inputs, "a mask that is added has a gradient.");
    }

    /// <inheritdoc/>
    /// <remarks>Two products: the scores again, and the gradients of the weights.</remarks>
    public override long Flops(IReadOnlyList<TensorType> inputs, IReadOnlyList<TensorType> outputs) => Form.Flops(inputs, 1, 1);

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => context.Heavy(new AttentionMaskBackwardSpec(context.Inputs[0].Type, Form.Geometry(context.Inputs)));

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        Form.Vectorized(inputs, batching, wholeMask: true) is { } all ? [batching.WithShape(node.Graph.Add(this, all), node.Inputs[3].Shape)] : null;

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        Composition.Differentiate(node, outputGradients, inputs => [Gradients.Of(Form.Composed(inputs), inputs[^1], [inputs[3]])[0]?.Dense()]);
}
