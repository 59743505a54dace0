using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// Batch normalisation (Ioffe and Szegedy, 2015) over all dimensions but channel 1, with the batch's own statistics:
/// y = scale · (x − mean) / √(variance + ε) + shift. Inputs: x[N, C, …], scale[C], shift[C]. Outputs: y, mean[C], the biased variance[C].
/// </summary>
/// <remarks>Gradients: <see cref="BatchNormBackward"/>, through the statistics.</remarks>
/// <param name="Epsilon">Keeps the root away from 0.</param>
internal sealed record BatchNorm(double Epsilon) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 3);
        CheckChannels(inputs, Mismatch);
        return [inputs[0], inputs[1], inputs[1]];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => context.Heavy(Spec(context.Inputs));

    internal BatchNormTrainSpec Spec(IReadOnlyList<TensorType> inputs) => new(inputs[0].Type, inputs[0].Shape, Epsilon);

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) => BatchChannels(this, node, inputs, batching);

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        var (x, mean) = (node.Inputs[0], node.Outputs[1]);
        var dy = outputGradients[0] ?? x.ZerosLike();
        var backward = node.Graph.AddNode(new BatchNormBackward(Epsilon), [x, node.Inputs[1], mean, node.Outputs[2], dy]).Outputs;
        return [Moments.Add(backward[0], x, mean, outputGradients, v => Channels(v, x)), backward[1], backward[2]];
    }

    /// <summary>Many examples as more channels.</summary>
    internal static IReadOnlyList<Value> BatchChannels(Operation operation, Node node, IReadOnlyList<Batched> inputs, Batching batching)
    {
        static int Channels(Value v) => v.Shape.Rank == 1 ? 0 : 1;
        var outputs = node.Graph.AddNode(operation, [.. inputs.Select((v, i) => batching.Merged(v, Channels(node.Inputs[i])))]).Outputs;
        return [.. outputs.Select((y, o) => batching.Apart(y, Channels(y), node.Outputs[o].Shape))];
    }

    /// <summary>Throws unless the inputs are x[N, C, …] and then vectors [C] of the same type.</summary>
    internal static void CheckChannels(IReadOnlyList<TensorType> inputs, Func<IReadOnlyList<TensorType>, string, ShapeException> mismatch)
    {
        var (type, x) = inputs[0];
        if (!type.IsFloat() || x.Rank < 2) throw mismatch(inputs, "takes floating-point x[N, C, …].");
        foreach (var vector in inputs.Skip(1))
            if (vector.Type != type || !Shape.Of(x[1]).Accepts(vector.Shape)) throw mismatch(inputs, $"scale, shift and statistics are {type}[{(x[1] < 0 ? "C" : x[1])}], one for each channel.");
    }

    /// <summary>A vector [C] shaped to broadcast with x[N, C, …].</summary>
    internal static Value Channels(Value vector, Value x) => x.Shape.Rank == 2
        ? vector
        : vector.Reshape(Shape.Of(-1).Append([.. Enumerable.Repeat(1, x.Shape.Rank - 2)]));

    /// <summary>All dimensions of x[N, C, …] but channels.</summary>
    internal static int[] Rest(Value x) => [.. Enumerable.Range(0, x.Shape.Rank).Where(d => d != 1)];
}

/// <summary>The gradients of <see cref="BatchNorm"/>. Inputs: x, scale, mean, variance, dy. Outputs: dx, dscale[C], dshift[C].</summary>
/// <remarks>Gradients: those of the formula in simple operations.</remarks>
public sealed record BatchNormBackward(double Epsilon) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 5);
        BatchNorm.CheckChannels([.. inputs.Take(4)], Mismatch);
        return inputs[0].Type == inputs[4].Type && inputs[0].Shape.Accepts(inputs[4].Shape) ? [inputs[0], inputs[1], inputs[1]] : throw Mismatch(inputs, "x and dy have the same type and shape.");
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => context.Heavy(Spec(context.Inputs));

    internal BatchNormBackwardSpec Spec(IReadOnlyList<TensorType> inputs) => new(inputs[0].Type, inputs[0].Shape, Epsilon);

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) => BatchNorm.BatchChannels(this, node, inputs, batching);

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        Composition.Differentiate(node, outputGradients, inputs =>
        {
            var (x, scale, dy) = (inputs[0], inputs[1], inputs[4]);
            var rest = BatchNorm.Rest(x);
            Value Wide(Value vector) => BatchNorm.Channels(vector, x);
            var inverse = 1 / (inputs[3] + Epsilon).Sqrt();
            var normal = (x - Wide(inputs[2])) * Wide(inverse);
            var dx = Wide(scale * inverse) * (dy - Wide(dy.Mean(rest)) - normal * Wide((dy * normal).Mean(rest)));
            return [dx, (dy * normal).Sum(rest), dy.Sum(rest)];
        });
}

