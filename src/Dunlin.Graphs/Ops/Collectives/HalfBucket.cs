using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Collectives;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// Starts an exchange in which part s of rank r's x[N] becomes part r of rank s's result: the output[2, N] holds x and, after <see cref="AllReduceWait"/>, which must follow, what has come. N is a multiple of the
/// number of ranks.
/// </summary>
/// <param name="Axis">The mesh axis.</param>
/// <param name="Bucket">A number that joins the start with its wait.</param>
internal sealed record AllToAllStart(string Axis, int Bucket) : Operation, ICollectiveStart
{
    public int? Flight => Bucket;

    public override bool IsStateful => true;

    public override string? NoGradientReason => "Strategies make it after differentiation.";

    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs) =>
        inputs[0].Shape is { Rank: 1, IsKnown: true } ? [inputs[0] with { Shape = [2, inputs[0].Shape[0]] }] : throw Mismatch(inputs, "takes one dimension of known length.");

    /// <inheritdoc/>
    public override string? NoVectorizationReason => "Gradients are joined for the way after they are summed over examples.";

    public override Kernel Prepare(PrepareContext context) => new StartKernel(context.Communicator(Axis), context.Resources.Pending(Bucket), context.Inputs[0]);

    private sealed unsafe class StartKernel(ICommunicator communicator, PendingSlot slot, TensorType type) : Kernel
    {
        public override void Run(nint* buffers, ThreadTeam threads)
        {
            var (sent, received) = (buffers[1], buffers[1] + (nint)type.Bytes);
            Buffer.MemoryCopy((void*)buffers[0], (void*)sent, type.Bytes, type.Bytes);
            slot.Operation = communicator.StartAllToAll(new(sent, type.Shape.ElementCount, type.Type), new(received, type.Shape.ElementCount, type.Type));
        }
    }
}

/// <summary>Sums over ranks that travel in 16 bits.</summary>
public static partial class Operations
{
    /// <summary>Scaled elements stay below 2¹⁵, so that none overflows in Float16.</summary>
    private const int HalfBits = 15;

    /// <summary>
    /// The sums of all ranks' Float32 tensors, of which the terms and the sums travel in 16 bits: each rank gets a part of all ranks' terms (an all-to-all that starts as soon as the tensors of a bucket are there), adds
    /// them in Float32 in the ranks' order, and sends its sums to all. So an element is rounded twice, whatever the number of ranks, and all ranks get the same bits. In Float16 the elements of each part are
    /// scaled by a power of two that travels with them, so that none overflows and only those below about 10⁻⁹ of the part's largest are lost; what is not finite stays so.
    /// </summary>
    /// <param name="buckets">Tensors of known shapes that travel together; each bucket has at least one.</param>
    /// <param name="axis">The mesh axis.</param>
    /// <param name="ranks">Its size.</param>
    /// <param name="payload">BFloat16 or Float16.</param>
    /// <exception cref="ShapeException">A tensor is not of Float32.</exception>
    public static IReadOnlyList<IReadOnlyList<Value>> AllReduceTogether(IReadOnlyList<IReadOnlyList<Value>> buckets, string axis, int ranks, DType payload)
    {
        Require.That(nameof(AllReduceTogether), payload, payload.IsHalf(), "BFloat16 or Float16");
        if (buckets.SelectMany(b => b).FirstOrDefault(v => v.Type != DType.Float32) is { } other) throw new ShapeException($"Sums that travel in 16 bits are of Float32; {other} is not.");
        // All ranks start their collectives in the order of the graph: first what can start early.
        var waits = buckets.Select(bucket =>
        {
            var graph = bucket[0].Graph;
            var packed = graph.Add(new Pack(), bucket);
            var part = (packed.Shape[0] + ranks - 1) / ranks;
            var terms = packed.Pad([0], [part * ranks - packed.Shape[0]]).Reshape([ranks, part]);
            var flight = graph.Nodes.Count;
            return (Bucket: bucket, Length: packed.Shape[0], Part: part, Wait: graph.Add(new AllReduceWait(flight), [graph.Add(new AllToAllStart(axis, flight), [Narrow(terms, payload).Reshape([-1])])]));
        }).ToList();
        return [.. waits.Select(w =>
        {
            var terms = Widen(w.Wait.StridedSlice(1..2).Reshape([ranks, -1]), w.Part);
            var sums = Narrow(terms.Sum([0], keepDimensions: true), payload).AllGather(axis, ranks);
            var whole = Widen(sums, w.Part).Reshape([-1]).StridedSlice(0..w.Length);
            return (IReadOnlyList<Value>)[.. w.Bucket.Select((_, i) => whole.Graph.Add(new Unpack(i), [whole, .. w.Bucket]))];
        })];
    }

    /// <summary>Rows [n, m] in 16 bits; in Float16 as [n, m + 1], with the exponent of each row's scale behind it.</summary>
    private static Value Narrow(Value rows, DType payload)
    {
        if (payload == DType.BFloat16) return rows.Cast(payload);
        var (_, exponent) = rows.Abs().Max([1], keepDimensions: true).Frexp();
        return Concat([rows.Ldexp(HalfBits - exponent).Cast(payload), exponent.Cast(payload)], 1);
    }

    /// <summary>What <see cref="Narrow"/> was given, but for rounding.</summary>
    private static Value Widen(Value rows, int length)
    {
        if (rows.Type == DType.BFloat16) return rows.Cast(DType.Float32);
        var exponent = rows.StridedSlice(.., length..(length + 1)).Cast(DType.Int32);
        return rows.StridedSlice(.., 0..length).Cast(DType.Float32).Ldexp(exponent - HalfBits);
    }
}
