using System.Numerics;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// Connectionist temporal classification (Graves et al., 2006): −log of the probability that a path of one class a step, once repetitions are
/// merged and blanks removed, spells the labels. Inputs: log probabilities[N, T, C], labels[N, L] (Int32 or Int64, not the blank; what stands
/// behind a sequence's end does not matter), input lengths[N] (0 to T) and label lengths[N] (0 to L). Output: loss[N], computed in double
/// precision. Labels that do not fit into their steps (one for each label, and one more between equal neighbours) have the loss ∞.
/// </summary>
/// <remarks>Gradient: −P(class at step | labels) · dloss, by <see cref="CtcLossBackward"/>; 0 where the loss is ∞. None for labels and lengths.</remarks>
/// <param name="Blank">The class of the blank.</param>
/// <param name="ZeroInfinity">Whether a loss of ∞ becomes 0, so that a batch with labels that do not fit keeps a finite mean.</param>
public sealed record CtcLoss(int Blank, bool ZeroInfinity) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 4);
        Check(inputs, Blank, Mismatch);
        return [new(inputs[0].Type, inputs[0].Shape[..1])];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => WidenedKernel.Create(context.Inputs, context.Outputs, (inputs, _) => inputs[0].Type == DType.Float64
        ? Make<double>(inputs, context.Threads)
        : Make<float>(inputs, context.Threads));

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        batching.Joined(node, inputs);

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [node.Graph.Add(new CtcLossBackward(Blank), [.. node.Inputs, outputGradients[0]!]), null, null, null];

    internal static void Check(IReadOnlyList<TensorType> inputs, int blank, Func<IReadOnlyList<TensorType>, string, ShapeException> mismatch)
    {
        static bool Integers(TensorType type) => type.Type is DType.Int32 or DType.Int64;
        var (type, x) = inputs[0];
        if (!type.IsFloat() || x.Rank != 3) throw mismatch(inputs, "the first input, the log probabilities, is floating-point [N, T, C].");
        if (blank < 0 || (x[2] != Shape.Unknown && blank >= x[2])) throw mismatch(inputs, $"the blank {blank} is not within 0 to {x[2] - 1}.");
        if (!Integers(inputs[1]) || inputs[1].Shape.Rank != 2 || !x[..1].Accepts(inputs[1].Shape[..1])) throw mismatch(inputs, "the second input, the labels [N, L], is Int32 or Int64.");
        if (!Integers(inputs[2]) || !x[..1].Accepts(inputs[2].Shape)) throw mismatch(inputs, "the third input, the input lengths [N], is Int32 or Int64.");
        if (!Integers(inputs[3]) || !x[..1].Accepts(inputs[3].Shape)) throw mismatch(inputs, "the fourth input, the label lengths [N], is Int32 or Int64.");
    }

    private LossKernel<T> Make<T>(IReadOnlyList<TensorType> inputs, ThreadTeam threads) where T : unmanaged, INumber<T> => new(inputs, this)
    {
        ScratchBytes = sizeof(double) * CtcTrellis<T>.Scratch(inputs, keep: false) * threads.Size,
    };

    private sealed unsafe class LossKernel<T>(IReadOnlyList<TensorType> inputs, CtcLoss loss) : ParallelKernel(inputs[0].Shape[0] * (long)inputs[0].Shape[1] * inputs[1].Shape[1] * 32)
        where T : unmanaged, INumber<T>
    {
        private readonly CtcTrellis<T> _trellis = new("CtcLoss", inputs, loss.Blank);

        public override void Execute(int worker, int workers)
        {
            var symbols = Operand<long>(5) + worker * CtcTrellis<T>.Scratch(inputs, keep: false);
            var (begin, end) = ThreadTeam.Share(_trellis.Batch, worker, workers);
            for (var n = begin; n < end; n++)
            {
                var (steps, states) = _trellis.Read(Buffers, n, symbols);
                var alpha = new Span<double>(symbols + _trellis.MostStates, states);
                var next = new Span<double>(symbols + 2 * _trellis.MostStates, states);
                var result = states == 1 ? 0 : double.PositiveInfinity;
                if (steps > 0)
                {
                    _trellis.Begin(Buffers, n, symbols, alpha);
                    for (var t = 1; t < steps; t++)
                    {
                        _trellis.Advance(Buffers, n, t, symbols, alpha, next);
                        next.CopyTo(alpha);
                    }
                    result = -CtcTrellis<T>.End(alpha);
                }
                Operand<T>(4)[n] = T.CreateTruncating(loss.ZeroInfinity && double.IsPositiveInfinity(result) ? 0 : result);
            }
        }
    }
}

