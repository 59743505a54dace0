namespace Dunlin.Tensors.Collectives;

/// <summary>How a reduction combines two elements. The order of the ranks in a sum depends on the group and the length only, so every run gives the same bits.</summary>
public enum ReduceOp
{
    /// <summary>a + b.</summary>
    Sum,
    /// <summary>a · b.</summary>
    Product,
    /// <summary>The smaller one.</summary>
    Min,
    /// <summary>The larger one.</summary>
    Max,
}

/// <summary>Memory that a communicator reads or writes. The caller keeps it alive until the operation has been waited for.</summary>
/// <param name="Address">The first element.</param>
/// <param name="Count">Elements, at least 0.</param>
/// <param name="Type">Their type.</param>
public readonly record struct CommBuffer(nint Address, long Count, DType Type)
{
    /// <summary>Bytes of all elements.</summary>
    public long Bytes => Count * Type.Size();

    /// <summary>A tensor's memory.</summary>
    public static implicit operator CommBuffer(Tensor tensor) => new(tensor.Address, tensor.ElementCount, tensor.Type);
}

/// <summary>An operation under way. It may be waited for once; its object may serve a later operation after that.</summary>
public interface IPendingOperation
{
    /// <summary>Whether <see cref="Wait"/> would return at once.</summary>
    bool IsCompleted { get; }

    /// <summary>Returns when the operation is done on this rank: its result may be read and its buffers reused. The waiting thread may do part of the work.</summary>
    /// <exception cref="CommunicationException">Another rank failed, left, called something else, or did not come in time.</exception>
    void Wait();
}

/// <summary>
/// Moves bytes between the ranks of a group. Every rank calls the same collectives in the same order and the same form, started or blocking; sends and receives pair up
/// by peer and tag, in order. One thread of a rank calls at a time. Starting and waiting allocate nothing in steady state.
/// </summary>
public interface ICommunicator : IDisposable
{
    /// <summary>This rank, from 0 to <see cref="Size"/> − 1.</summary>
    int Rank { get; }

    /// <summary>The number of ranks, at least 1.</summary>
    int Size { get; }

    /// <summary>Leaves in every rank's <paramref name="buffer"/> the reduction over all ranks'. Counts and types are equal on all ranks.</summary>
    IPendingOperation StartAllReduce(CommBuffer buffer, ReduceOp op);

    /// <summary>Reduces the <paramref name="input"/>s of Size × n elements over all ranks and leaves part r of n elements in rank r's <paramref name="output"/>.</summary>
    IPendingOperation StartReduceScatter(CommBuffer input, CommBuffer output, ReduceOp op);

    /// <summary>Leaves the n-element <paramref name="input"/>s of all ranks, in order, in every rank's <paramref name="output"/> of Size × n elements.</summary>
    IPendingOperation StartAllGather(CommBuffer input, CommBuffer output);

    /// <summary>Copies <paramref name="root"/>'s <paramref name="buffer"/> to all ranks'.</summary>
    IPendingOperation StartBroadcast(CommBuffer buffer, int root);

    /// <summary>Part s of rank r's <paramref name="input"/> becomes part r of rank s's <paramref name="output"/>; both have Size × n elements.</summary>
    IPendingOperation StartAllToAll(CommBuffer input, CommBuffer output);

    /// <summary>Sends to one rank.</summary>
    /// <param name="buffer">May be reused after the wait.</param>
    /// <param name="peer">The receiver.</param>
    /// <param name="tag">At least 0; pairs with the receive of equal tag.</param>
    IPendingOperation StartSend(CommBuffer buffer, int peer, int tag = 0);

    /// <summary>Receives from one rank as many elements of the same type as it sends.</summary>
    IPendingOperation StartReceive(CommBuffer buffer, int peer, int tag = 0);

    /// <summary>Completes when every rank has started it.</summary>
    IPendingOperation StartBarrier();

    /// <summary>Forms groups of the ranks with equal <paramref name="color"/>, ordered by <paramref name="key"/>, then by rank. Every rank calls.</summary>
    /// <returns>The group of this rank.</returns>
    ICommunicator Split(int color, int key);

    /// <summary>Tells all ranks that this one can't go on: their waits end with an error that carries <paramref name="reason"/>.</summary>
    void Abort(string reason);

    /// <summary>Gives memory that all ranks reach, of as many bytes as asked for and with arbitrary contents: collectives on it need no copy. Null where it makes no difference.</summary>
    Func<long, NativeBuffer>? Rent => null;

    /// <summary>Says which training step this rank is in, for the reports on ranks that are lost.</summary>
    void ReportStep(long step) { }

    // The blocking forms, which a transport may have a faster way for.

    /// <inheritdoc cref="StartAllReduce"/>
    void AllReduce(CommBuffer buffer, ReduceOp op = ReduceOp.Sum) => StartAllReduce(buffer, op).Wait();

    /// <inheritdoc cref="StartReduceScatter"/>
    void ReduceScatter(CommBuffer input, CommBuffer output, ReduceOp op = ReduceOp.Sum) => StartReduceScatter(input, output, op).Wait();

    /// <inheritdoc cref="StartAllGather"/>
    void AllGather(CommBuffer input, CommBuffer output) => StartAllGather(input, output).Wait();

    /// <inheritdoc cref="StartBroadcast"/>
    void Broadcast(CommBuffer buffer, int root) => StartBroadcast(buffer, root).Wait();

    /// <inheritdoc cref="StartAllToAll"/>
    void AllToAll(CommBuffer input, CommBuffer output) => StartAllToAll(input, output).Wait();

    /// <inheritdoc cref="StartSend"/>
    void Send(CommBuffer buffer, int peer, int tag = 0) => StartSend(buffer, peer, tag).Wait();

    /// <inheritdoc cref="StartReceive"/>
    void Receive(CommBuffer buffer, int peer, int tag = 0) => StartReceive(buffer, peer, tag).Wait();

    /// <inheritdoc cref="StartBarrier"/>
    void Barrier() => StartBarrier().Wait();
}
