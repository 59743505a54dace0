using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>An operation on a queue.</summary>
/// <param name="Queue">The queue.</param>
internal abstract record QueueOperation(TensorQueue Queue) : Operation
{
    /// <inheritdoc/>
    public override bool IsStateful => true;

    /// <inheritdoc/>
    public override string? NoGradientReason => "A queue carries elements from step to step, which differentiation does not follow.";

    /// <inheritdoc/>
    public override string? NoVectorizationReason => "A queue has one order, in which examples come and go by themselves.";

    /// <summary>What messages call who waits.</summary>
    private protected string Waiter => $"{Name} of {Queue.Name}";

    /// <summary>An Int64 scalar.</summary>
    private protected static TensorType Number => new(DType.Int64, []);

    /// <summary>Gives a number of the queue's.</summary>
    private protected sealed unsafe class NumberKernel(Func<long> number) : Kernel
    {
        public override void Run(nint* buffers, ThreadTeam threads) => *(long*)buffers[0] = number();
    }
}

/// <summary>Puts an element, or the rows of tensors [n, …] as n elements, into a queue; waits for room. Output: how many elements there are then, Int64.</summary>
/// <param name="Queue">The queue.</param>
/// <param name="Many">Whether the inputs are rows of elements.</param>
internal sealed record Enqueue(TensorQueue Queue, bool Many) : QueueOperation(Queue)
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        var components = Queue.Components;
        if (inputs.Count != components.Count) throw Mismatch(inputs, $"an element of the queue {Queue.Name} is {components.Count} tensors.");
        for (var i = 0; i < inputs.Count; i++)
        {
            if (Many && inputs[i].Shape.Rank == 0) throw Mismatch(inputs, $"input {i} has no rows.");
            var shape = Many ? inputs[i].Shape[1..] : inputs[i].Shape;
            if (inputs[i].Type != components[i].Type || !components[i].Shape.Accepts(shape)) throw Mismatch(inputs, $"component {i} of the queue {Queue.Name} is {components[i]}.");
            if (Many && inputs[i].Shape[0] != inputs[0].Shape[0]) throw Mismatch(inputs, "the numbers of rows differ.");
        }
        return [Number];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => new EnqueueKernel((QueueState)context.Resources.State(Queue), Waiter, context.Inputs, Many);

    private sealed unsafe class EnqueueKernel(QueueState queue, string waiter, IReadOnlyList<TensorType> inputs, bool many) : Kernel
    {
        private readonly int _count = many ? inputs[0].Shape[0] : 1;
        private readonly TensorType[] _elements = [.. inputs.Select(i => many ? new(i.Type, i.Shape[1..]) : i)];

        public override void Run(nint* buffers, ThreadTeam threads)
        {
            for (var n = 0; n < _count; n++)
            {
                var slot = queue.BeginEnqueue(waiter);
                for (var c = 0; c < _elements.Length; c++)
                {
                    var target = queue.Target(slot, c, _elements[c]);
                    Buffer.MemoryCopy((void*)(buffers[c] + (nint)(n * target.Bytes)), (void*)target.Address, target.Bytes, target.Bytes);
                }
                queue.EndEnqueue(slot);
            }
            *(long*)buffers[_elements.Length] = queue.Count;
        }
    }
}

