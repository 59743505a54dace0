using System.Numerics;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// Classes drawn with replacement: of logits[…, C], the logarithms of the classes' weights up to a constant, Int64[…, Samples], each class
/// with probability softmax(logits). Inputs: the logits and a counter, an Int64 scalar such as the step's number. A row without a finite
/// weight is an error when it runs. A sample depends on its row and on (seed, stream, counter, its place) alone.
/// </summary>
/// <param name="Samples">How many from each row.</param>
/// <param name="Seed">The run's seed.</param>
/// <param name="Stream">A number of the place's own; see <see cref="PhiloxKey.StreamOf"/>.</param>
public sealed record Categorical(int Samples, ulong Seed, uint Stream) : Operation
{
    /// <inheritdoc/>
    public override string? NoGradientReason => "Classes do not change smoothly; see GumbelSoftmax, or use the score function.";

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        RandomFill.CheckCounter(inputs, 1, Mismatch);
        var (type, shape) = inputs[0];
        if (!type.IsFloat() || shape.Rank == 0 || shape[^1] == 0) throw Mismatch(inputs, "takes floating-point logits with at least one class in the last dimension.");
        return Samples >= 0 ? [new(DType.Int64, shape.With(-1, Samples))] : throw Mismatch(inputs, $"draws at least 0 samples, not {Samples}.");
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        inputs[1].IsBatched ? null : [node.Graph.Add(this, [inputs[0].Value, inputs[1].Value])];

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => WidenedKernel.Create(context.Inputs, context.Outputs, (inputs, _) => inputs[0].Type == DType.Float64
        ? Make<double>(inputs[0].Shape, context.Threads)
        : Make<float>(inputs[0].Shape, context.Threads));

    private CategoricalKernel<T> Make<T>(Shape logits, ThreadTeam threads) where T : unmanaged, IFloatingPointIeee754<T> =>
        new(this, logits) { ScratchBytes = (long)logits[^1] * sizeof(double) * threads.Size };

    private sealed unsafe class CategoricalKernel<T>(Categorical draw, Shape logits) : ParallelKernel(logits.ElementCount * 8 + logits[..^1].ElementCount * draw.Samples * 16)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        private readonly PhiloxKey _key = new(draw.Seed, draw.Stream);
        private readonly int _classes = logits[^1];
        private readonly long _rows = logits[..^1].ElementCount;

        public override void Execute(int worker, int workers)
        {
            var key = _key.At(*Operand<long>(1));
            var sums = new Span<double>(Operand<double>(3) + (long)worker * _classes, _classes);
            var (begin, end) = ThreadTeam.Share(_rows, worker, workers);
            for (var row = begin; row < end; row++)
            {
                Accumulate(row, new(Operand<T>(0) + row * _classes, _classes), sums);
                for (var s = 0; s < draw.Samples; s++)
                {
                    var at = row * draw.Samples + s;
                    var draws = new Draws(key, (ulong)at);
                    Operand<long>(2)[at] = First(sums, draws.Uniform() * sums[^1]);
                }
            }
        }

        /// <summary>Running sums of the weights.</summary>
        private static void Accumulate(long row, ReadOnlySpan<T> logits, Span<double> sums)
        {
            var largest = double.NegativeInfinity;
            foreach (var logit in logits) largest = Math.Max(largest, double.CreateTruncating(logit));
            if (!double.IsFinite(largest)) throw new DunlinException($"Categorical: the largest logit of row {row} is {largest}; every row has a class with a finite one, and none with ∞ or NaN.");
            var sum = 0.0;
            for (var c = 0; c < sums.Length; c++) sums[c] = sum += Math.Exp(double.CreateTruncating(logits[c]) - largest);
        }

        /// <summary>The first class whose sum exceeds a number, by halving.</summary>
        private static int First(ReadOnlySpan<double> sums, double number)
        {
            var (low, high) = (0, sums.Length - 1);
            while (low < high)
            {
                var middle = (low + high) / 2;
                if (sums[middle] > number) high = middle;
                else low = middle + 1;
            }
            return low;
        }
    }
}

/// <summary>Drawing classes.</summary>
public static partial class Operations
{
    /// <summary>Classes drawn with replacement; see <see cref="Ops.Categorical"/>.</summary>
    public static Value Categorical(this Value logits, int samples, Value counter, ulong seed, uint stream) => logits.Graph.Add(new Categorical(samples, seed, stream), [logits, counter]);

    /// <summary>
    /// Different classes of each row, drawn one after another with probabilities in proportion to the weights of those that are left: of
    /// logits[…, C], Int64[…, samples]. They are the largest of the logits plus Gumbel-distributed numbers (Kool et al., Stochastic Beams, 2019).
    /// </summary>
    public static Value CategoricalWithoutReplacement(this Value logits, int samples, Value counter, ulong seed, uint stream) =>
        (logits + logits.RandomGumbelLike(counter, seed, stream)).TopK(samples).Indices;

    /// <summary>
    /// A differentiable sample of classes (Jang et al., Maddison et al., 2016): softmax((logits + Gumbel noise) / temperature). If
    /// <paramref name="hard"/>, exactly one-hot, with the gradient of the soft one (straight-through).
    /// </summary>
    public static Value GumbelSoftmax(this Value logits, Value counter, ulong seed, uint stream, double temperature = 1, bool hard = false, int axis = -1)
    {
        var soft = ((logits + logits.RandomGumbelLike(counter, seed, stream)) * (1 / temperature)).Softmax(axis);
        if (!hard) return soft;
        var largest = soft.EqualTo(soft.Max([axis], keepDimensions: true)).Cast(soft.Type);
        return StraightThrough(largest, soft);
    }
}
