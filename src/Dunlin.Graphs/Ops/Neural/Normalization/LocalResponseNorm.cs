using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// Local response normalisation across channels (Krizhevsky et al., 2012) of floating-point x[N, C, S…]: y = x / (k + α / n · Σ x²)ᵝ, the sum over those of the
/// n channels from c − ⌊n / 2⌋ to c + ⌊(n − 1) / 2⌋ that there are.
/// </summary>
/// <remarks>Gradient: <see cref="LocalResponseNormBackward"/>.</remarks>
/// <param name="Size">n, at least 1.</param>
/// <param name="Alpha">α.</param>
/// <param name="Beta">β.</param>
/// <param name="K">k; greater than 0 keeps the sum away from 0.</param>
/// <exception cref="ShapeException">x has no spatial dimension or is not floating-point, or the size is less than 1.</exception>
internal sealed record LocalResponseNorm(int Size, double Alpha, double Beta, double K) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        return inputs[0].Type.IsFloat() && inputs[0].Shape.Rank >= 3 && Size >= 1 ? [inputs[0]] : throw Mismatch(inputs, $"takes floating-point x[N, C, S…] and a size of at least 1, not {Size}.");
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => context.Heavy(new LrnForwardSpec(context.Inputs[0].Type, context.Inputs[0].Shape, Size, Alpha, Beta, K));

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        batching.Joined(node, inputs);

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [node.Graph.Add(new LocalResponseNormBackward(Size, Alpha, Beta, K), [node.Inputs[0], outputGradients[0]!])];
}

/// <summary>
/// The gradient of <see cref="LocalResponseNorm"/>. With s = k + α / n · Σ x²: dx = dy · s^−β − 2αβ / n · x · Σ dy · x · s^−(β + 1), the second sum over the channels
/// whose windows reach this one. Inputs: x, dy.
/// </summary>
/// <remarks>Gradients: those of the formula in simple operations.</remarks>
public sealed record LocalResponseNormBackward(int Size, double Alpha, double Beta, double K) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        return inputs[0].Type.IsFloat() && inputs[0].Type == inputs[1].Type && inputs[0].Shape.Accepts(inputs[1].Shape) ? [inputs[0]] : throw Mismatch(inputs, "x and dy have the same floating-point type and shape.");
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => context.Heavy(new LrnBackwardSpec(context.Inputs[0].Type, context.Inputs[0].Shape, Size, Alpha, Beta, K));

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        batching.Joined(node, inputs);

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        Composition.Differentiate(node, outputGradients, inputs =>
        {
            var (x, dy) = (inputs[0], inputs[1]);
            var s = Across(x.Square(), Size / 2, (Size - 1) / 2) * (Alpha / Size) + K;
            var reached = Across(dy * x * s.Pow(-Beta - 1), (Size - 1) / 2, Size / 2);
            return [dy * s.Pow(-Beta) - x * reached * (2 * Alpha * Beta / Size)];
        });

    /// <summary>The sum over some channels before and after each: a window over [N, 1, C, ΠS].</summary>
    private static Value Across(Value x, int before, int after) =>
        x.Flatten(2).ExpandDims(1).SumPool([before + after + 1, 1], new([1, 1], [before, 0], [after, 0], [1, 1])).ReshapeLike(x);
}

/// <summary>Local response normalisation.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.LocalResponseNorm"/>
    public static Value LocalResponseNorm(this Value x, int size = 5, double alpha = 1e-4, double beta = 0.75, double k = 1) =>
        x.Graph.Add(new LocalResponseNorm(size, alpha, beta, k), [x]);
}
