using System.Numerics;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// The logarithm of the sum over all label sequences of the exponential of their scores in a linear-chain conditional random field
/// (Lafferty, McCallum and Pereira, 2001): log Zₙ = log Σ_y exp(Σₜ e[n, t, yₜ] + Σₜ A[yₜ₋₁, yₜ]), by the forward recursion
/// αₜ(j) = e[n, t, j] + log Σᵢ exp(αₜ₋₁(i) + A[i, j]), in double precision. Inputs: emissions e[N, T, K], transitions A[K, K] (from the row's
/// label to the column's; −∞ forbids) and lengths[N] (Int32 or Int64, 0 to T). Output: [N]; 0 for an empty sequence.
/// </summary>
/// <remarks>Gradients: the probabilities of labels and of pairs of neighbouring labels, by <see cref="CrfLogPartitionBackward"/>.</remarks>
public sealed record CrfLogPartition : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 3);
        CrfShapes.Check(inputs, Mismatch);
        return [new(inputs[0].Type, inputs[0].Shape[..1])];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => WidenedKernel.Create(context.Inputs, context.Outputs, (inputs, _) => inputs[0].Type == DType.Float64
        ? Make<double>(inputs, context.Threads)
        : Make<float>(inputs, context.Threads));

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        batching.Joined(node, inputs, shared: 1);

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        var backward = node.Graph.AddNode(new CrfLogPartitionBackward(), [.. node.Inputs, outputGradients[0]!]).Outputs;
        return [backward[0], backward[1], null];
    }

    /// <summary>The same from simple operations, step by step, so that it can be differentiated to any order.</summary>
    internal static Value Unrolled(Value emissions, Value transitions, Value lengths)
    {
        var steps = emissions.Shape[1];
        if (steps == Shape.Unknown) throw new ShapeException($"Second derivatives of CrfLogPartition need a known number of steps; the emissions are {emissions}.");
        if (steps == 0) return emissions.Sum([1, 2]);
        var each = emissions.Unstack(1);
        var alpha = each[0];
        for (var t = 1; t < steps; t++)
        {
            var next = (alpha.ExpandLast() + transitions).LogSumExp([1]) + each[t];
            alpha = Operations.Select((lengths > t).ExpandLast(), next, alpha);
        }
        var result = alpha.LogSumExp([1]);
        return Operations.Select(lengths > 0, result, result.ZerosLike());
    }

    private static ForwardKernel<T> Make<T>(IReadOnlyList<TensorType> inputs, ThreadTeam threads) where T : unmanaged, INumber<T> => new(inputs)
    {
        ScratchBytes = sizeof(double) * CrfShapes.Of(inputs).Labels * 3L * threads.Size,
    };

    private sealed unsafe class ForwardKernel<T>(IReadOnlyList<TensorType> inputs) : ParallelKernel(inputs[0].Shape.ElementCount * inputs[0].Shape[2])
        where T : unmanaged, INumber<T>
    {
        private readonly CrfShapes _shapes = CrfShapes.Of(inputs);
        private readonly RowNumbers _lengths = new("CrfLogPartition", "length", inputs[2], inputs[0].Shape[1] + 1);

        public override void Execute(int worker, int workers)
        {
            var k = _shapes.Labels;
            var scratch = new Span<double>(Operand<double>(4) + worker * 3L * k, 3 * k);
            Span<double> alpha = scratch[..k], next = scratch.Slice(k, k), terms = scratch[(2 * k)..];
            var (begin, end) = ThreadTeam.Share(_shapes.Batch, worker, workers);
            for (var n = begin; n < end; n++)
            {
                var length = (int)_lengths.At(Buffers[2], n);
                var e = Operand<T>(0) + n * _shapes.Steps * k;
                for (var j = 0; j < k && length > 0; j++) alpha[j] = double.CreateTruncating(e[j]);
                for (var t = 1; t < length; t++)
                {
                    for (var j = 0; j < k; j++)
                    {
                        for (var i = 0; i < k; i++) terms[i] = alpha[i] + double.CreateTruncating(Operand<T>(1)[(long)i * k + j]);
                        next[j] = LogSpace.Sum(terms) + double.CreateTruncating(e[(long)t * k + j]);
                    }
                    next.CopyTo(alpha);
                }
                Operand<T>(3)[n] = T.CreateTruncating(length == 0 ? 0 : LogSpace.Sum(alpha));
            }
        }
    }
}