/// <summary>
/// The gradient of <see cref="CtcLoss"/> for the log probabilities, by forward and backward recursion. Inputs: those of the loss, and dloss[N].
/// </summary>
/// <remarks>Gradients: those of the forward recursion, step by step in simple operations; the number of steps has to be known.</remarks>
public sealed record CtcLossBackward(int Blank) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 5);
        CtcLoss.Check(inputs, Blank, Mismatch);
        return inputs[4].Type == inputs[0].Type && inputs[0].Shape[..1].Accepts(inputs[4].Shape) ? [inputs[0]] : throw Mismatch(inputs, "dloss is of the log probabilities' type, one number a sequence.");
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => WidenedKernel.Create(context.Inputs, context.Outputs, (inputs, _) => inputs[0].Type == DType.Float64
        ? Make<double>(inputs, context.Threads)
        : Make<float>(inputs, context.Threads));

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        batching.Joined(node, inputs);

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        Composition.Differentiate(node, outputGradients, inputs =>
            [Gradients.Of(CtcUnrolled.Loss(inputs[0], inputs[1], inputs[2], inputs[3], Blank), inputs[4], [inputs[0]])[0]?.Dense()]);

    private BackwardKernel<T> Make<T>(IReadOnlyList<TensorType> inputs, ThreadTeam threads) where T : unmanaged, INumber<T> => new(inputs, Blank)
    {
        ScratchBytes = sizeof(double) * CtcTrellis<T>.Scratch(inputs, keep: true) * threads.Size,
    };

    private sealed unsafe class BackwardKernel<T>(IReadOnlyList<TensorType> inputs, int blank) : ParallelKernel(inputs[0].Shape[0] * (long)inputs[0].Shape[1] * inputs[1].Shape[1] * 64)
        where T : unmanaged, INumber<T>
    {
        private readonly CtcTrellis<T> _trellis = new("CtcLoss", inputs, blank);
        private readonly int _classes = inputs[0].Shape[2];

        public override void Execute(int worker, int workers)
        {
            var most = _trellis.MostStates;
            var symbols = Operand<long>(6) + worker * CtcTrellis<T>.Scratch(inputs, keep: true);
            var all = (double*)symbols + 3 * most;
            var (begin, end) = ThreadTeam.Share(_trellis.Batch, worker, workers);
            for (var n = begin; n < end; n++)
            {
                var dx = Operand<T>(5) + n * _trellis.Steps * _classes;
                new Span<T>(dx, _trellis.Steps * _classes).Clear();
                var (steps, states) = _trellis.Read(Buffers, n, symbols);
                if (steps == 0) continue;
                Span<double> Alpha(int t) => new(all + (long)t * most, states);
                _trellis.Begin(Buffers, n, symbols, Alpha(0));
                for (var t = 1; t < steps; t++) _trellis.Advance(Buffers, n, t, symbols, Alpha(t - 1), Alpha(t));
                var log = CtcTrellis<T>.End(Alpha(steps - 1));
                if (double.IsNegativeInfinity(log)) continue;
                var d = double.CreateTruncating(Operand<T>(4)[n]);
                Span<double> beta = new(symbols + most, states), before = new(symbols + 2 * most, states);
                beta.Fill(double.NegativeInfinity);
                beta[Math.Max(0, states - 2)..].Clear();
                for (var t = steps - 1; t >= 0; t--)
                {
                    var alpha = Alpha(t);
                    for (var s = 0; s < states; s++) dx[(long)t * _classes + symbols[s]] -= T.CreateTruncating(d * Math.Exp(alpha[s] + beta[s] - log));
                    if (t == 0) break;
                    _trellis.Retreat(Buffers, n, t - 1, symbols, beta, before);
                    before.CopyTo(beta);
                }
            }
        }
    }
}

/// <summary>Connectionist temporal classification.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.CtcLoss"/>
    /// <param name="logits">Scores [N, T, C]; their LogSoftmax gives the log probabilities.</param>
    /// <param name="labels">[N, L].</param>
    /// <param name="inputLengths">[N].</param>
    /// <param name="labelLengths">[N].</param>
    /// <param name="blank">The class of the blank.</param>
    /// <param name="zeroInfinity">Whether a loss of ∞ becomes 0.</param>
    public static Value CtcLoss(this Value logits, Value labels, Value inputLengths, Value labelLengths, int blank = 0, bool zeroInfinity = false) =>
        logits.Graph.Add(new CtcLoss(blank, zeroInfinity), [logits.LogSoftmax(), labels, inputLengths, labelLengths]);
}
