using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// The first lengths[b] elements along one dimension in the opposite order for each b of another, the rest as it is: of x with batch
/// dimension b and time dimension t, y[…, b, …, t, …] = x[…, b, …, lengths[b] − 1 − t, …] where t &lt; lengths[b]. Inputs: x of any type
/// and lengths[B] (Int32 or Int64). A length outside 0 to T is an error when it runs.
/// </summary>
/// <remarks>Gradient: the same of dy, as it undoes itself.</remarks>
/// <param name="Time">The dimension along which elements turn round; a negative one counts from the last.</param>
/// <param name="Batch">The dimension of the sequences, another one.</param>
public sealed record ReverseSequence(int Time, int Batch) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        var (x, lengths) = (inputs[0].Shape, inputs[1]);
        if (!Along.Fits(Time, x) || !Along.Fits(Batch, x) || Resolve(Time, x) == Resolve(Batch, x)) throw Mismatch(inputs, $"time {Time} and batch {Batch} are two different dimensions.");
        return lengths.Type is DType.Int32 or DType.Int64 && lengths.Shape.Accepts([x[Batch]]) ? [inputs[0]] : throw Mismatch(inputs, "takes a length for each sequence, Int32 or Int64.");
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => new TurnKernel(context.Inputs[0], context.Inputs[1], this);

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching)
    {
        var (x, lengths) = (inputs[0], inputs[1]);
        if (!lengths.IsBatched) return [node.Graph.Add(new ReverseSequence(Batching.Axis(Time), Batching.Axis(Batch)), [x.Value, lengths.Value])];
        if (!batching.CanReshape(node.Inputs[0].Shape)) return null;
        var batch = Resolve(Batch, node.Inputs[0].Shape);
        return [batching.Apart(node.Graph.Add(this, [batching.Merged(x, batch), batching.Merged(lengths, 0)]), batch, node.Outputs[0].Shape)];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) => [node.Graph.Add(this, [outputGradients[0]!, node.Inputs[1]]), null];

    private static int Resolve(int axis, Shape shape) => axis < 0 ? axis + shape.Rank : axis;

    private sealed unsafe class TurnKernel : ParallelKernel
    {
        private readonly RowNumbers _lengths;
        private readonly (long Stride, int Length) _time;
        private readonly (long Stride, int Length) _batch;
        private readonly long _runs;
        private readonly int _run;
        private readonly long _bytes;

        public TurnKernel(TensorType x, TensorType lengths, ReverseSequence turn) : base(x.Shape.ElementCount)
        {
            var (time, batch) = (Resolve(turn.Time, x.Shape), Resolve(turn.Batch, x.Shape));
            _lengths = new("ReverseSequence", "length", lengths, x.Shape[time] + 1);
            _time = (x.Shape.Strides[time], x.Shape[time]);
            _batch = (x.Shape.Strides[batch], x.Shape[batch]);
            // What stands behind both dimensions moves together.
            _run = checked((int)x.Shape[(Math.Max(time, batch) + 1)..].ElementCount);
            _runs = x.Shape.ElementCount == 0 ? 0 : x.Shape.ElementCount / _run;
            _bytes = (long)_run * x.Type.Size();
        }

        public override void Execute(int worker, int workers)
        {
            var (begin, end) = ThreadTeam.Share(_runs, worker, workers);
            for (var run = begin; run < end; run++)
            {
                var at = run * _run;
                var time = at / _time.Stride % _time.Length;
                var length = _lengths.At(Buffers[1], at / _batch.Stride % _batch.Length);
                var from = time < length ? at + (length - 1 - 2 * time) * _time.Stride : at;
                Buffer.MemoryCopy(Operand<byte>(0) + from / _run * _bytes, Operand<byte>(2) + run * _bytes, _bytes, _bytes);
            }
        }
    }
}

/// <summary>Sequences of different lengths.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.ReverseSequence"/>
    /// <param name="x">Any tensor.</param>
    /// <param name="lengths">A length for each sequence.</param>
    /// <param name="time">The dimension along which elements turn round; a negative one counts from the last.</param>
    /// <param name="batch">The dimension of the sequences.</param>
    public static Value ReverseSequence(this Value x, Value lengths, int time = 1, int batch = 0) => x.Graph.Add(new ReverseSequence(time, batch), [x, lengths]);

    /// <summary>For lengths[n…] (Int32 or Int64), which of T places are within them: Bool[n…, T], true where t &lt; length.</summary>
    /// <param name="lengths">The lengths.</param>
    /// <param name="longest">T; unless given, the longest of the lengths.</param>
    public static Value SequenceMask(this Value lengths, int? longest = null)
    {
        var places = longest is { } t ? lengths.Graph.Range(0, t, type: lengths.Type) : DynamicRange(lengths.Number(0), lengths.Max());
        return places < lengths.ExpandLast();
    }
}
