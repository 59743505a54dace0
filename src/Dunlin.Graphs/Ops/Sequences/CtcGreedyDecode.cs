using System.Numerics;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// What the most probable path of connectionist temporal classification spells: the best class of each step, repetitions merged and blanks
/// removed. Inputs: scores[N, T, C] (log probabilities, or logits: the labels are the same) and lengths[N] (Int32 or Int64, 0 to T). Outputs:
/// labels Int64[N, T], −1 behind a sequence's end; their numbers Int64[N]; and the paths' scores [N], summed over the steps. Of equal scores, the smaller class wins.
/// </summary>
/// <param name="Blank">The class of the blank.</param>
public sealed record CtcGreedyDecode(int Blank) : Operation
{
    /// <inheritdoc/>
    public override string? NoGradientReason => "The best labels are constant almost everywhere.";

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        Check(inputs, Blank, Mismatch);
        var rows = inputs[0].Shape[..1];
        return [new(DType.Int64, inputs[0].Shape[..2]), new(DType.Int64, rows), new(inputs[0].Type, rows)];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        batching.Joined(node, inputs);

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => WidenedKernel.Create(context.Inputs, context.Outputs, (inputs, _) => inputs[0].Type == DType.Float64
        ? new GreedyKernel<double>(inputs, Blank)
        : new GreedyKernel<float>(inputs, Blank));

    internal static void Check(IReadOnlyList<TensorType> inputs, int blank, Func<IReadOnlyList<TensorType>, string, ShapeException> mismatch)
    {
        var (type, x) = inputs[0];
        if (!type.IsFloat() || x.Rank != 3 || x[2] == 0) throw mismatch(inputs, "the first input, the scores, is floating-point [N, T, C] of at least one class.");
        if (blank < 0 || (x[2] != Shape.Unknown && blank >= x[2])) throw mismatch(inputs, $"the blank {blank} is not within 0 to {x[2] - 1}.");
        if (inputs[1].Type is not (DType.Int32 or DType.Int64) || !x[..1].Accepts(inputs[1].Shape)) throw mismatch(inputs, "the second input, the lengths [N], is Int32 or Int64.");
    }

    private sealed unsafe class GreedyKernel<T>(IReadOnlyList<TensorType> inputs, int blank) : ParallelKernel(inputs[0].Shape.ElementCount)
        where T : unmanaged, INumber<T>
    {
        private readonly int _steps = inputs[0].Shape[1];
        private readonly int _classes = inputs[0].Shape[2];
        private readonly RowNumbers _lengths = new("CtcGreedyDecode", "length", inputs[1], inputs[0].Shape[1] + 1);

        public override void Execute(int worker, int workers)
        {
            var (begin, end) = ThreadTeam.Share(_lengths.Count, worker, workers);
            for (var n = begin; n < end; n++)
            {
                var labels = new Span<long>(Operand<long>(2) + n * _steps, _steps);
                labels.Fill(-1);
                var (count, last, score) = (0, -1, 0.0);
                var length = (int)_lengths.At(Buffers[1], n);
                for (var t = 0; t < length; t++)
                {
                    var x = new ReadOnlySpan<T>(Operand<T>(0) + (n * _steps + t) * _classes, _classes);
                    var best = 0;
                    for (var c = 1; c < _classes; c++)
                        if (x[c] > x[best]) best = c;
                    score += double.CreateTruncating(x[best]);
                    if (best != blank && best != last) labels[count++] = best;
                    last = best;
                }
                Operand<long>(3)[n] = count;
                Operand<T>(4)[n] = T.CreateTruncating(score);
            }
        }
    }
}
