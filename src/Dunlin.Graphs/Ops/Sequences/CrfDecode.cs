using System.Numerics;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// The label sequences of highest score in a linear-chain conditional random field, by Viterbi's algorithm. Inputs: emissions[N, T, K],
/// transitions[K, K] and lengths[N], as <see cref="CrfLogPartition"/> takes them. Outputs: labels Int64[N, T], −1 behind a sequence's end, and
/// the scores [N] (0 for an empty sequence). Of equal scores, the smaller label wins.
/// </summary>
public sealed record CrfDecode : Operation
{
    /// <inheritdoc/>
    public override string? NoGradientReason => "The best labels are constant almost everywhere; to differentiate their score, take CrfScore of them.";

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 3);
        CrfShapes.Check(inputs, Mismatch);
        return [new(DType.Int64, inputs[0].Shape[..2]), new(inputs[0].Type, inputs[0].Shape[..1])];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        batching.Joined(node, inputs, shared: 1);

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => WidenedKernel.Create(context.Inputs, context.Outputs, (inputs, _) => inputs[0].Type == DType.Float64
        ? Make<double>(inputs, context.Threads)
        : Make<float>(inputs, context.Threads));

    private static ViterbiKernel<T> Make<T>(IReadOnlyList<TensorType> inputs, ThreadTeam threads) where T : unmanaged, INumber<T> => new(inputs)
    {
        ScratchBytes = threads.Size * ViterbiKernel<T>.Bytes(CrfShapes.Of(inputs)),
    };

    private sealed unsafe class ViterbiKernel<T>(IReadOnlyList<TensorType> inputs) : ParallelKernel(inputs[0].Shape.ElementCount * inputs[0].Shape[2])
        where T : unmanaged, INumber<T>
    {
        private readonly CrfShapes _shapes = CrfShapes.Of(inputs);
        private readonly RowNumbers _lengths = new("CrfDecode", "length", inputs[2], inputs[0].Shape[1] + 1);

        /// <summary>Two rows of scores, and for each step and label the label before.</summary>
        public static long Bytes(CrfShapes shapes) => (2L * sizeof(double) + (long)sizeof(long) * shapes.Steps) * shapes.Labels;

        public override void Execute(int worker, int workers)
        {
            var (k, steps) = (_shapes.Labels, _shapes.Steps);
            var best = (double*)(Operand<byte>(5) + worker * Bytes(_shapes));
            var next = best + k;
            var before = (long*)(next + k);
            var (begin, end) = ThreadTeam.Share(_shapes.Batch, worker, workers);
            for (var n = begin; n < end; n++)
            {
                var length = (int)_lengths.At(Buffers[2], n);
                var labels = new Span<long>(Operand<long>(3) + n * steps, steps);
                labels.Fill(-1);
                Operand<T>(4)[n] = T.Zero;
                if (length == 0) continue;
                var e = Operand<T>(0) + n * steps * k;
                for (var j = 0; j < k; j++) best[j] = double.CreateTruncating(e[j]);
                for (var t = 1; t < length; t++)
                {
                    for (var j = 0; j < k; j++)
                    {
                        var (from, score) = (0, double.NegativeInfinity);
                        for (var i = 0; i < k; i++)
                        {
                            var through = best[i] + double.CreateTruncating(Operand<T>(1)[(long)i * k + j]);
                            if (through > score) (from, score) = (i, through);
                        }
                        before[(long)t * k + j] = from;
                        next[j] = score + double.CreateTruncating(e[(long)t * k + j]);
                    }
                    new Span<double>(next, k).CopyTo(new Span<double>(best, k));
                }
                var last = 0;
                for (var j = 1; j < k; j++)
                    if (best[j] > best[last]) last = j;
                Operand<T>(4)[n] = T.CreateTruncating(best[last]);
                labels[length - 1] = last;
                for (var t = length - 1; t > 0; t--) labels[t - 1] = before[t * k + labels[t]];
            }
        }
    }
}

/// <summary>Linear-chain conditional random fields.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.CrfLogPartition"/>
    public static Value CrfLogPartition(this Value emissions, Value transitions, Value lengths) => emissions.Graph.Add(new CrfLogPartition(), [emissions, transitions, lengths]);

    /// <inheritdoc cref="Ops.CrfDecode"/>
    public static (Value Labels, Value Scores) CrfDecode(this Value emissions, Value transitions, Value lengths)
    {
        var outputs = emissions.Graph.AddNode(new CrfDecode(), [emissions, transitions, lengths]).Outputs;
        return (outputs[0], outputs[1]);
    }

    /// <summary>
    /// The scores of given label sequences: Σₜ e[n, t, yₜ] + Σₜ A[yₜ₋₁, yₜ]. Gradients: for emissions and transitions, by the operations that it is made of.
    /// </summary>
    /// <param name="emissions">e[N, T, K].</param>
    /// <param name="transitions">A[K, K], from the row's label to the column's.</param>
    /// <param name="labels">y[N, T] (Int32 or Int64); what stands behind a sequence's end does not matter.</param>
    /// <param name="lengths">[N] (Int32 or Int64), 0 to T.</param>
    /// <returns>[N].</returns>
    /// <exception cref="ShapeException">The shapes or types do not fit.</exception>
    public static Value CrfScore(this Value emissions, Value transitions, Value labels, Value lengths)
    {
        TensorType[] types = [emissions.TensorType, transitions.TensorType, lengths.TensorType, labels.TensorType];
        static ShapeException Error(IReadOnlyList<TensorType> inputs, string expected) => new($"CrfScore({string.Join(", ", inputs)}): {expected}");
        CrfShapes.Check(types, Error);
        if (labels.Type is not (DType.Int32 or DType.Int64) || !emissions.Shape[..2].Accepts(labels.Shape)) throw Error(types, "the labels [N, T] are Int32 or Int64.");
        var k = emissions.Shape[2];
        if (k == Shape.Unknown) throw Error(types, "the number of labels is known.");
        var real = lengths.SequenceMask(emissions);
        var y = Select(real, labels.Cast(DType.Int64), labels.Graph.Constant(0, DType.Int64));
        Value Total(Value scores, Value mask) => Select(mask, scores, scores.Number(0)).Sum([1]);
        var total = Total(emissions.TakeAlong(y.ExpandLast()).Squeeze(-1), real);
        // The pair (i, j) is row i · K + j of the flattened transitions.
        var pairs = y.StridedSlice(.., ..^1) * k + y.StridedSlice(.., 1..);
        return total + Total(transitions.Reshape([-1]).Gather(pairs), real.StridedSlice(.., 1..));
    }

    /// <summary>The negative logarithm of the probability of given label sequences: <see cref="CrfLogPartition(Value, Value, Value)"/> − <see cref="CrfScore"/>, [N].</summary>
    /// <inheritdoc cref="CrfScore"/>
    public static Value CrfLoss(this Value emissions, Value transitions, Value labels, Value lengths) =>
        emissions.CrfLogPartition(transitions, lengths) - emissions.CrfScore(transitions, labels, lengths);
}