/// <summary>Takes an element from a queue, or n as the rows of tensors [n, …]; waits for them.</summary>
/// <param name="Queue">The queue.</param>
/// <param name="Rows">How many elements; null for one that is not a row.</param>
/// <param name="UpTo">Whether fewer will do once the queue is closed.</param>
internal sealed record Dequeue(TensorQueue Queue, int? Rows, bool UpTo) : QueueOperation(Queue), IEvaluated
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 0);
        if (Rows is { } rows && (rows < 1 || rows > Queue.Capacity - Queue.MinAfterDequeue))
            throw Mismatch(inputs, $"the queue {Queue.Name} never has {rows} elements to take: its capacity is {Queue.Capacity}, and {Queue.MinAfterDequeue} stay behind.");
        return [.. Queue.Components.Select(c => Rows is null ? c : new(c.Type, Shape.Of(UpTo ? Shape.Unknown : Rows.Value).Append(c.Shape.Dimensions)))];
    }

    /// <inheritdoc/>
    public bool MustEvaluate(IReadOnlyList<TensorType> inputs) => UpTo || Queue.Components.Any(c => !c.Shape.IsKnown);

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => new DequeueKernel((QueueState)context.Resources.State(Queue), Waiter, Rows ?? 1, Queue.Components.Count);

    /// <inheritdoc/>
    public IReadOnlyList<Tensor> Evaluate(IReadOnlyList<Tensor> inputs, Session session)
    {
        var queue = Queue.State(session);
        var slots = new int[Rows ?? 1];
        var taken = slots.AsSpan(0, queue.BeginDequeue(slots, UpTo, Waiter)).ToArray();
        Tensor[] outputs = [.. Enumerable.Range(0, Queue.Components.Count).Select(c => Rows is null ? queue.Source(slots[0], c).Clone() : Together([.. taken.Select(s => queue.Source(s, c))]))];
        queue.EndDequeue(taken);
        return outputs;
    }

    /// <summary>Rows of the longest one's shape, zeros behind shorter ones.</summary>
    private static unsafe Tensor Together(Tensor[] parts)
    {
        var shape = parts[0].Shape;
        foreach (var part in parts)
            for (var d = 0; d < shape.Rank; d++)
                shape = shape.With(d, Math.Max(shape[d], part.Shape[d]));
        var result = Tensor.Zeros(parts[0].Type, Shape.Of(parts.Length).Append(shape.Dimensions));
        var size = result.Type.Size();
        var strides = shape.Strides;
        for (var p = 0; p < parts.Length; p++)
        {
            var row = result.Address + (nint)(p * shape.ElementCount * size);
            var (from, run) = (parts[p], parts[p].Shape.Rank == 0 ? 1 : parts[p].Shape[^1]);
            for (var at = 0L; at < from.ElementCount; at += run)
            {
                var (rest, offset) = (at, 0L);
                for (var d = shape.Rank - 1; d >= 0; d--)
                {
                    offset += rest % from.Shape[d] * strides[d];
                    rest /= from.Shape[d];
                }
                Buffer.MemoryCopy((void*)(from.Address + (nint)(at * size)), (void*)(row + (nint)(offset * size)), (long)run * size, (long)run * size);
            }
        }
        return result;
    }

    private sealed unsafe class DequeueKernel(QueueState queue, string waiter, int rows, int components) : Kernel
    {
        private readonly int[] _slots = new int[rows];

        public override void Run(nint* buffers, ThreadTeam threads)
        {
            queue.BeginDequeue(_slots, false, waiter);
            for (var r = 0; r < rows; r++)
                for (var c = 0; c < components; c++)
                {
                    var source = queue.Source(_slots[r], c);
                    Buffer.MemoryCopy((void*)source.Address, (void*)(buffers[c] + (nint)(r * source.Bytes)), source.Bytes, source.Bytes);
                }
            queue.EndDequeue(_slots);
        }
    }
}

/// <summary>Closes a queue: nothing more is put in, and what is left can be taken. Output: how many elements are left, Int64.</summary>
/// <param name="Queue">The queue.</param>
/// <param name="Cancel">Whether what is left is dropped, and those who wait get an error.</param>
internal sealed record CloseQueue(TensorQueue Queue, bool Cancel) : QueueOperation(Queue)
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs) => [Number];

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context)
    {
        var (queue, cancel) = ((QueueState)context.Resources.State(Queue), Cancel);
        return new NumberKernel(() =>
        {
            queue.Close(cancel);
            return queue.Count;
        });
    }
}

/// <summary>How many elements a queue has, an Int64 scalar.</summary>
/// <param name="Queue">The queue.</param>
internal sealed record QueueSize(TensorQueue Queue) : QueueOperation(Queue)
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs) => [Number];

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context)
    {
        var queue = (QueueState)context.Resources.State(Queue);
        return new NumberKernel(() => queue.Count);
    }
}