/// <summary>
/// The gradients of <see cref="CrfLogPartition"/> by forward and backward recursion: de[n, t, k] = dₙ · P(yₜ = k) and
/// dA[i, j] = Σₙ dₙ · Σₜ P(yₜ₋₁ = i, yₜ = j). Inputs: emissions, transitions, lengths and d[N]. Outputs: [N, T, K] and [K, K].
/// </summary>
/// <remarks>Gradients: those of the forward recursion, step by step in simple operations; the number of steps has to be known.</remarks>
public sealed record CrfLogPartitionBackward : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 4);
        CrfShapes.Check(inputs, Mismatch);
        return inputs[3].Type == inputs[0].Type && inputs[0].Shape[..1].Accepts(inputs[3].Shape)
            ? [inputs[0], inputs[1]]
            : throw Mismatch(inputs, "the fourth input is of the emissions' type, one number a sequence.");
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => WidenedKernel.Create(context.Inputs, context.Outputs, (inputs, _) => inputs[0].Type == DType.Float64
        ? Make<double>(inputs, context.Threads)
        : Make<float>(inputs, context.Threads));

    /// <inheritdoc/>
    public override string? NoVectorizationReason => "The gradient of the transitions is summed over the batch that examples would be joined with.";

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        Composition.Differentiate(node, outputGradients, inputs =>
        {
            var gradients = Gradients.Of(CrfLogPartition.Unrolled(inputs[0], inputs[1], inputs[2]), inputs[3], [inputs[0], inputs[1]]);
            return [gradients[0]?.Dense(), gradients[1]?.Dense()];
        });

    private static BackwardKernel<T> Make<T>(IReadOnlyList<TensorType> inputs, ThreadTeam threads) where T : unmanaged, INumber<T> => new(inputs)
    {
        ScratchBytes = sizeof(double) * (2 * inputs[0].Shape.ElementCount + inputs[0].Shape[0] + threads.Size * (long)inputs[0].Shape[2]),
    };

    /// <summary>First the recursions, sequence by sequence; then the sums over sequences for each pair of labels, so that the result does not depend on the threads.</summary>
    private sealed unsafe class BackwardKernel<T>(IReadOnlyList<TensorType> inputs) : Kernel, IParallelWork where T : unmanaged, INumber<T>
    {
        private readonly CrfShapes _shapes = CrfShapes.Of(inputs);
        private readonly RowNumbers _lengths = new("CrfLogPartition", "length", inputs[2], inputs[0].Shape[1] + 1);
        private nint* _buffers;
        private double* _alpha, _beta, _log, _terms;
        private bool _summing;

        public override void Run(nint* buffers, ThreadTeam threads)
        {
            var count = (long)_shapes.Batch * _shapes.Steps * _shapes.Labels;
            _buffers = buffers;
            _alpha = (double*)buffers[6];
            _beta = _alpha + count;
            _log = _beta + count;
            _terms = _log + _shapes.Batch;
            _summing = false;
            threads.Run(this);
            _summing = true;
            threads.Run(this);
        }

        public void Execute(int worker, int workers)
        {
            var (begin, end) = ThreadTeam.Share(_summing ? _shapes.Labels : _shapes.Batch, worker, workers);
            for (var i = begin; i < end; i++)
            {
                if (_summing) SumFrom((int)i);
                else Recur(i, new Span<double>(_terms + (long)worker * _shapes.Labels, _shapes.Labels));
            }
        }

        private double A(int i, int j) => double.CreateTruncating(((T*)_buffers[1])[(long)i * _shapes.Labels + j]);

        private void Recur(long n, Span<double> terms)
        {
            var (k, steps) = (_shapes.Labels, _shapes.Steps);
            var length = (int)_lengths.At(_buffers[2], n);
            var at = n * steps * k;
            T* e = (T*)_buffers[0] + at, de = (T*)_buffers[4] + at;
            double* alpha = _alpha + at, beta = _beta + at;
            var d = double.CreateTruncating(((T*)_buffers[3])[n]);
            new Span<T>(de + (long)length * k, (steps - length) * k).Clear();
            if (length == 0) return;
            for (var j = 0; j < k; j++) alpha[j] = double.CreateTruncating(e[j]);
            for (var t = 1; t < length; t++)
                for (var j = 0; j < k; j++)
                {
                    for (var i = 0; i < k; i++) terms[i] = alpha[(t - 1) * k + i] + A(i, j);
                    alpha[t * k + j] = LogSpace.Sum(terms) + double.CreateTruncating(e[t * k + j]);
                }
            new Span<double>(beta + (length - 1) * k, k).Clear();
            for (var t = length - 2; t >= 0; t--)
                for (var i = 0; i < k; i++)
                {
                    for (var j = 0; j < k; j++) terms[j] = A(i, j) + double.CreateTruncating(e[(t + 1) * k + j]) + beta[(t + 1) * k + j];
                    beta[t * k + i] = LogSpace.Sum(terms);
                }
            new Span<double>(alpha + (length - 1) * k, k).CopyTo(terms);
            _log[n] = LogSpace.Sum(terms);
            for (var i = 0; i < length * k; i++) de[i] = T.CreateTruncating(d * Math.Exp(alpha[i] + beta[i] - _log[n]));
        }

        private void SumFrom(int i)
        {
            var (k, steps) = (_shapes.Labels, _shapes.Steps);
            for (var j = 0; j < k; j++)
            {
                var (sum, a) = (0.0, A(i, j));
                for (var n = 0L; n < _shapes.Batch; n++)
                {
                    var d = double.CreateTruncating(((T*)_buffers[3])[n]);
                    var length = (int)_lengths.At(_buffers[2], n);
                    var e = (T*)_buffers[0] + n * steps * k;
                    double* alpha = _alpha + n * steps * k, beta = _beta + n * steps * k;
                    for (var t = 1; t < length; t++)
                        sum += d * Math.Exp(alpha[(t - 1) * k + i] + a + double.CreateTruncating(e[t * k + j]) + beta[t * k + j] - _log[n]);
                }
                ((T*)_buffers[5])[(long)i * k + j] = T.CreateTruncating(sum);
            }
        }
    }
}
