using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Collectives;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// Several tensors of one type end to end in one, each at a multiple of 64 bytes, so that one collective serves all. The plan
/// computes the tensors right in their places where it can.
/// </summary>
internal sealed record Pack : Operation
{
    public override string? NoGradientReason => "Strategies make it after differentiation.";

    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs) =>
        inputs.All(i => i.Type == inputs[0].Type && i.Shape.IsKnown)
            ? [new(inputs[0].Type, [checked((int)(Offsets(inputs)[^1] / inputs[0].Type.Size()))])]
            : throw Mismatch(inputs, "takes tensors of one element type whose shapes are known.");

    /// <inheritdoc/>
    public override string? NoVectorizationReason => "Gradients are joined for the way after they are summed over examples.";

    public override Kernel Prepare(PrepareContext context) => new PackKernel(context.Inputs);

    /// <summary>Where each tensor begins in bytes, and the end.</summary>
    internal static long[] Offsets(IReadOnlyList<TensorType> parts)
    {
        var offsets = new long[parts.Count + 1];
        for (var i = 0; i < parts.Count; i++) offsets[i + 1] = offsets[i] + ((parts[i].Bytes + 63) & -64);
        return offsets;
    }

    private sealed unsafe class PackKernel(IReadOnlyList<TensorType> inputs) : Kernel, IPacks
    {
        private readonly long[] _offsets = Offsets(inputs);
        private readonly long[] _bytes = [.. inputs.Select(i => i.Bytes)];

        public long PartOffset(int input) => _offsets[input];

        public long PartBytes(int input) => _bytes[input];

        public override void Run(nint* buffers, ThreadTeam threads)
        {
            var target = buffers[_bytes.Length];
            for (var i = 0; i < _bytes.Length; i++)
            {
                var place = (byte*)target + _offsets[i];
                if ((nint)place != buffers[i]) Buffer.MemoryCopy((void*)buffers[i], place, _bytes[i], _bytes[i]);
                // The gaps take part in the reduction: they must hold numbers.
                new Span<byte>(place + _bytes[i], (int)(_offsets[i + 1] - _offsets[i] - _bytes[i])).Clear();
            }
        }
    }
}

/// <summary>Starts an all-reduce of a <see cref="Pack"/> in its own memory. <see cref="AllReduceWait"/> must follow.</summary>
/// <param name="Axis">The mesh axis.</param>
/// <param name="Bucket">A number that joins the start with its wait.</param>
/// <param name="Produced">The place in the graph of the last of the packed tensors, and so its turn among the collectives.</param>
internal sealed record AllReduceStart(string Axis, int Bucket, int Produced) : Operation, ICollectiveStart
{
    public int? Flight => Bucket;

    /// <inheritdoc/>
    public int? Turn => Produced;

    public override bool IsStateful => true;

    public override string? NoGradientReason => "Strategies make it after differentiation.";

    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs) => [inputs[0]];

    /// <inheritdoc/>
    public override string? NoVectorizationReason => "Gradients are joined for the way after they are summed over examples.";

    public override Kernel Prepare(PrepareContext context) =>
        new StartKernel(context.Communicator(Axis), context.Resources.Pending(Bucket), context.Inputs[0]);

    private sealed unsafe class StartKernel(ICommunicator communicator, PendingSlot slot, TensorType type) : Kernel
    {
        private readonly CopyKernel _copy = new(type.Bytes);

        public override bool CanOverwrite(int input, int output) => true;

        public override void Run(nint* buffers, ThreadTeam threads)
        {
            _copy.Run(buffers, threads);
            slot.Operation = communicator.StartAllReduce(new(buffers[1], type.Shape.ElementCount, type.Type), ReduceOp.Sum);
        }
    }
}

/// <summary>Waits for the all-reduce that <see cref="AllReduceStart"/> began; its output is the reduced memory.</summary>
internal sealed record AllReduceWait(int Bucket) : Operation, ICollectiveWait
{
    public int? Flight => Bucket;

    public override bool IsStateful => true;

    public override string? NoGradientReason => "Strategies make it after differentiation.";

    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs) => [inputs[0]];

    /// <inheritdoc/>
    public override string? NoVectorizationReason => "Gradients are joined for the way after they are summed over examples.";

    public override Kernel Prepare(PrepareContext context) => new WaitKernel(context.Resources.Pending(Bucket), context.Inputs[0]);

    private sealed unsafe class WaitKernel(PendingSlot slot, TensorType type) : Kernel
    {
        private readonly CopyKernel _copy = new(type.Bytes);

        public override bool CanOverwrite(int input, int output) => true;

        public override void Run(nint* buffers, ThreadTeam threads)
        {
            slot.Operation!.Wait();
            _copy.Run(buffers, threads);
        }
    }
}

/// <summary>One of the tensors of a <see cref="Pack"/>: a view. Inputs: the pack, then the packed tensors for their shapes.</summary>
internal sealed record Unpack(int Part) : Operation
{
    public override string? NoGradientReason => "Strategies make it after differentiation.";

    public override bool ReadsElements(int input) => input == 0;

    public override MemoryView? ViewOf(IReadOnlyList<TensorType> inputs, TensorType output) => new MemoryView(0, Pack.Offsets([.. inputs.Skip(1)])[Part]);

    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs) => [inputs[Part + 1]];

    /// <inheritdoc/>
    public override string? NoVectorizationReason => "Gradients are joined for the way after they are summed over examples.";

    public override Kernel Prepare(PrepareContext context) => throw new InvalidOperationException("A view has no kernel.");
}

/// <summary>Collectives over several tensors at once.</summary>
public static partial class Operations
{
    /// <summary>
    /// The sums of all ranks' tensors, by one collective that starts as soon as all of the tensors are there and is waited for when
    /// nothing else is left to do. All are of one element type with known shapes.
    /// </summary>
    /// <param name="values">At least one.</param>
    /// <param name="axis">The mesh axis.</param>
    public static IReadOnlyList<Value> AllReduceTogether(IReadOnlyList<Value> values, string axis)
    {
        var graph = Require.NotEmpty(nameof(AllReduceTogether), values)[0].Graph;
        var bucket = graph.Nodes.Count;
        var packed = graph.Add(new Pack(), values);
        var reduced = graph.Add(new AllReduceWait(bucket), [graph.Add(new AllReduceStart(axis, bucket, values.Max(v => v.Node.Index)), [packed])]);
        return [.. values.Select((_, i) => graph.Add(new Unpack(i), [reduced, .. values]))];
    }
}
