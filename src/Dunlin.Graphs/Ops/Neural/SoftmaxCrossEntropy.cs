using System.Numerics;
using System.Numerics.Tensors;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// The cross entropy of softmax(logits) against class numbers: lossₙ = log Σⱼ exp(xₙⱼ) − xₙ,label(n). Inputs: logits[…, C] and
/// labels[…] (Int32 or Int64, 0 to C − 1). Output: loss[…]. The maximum is subtracted first, so nothing overflows.
/// </summary>
/// <remarks>Gradient: (softmax(x) − onehot(label)) · dloss, by <see cref="SoftmaxCrossEntropyBackward"/>; none for the labels.</remarks>
public sealed record SoftmaxCrossEntropy : Operation
{
    /// <inheritdoc/>
    public override bool TakesLeadingDimensions => true;

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        Check(inputs, Mismatch);
        return [new(inputs[0].Type, inputs[0].Shape[..^1])];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => WidenedKernel.Create(context.Inputs, context.Outputs, (inputs, _) => inputs[0].Type == DType.Float64
        ? new ForwardKernel<double>(inputs)
        : new ForwardKernel<float>(inputs));

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [node.Graph.Add(new SoftmaxCrossEntropyBackward(), [node.Inputs[0], node.Inputs[1], outputGradients[0]!]), null];

    internal static void Check(IReadOnlyList<TensorType> inputs, Func<IReadOnlyList<TensorType>, string, ShapeException> mismatch)
    {
        if (!inputs[0].Type.IsFloat() || inputs[0].Shape.Rank == 0) throw mismatch(inputs, "the first input, the logits, is floating-point […, C].");
        if (inputs[1].Type is not (DType.Int32 or DType.Int64)) throw mismatch(inputs, "the second input, the class numbers, is Int32 or Int64; for probabilities take LogSoftmax.");
        if (!inputs[0].Shape[..^1].Accepts(inputs[1].Shape)) throw mismatch(inputs, $"logits [N, C] take labels [N]: one class number for each row of {inputs[0].Shape}.");
    }

    private sealed unsafe class ForwardKernel<T>(IReadOnlyList<TensorType> inputs) : ParallelKernel(2 * inputs[0].Shape.ElementCount)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        private readonly int _classes = inputs[0].Shape[^1];
        private readonly RowNumbers _labels = new("SoftmaxCrossEntropy", "label", inputs[1], inputs[0].Shape[^1]);

        public override void Execute(int worker, int workers)
        {
            Span<T> tile = stackalloc T[TileFunction.MaxLength];
            var (begin, end) = ThreadTeam.Share(_labels.Count, worker, workers);
            for (var row = begin; row < end; row++)
            {
                var x = new ReadOnlySpan<T>(Operand<T>(0) + row * _classes, _classes);
                var chosen = x[(int)_labels.At(Buffers[1], row)];
                var max = TensorPrimitives.Max(x);
                var sum = T.Zero;
                for (var rest = x; rest.Length > 0; rest = rest[Math.Min(tile.Length, rest.Length)..])
                {
                    var part = tile[..Math.Min(tile.Length, rest.Length)];
                    TensorPrimitives.Subtract(rest[..part.Length], max, part);
                    TensorPrimitives.Exp<T>(part, part);
                    sum += TensorPrimitives.Sum<T>(part);
                }
                Operand<T>(2)[row] = T.Log(sum) - (chosen - max);
            }
        }
    }
}

/// <summary>
/// The gradient of <see cref="SoftmaxCrossEntropy"/> for the logits: (softmax(x) − onehot(label)) · dloss. Inputs: logits[…, C], labels[…], dloss[…].
/// </summary>
/// <remarks>Gradients: those of the formula in simple operations.</remarks>
public sealed record SoftmaxCrossEntropyBackward : Operation
{
    /// <inheritdoc/>
    public override bool TakesLeadingDimensions => true;

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 3);
        SoftmaxCrossEntropy.Check(inputs, Mismatch);
        return inputs[2].Type == inputs[0].Type && inputs[1].Shape.Accepts(inputs[2].Shape) ? [inputs[0]] : throw Mismatch(inputs, "dloss is of the logits' type and the labels' shape.");
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => WidenedKernel.Create(context.Inputs, context.Outputs, (inputs, _) => inputs[0].Type == DType.Float64
        ? new BackwardKernel<double>(inputs)
        : new BackwardKernel<float>(inputs));

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        Composition.Differentiate(node, outputGradients, inputs =>
            [(inputs[0].Softmax() - node.Inputs[1].OneHot(inputs[0].Shape[^1], inputs[0].Type)) * inputs[2].ExpandLast()]);

    private sealed unsafe class BackwardKernel<T>(IReadOnlyList<TensorType> inputs) : ParallelKernel(2 * inputs[0].Shape.ElementCount)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        private readonly int _classes = inputs[0].Shape[^1];
        private readonly RowNumbers _labels = new("SoftmaxCrossEntropy", "label", inputs[1], inputs[0].Shape[^1]);

        public override bool CanOverwrite(int input, int output) => input == 0;

        public override void Execute(int worker, int workers)
        {
            var (begin, end) = ThreadTeam.Share(_labels.Count, worker, workers);
            for (var row = begin; row < end; row++)
            {
                var label = (int)_labels.At(Buffers[1], row);
                var x = new ReadOnlySpan<T>(Operand<T>(0) + row * _classes, _classes);
                var dx = new Span<T>(Operand<T>(3) + row * _classes, _classes);
                var loss = Operand<T>(2)[row];
                TensorPrimitives.Subtract(x, TensorPrimitives.Max(x), dx);
                TensorPrimitives.Exp<T>(dx, dx);
                TensorPrimitives.Multiply<T>(dx, loss / TensorPrimitives.Sum<T>(dx), dx);
                dx[label] -= loss;
            }
        }
    }
}

/// <summary>Classification losses.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.SoftmaxCrossEntropy"/>
    public static Value SoftmaxCrossEntropy(this Value logits, Value labels) => logits.Graph.Add(new SoftmaxCrossEntropy(), [logits, labels]);
}
