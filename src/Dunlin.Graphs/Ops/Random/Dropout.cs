using System.Numerics;
using System.Runtime.InteropServices;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// Dropout (Srivastava et al., 2014): each element is 0 with probability rate and else x / (1 − rate). Inputs: x and a counter, an Int64
/// scalar such as the step's number. Whether element i is kept depends on (seed, stream, counter, i) alone, so the mask is never stored.
/// </summary>
/// <remarks>Gradient: the same operation on dy; none for the counter.</remarks>
/// <param name="Rate">The probability of 0, at least 0 and less than 1.</param>
/// <param name="Seed">The run's seed.</param>
/// <param name="Stream">A number of the place's own, so that equal seeds drop different elements; see <see cref="PhiloxKey.StreamOf"/>.</param>
internal sealed record Dropout(double Rate, ulong Seed, uint Stream) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        if (!inputs[0].Type.IsFloat()) throw Mismatch(inputs, "takes floating-point x.");
        RandomFill.CheckCounter(inputs, 1, Mismatch);
        return Rate is >= 0 and < 1 ? [inputs[0]] : throw Mismatch(inputs, $"the rate is at least 0 and less than 1, not {Rate}.");
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => WidenedKernel.Create(context.Inputs, context.Outputs, (inputs, _) => inputs[0].Type == DType.Float64
        ? new DropoutKernel<double, ulong>(this, inputs[0].Shape.ElementCount)
        : new DropoutKernel<float, uint>(this, inputs[0].Shape.ElementCount));

    /// <inheritdoc/>
    /// <remarks>All examples lose the elements that one would: so a gradient is dropped as what it belongs to was, whichever of the two differs between examples.</remarks>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching)
    {
        if (inputs[1].IsBatched) return null;
        var x = inputs[0].Value;
        var factors = node.Graph.Add(this, [x.StridedSlice(0..1).OnesLike(), inputs[1].Value]);
        return [Operations.Select(factors > 0, x * factors, x.ZerosLike())];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [node.Graph.Add(this, [outputGradients[0]!, node.Inputs[1]]), null];

    /// <summary>32 random bits for each element, whatever its type: it is dropped where they are below rate · 2³².</summary>
    private sealed unsafe class DropoutKernel<T, TBits>(Dropout dropout, long count) : ParallelKernel(8 * count)
        where T : unmanaged, IFloatingPointIeee754<T> where TBits : unmanaged, IBinaryInteger<TBits>
    {
        private readonly PhiloxKey _key = new(dropout.Seed, dropout.Stream);
        private readonly uint _threshold = (uint)Math.Min(uint.MaxValue, dropout.Rate * 4294967296.0);
        private readonly T _factor = T.CreateChecked(1 / (1 - dropout.Rate));

        public override bool CanOverwrite(int input, int output) => input == 0;

        public override void Execute(int worker, int workers)
        {
            var key = _key.At(*Operand<long>(1));
            Span<uint> bits = stackalloc uint[TileFunction.MaxLength];
            Span<TBits> wide = stackalloc TBits[sizeof(TBits) == sizeof(uint) ? 0 : TileFunction.MaxLength];
            var (begin, end) = ThreadTeam.Share(count, worker, workers, TileFunction.MaxLength);
            for (var at = begin; at < end; at += TileFunction.MaxLength)
            {
                var length = (int)Math.Min(TileFunction.MaxLength, end - at);
                Philox.FillBits(bits[..length], key, (ulong)at);
                if (wide.Length > 0)
                    for (var i = 0; i < length; i++) wide[i] = TBits.CreateTruncating(bits[i]);
                Keep(Operand<T>(0) + at, wide.Length > 0 ? wide[..length] : MemoryMarshal.Cast<uint, TBits>(bits[..length]), Operand<T>(2) + at);
            }
        }

        private void Keep(T* x, ReadOnlySpan<TBits> bits, T* y)
        {
            var threshold = TBits.CreateTruncating(_threshold);
            var (thresholds, factors) = (new Vector<TBits>(threshold), new Vector<T>(_factor));
            var i = 0;
            for (; i <= bits.Length - Vector<T>.Count; i += Vector<T>.Count)
            {
                var kept = Vector.GreaterThanOrEqual(new Vector<TBits>(bits[i..]), thresholds);
                Vector.Store(Vector.ConditionalSelect(kept.As<TBits, T>(), Vector.Load(x + i) * factors, Vector<T>.Zero), y + i);
            }
            for (; i < bits.Length; i++) y[i] = bits[i] >= threshold ? x[i] * _factor : T.Zero;
        }
    }
}

/// <summary>Dropout.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.Dropout"/>
    public static Value Dropout(this Value x, Value counter, double rate, ulong seed, uint stream) =>
        rate == 0 ? x : x.Graph.Add(new Dropout(rate, seed, stream), [x, counter]);
}