/// <summary>
/// Batch normalisation with given statistics, as for inference. Inputs: x[N, C, …], scale[C], shift[C], mean[C], variance[C]. Output: y.
/// </summary>
/// <remarks>Gradients: those of the formula in simple operations.</remarks>
public sealed record BatchNormInference(double Epsilon) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 5);
        BatchNorm.CheckChannels(inputs, Mismatch);
        return [inputs[0]];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => context.Heavy(Spec(context.Inputs));

    internal BatchNormInferSpec Spec(IReadOnlyList<TensorType> inputs) => new(inputs[0].Type, inputs[0].Shape, Epsilon);

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) => BatchNorm.BatchChannels(this, node, inputs, batching);

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        Composition.Differentiate(node, outputGradients, inputs =>
        {
            Value Wide(Value vector) => BatchNorm.Channels(vector, inputs[0]);
            var factor = inputs[1] / (inputs[4] + Epsilon).Sqrt();
            return [(inputs[0] - Wide(inputs[3])) * Wide(factor) + Wide(inputs[2])];
        });
}

/// <summary>What normalisations that give their statistics away have in common.</summary>
internal static class Moments
{
    /// <summary>Throws unless a gradient's inputs x, scale, mean, variance, dy fit those and the outputs of the normalisation.</summary>
    public static void CheckBackward(Operation forward, IReadOnlyList<TensorType> inputs, Func<IReadOnlyList<TensorType>, string, ShapeException> mismatch)
    {
        TensorType[] outputs = forward.Infer([inputs[0], inputs[1], inputs[1]]);
        foreach (var (given, output) in new[] { inputs[4], inputs[2], inputs[3] }.Zip(outputs))
            if (given.Type != output.Type || !given.Shape.Accepts(output.Shape))
                throw mismatch(inputs, $"dy, mean and variance are like the outputs of the normalisation: {string.Join(", ", outputs)}.");
    }

    /// <summary>Adds dmean / n and dvariance · 2 (x − mean) / n to dx, where anybody asks for them.</summary>
    public static Value Add(Value dx, Value x, Value mean, IReadOnlyList<Value?> outputGradients, Func<Value, Value> wide)
    {
        var count = x.Graph.Add(new CountRatio(x.Type), [x, mean]);
        if (outputGradients[1] is { } dmean) dx += wide(dmean / count);
        if (outputGradients[2] is { } dvariance) dx += (x - wide(mean)) * wide(dvariance * 2 / count);
        return dx;
    }
}

/// <summary>Batch normalisation.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.BatchNorm"/>
    /// <returns>y, and the batch's mean and biased variance for running averages.</returns>
    public static (Value Y, Value Mean, Value Variance) BatchNorm(this Value x, Value scale, Value shift, double epsilon = 1e-5)
    {
        var outputs = x.Graph.AddNode(new BatchNorm(epsilon), [x, scale, shift]).Outputs;
        return (outputs[0], outputs[1], outputs[2]);
    }

    /// <inheritdoc cref="Ops.BatchNormInference"/>
    public static Value BatchNormInference(this Value x, Value scale, Value shift, Value mean, Value variance, double epsilon = 1e-5) =>
        x.Graph.Add(new BatchNormInference(epsilon), [x, scale, shift, mean, variance]);
}
