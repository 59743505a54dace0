using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>A group whose ranks are processes that MPI joins. Reductions are formed in the order that MPI chooses for the group's size and the length: the same in every run.</summary>
internal sealed class MpiCommunicator : ICommunicator
{
    /// <summary>Between the parts of one call of our own; users' tags begin behind it.</summary>
    internal const int ExchangeTag = 0;

    /// <summary>What every library allows, less one.</summary>
    private const int LargestTag = (1 << 28) - 2;

    private readonly int[] _worldRanks;
    private readonly Stack<MpiOperation> _idle = new();
    private readonly Queue<MpiOperation> _toLaunch = new();
    private nint _comm;
    private long _number;
    private int _splits;
    private int _pending;
    private bool _disposed;

    public MpiCommunicator(MpiProcess process, ProcessWorld world, nint comm, string group, int[] worldRanks, int rank)
    {
        (Process, World, _comm, Group, _worldRanks, Rank) = (process, world, comm, group, worldRanks, rank);
        process.Register(this);
    }

    public MpiProcess Process { get; }

    public ProcessWorld World { get; }

    /// <summary>The same on all ranks of the group, another for each group.</summary>
    public string Group { get; }

    public int Rank { get; }

    public int Size => _worldRanks.Length;

    /// <summary>The last collective that this rank has begun.</summary>
    public long Number => Volatile.Read(ref _number);

    public static int TagOf(int tag) => tag + 1;

    public string Name(int rank) => Group.Contains('/') ? $"rank {rank} of a group of {Size} (rank {_worldRanks[rank]} of the world)" : $"rank {rank}";

    public int WorldRank(int rank) => _worldRanks[rank];

    public IPendingOperation StartAllReduce(CommBuffer buffer, ReduceOp op) => Start(new(CallKind.AllReduce, 0, buffer.Type, buffer.Count, op), buffer, buffer);

    public IPendingOperation StartReduceScatter(CommBuffer input, CommBuffer output, ReduceOp op)
    {
        Check.Parts(this, "ReduceScatter", whole: input, part: output);
        return Start(new(CallKind.ReduceScatter, 0, input.Type, output.Count, op), input, output);
    }

    public IPendingOperation StartAllGather(CommBuffer input, CommBuffer output)
    {
        Check.Parts(this, "AllGather", whole: output, part: input);
        return Start(new(CallKind.AllGather, 0, input.Type, input.Count), input, output);
    }

    public IPendingOperation StartBroadcast(CommBuffer buffer, int root)
    {
        Check.Rank(this, "Broadcast", "root", root);
        return Start(new(CallKind.Broadcast, 0, buffer.Type, buffer.Count, Peer: root), buffer, buffer);
    }

    public IPendingOperation StartAllToAll(CommBuffer input, CommBuffer output)
    {
        Check.Exchange(this, input, output);
        return Start(new(CallKind.AllToAll, 0, input.Type, input.Count / Size), input, output);
    }

    public IPendingOperation StartBarrier() => Start(new(CallKind.Barrier, 0, DType.UInt8, 0), default, default);

    public IPendingOperation StartSend(CommBuffer buffer, int peer, int tag = 0)
    {
        Expect("Send", buffer, peer, tag);
        return Post(new(CallKind.Send, 0, buffer.Type, buffer.Count, Peer: peer, Tag: tag), buffer, default);
    }

    public IPendingOperation StartReceive(CommBuffer buffer, int peer, int tag = 0)
    {
        Expect("Receive", buffer, peer, tag);
        return Post(new(CallKind.Receive, 0, buffer.Type, buffer.Count, Peer: peer, Tag: tag), default, buffer);
    }

    // The blocking forms are other algorithms in MPI, up to twice as fast as started ones. A process that waits for nothing else may use them.

    public void AllReduce(CommBuffer buffer, ReduceOp op = ReduceOp.Sum)
    {
        if (!MayBlock(buffer.Count)) StartAllReduce(buffer, op).Wait();
        else
            using (var call = Block(new(CallKind.AllReduce, 0, buffer.Type, buffer.Count, op)))
                call.Check(MpiNative.MPI_Allreduce(Process.InPlace, buffer.Address, (int)buffer.Count, Process.Reductions.Type(buffer.Type), Process.Reductions.Operation(buffer.Type, op), _comm));
    }

    public void AllGather(CommBuffer input, CommBuffer output)
    {
        if (!MayBlock(output.Count) || CommBuffers.Overlap(input, output)) StartAllGather(input, output).Wait();
        else
        {
            Check.Parts(this, "AllGather", whole: output, part: input);
            var type = Process.Reductions.Type(input.Type);
            using var call = Block(new(CallKind.AllGather, 0, input.Type, input.Count));
            call.Check(MpiNative.MPI_Allgather(input.Address, (int)input.Count, type, output.Address, (int)input.Count, type, _comm));
        }
    }

    public void ReduceScatter(CommBuffer input, CommBuffer output, ReduceOp op = ReduceOp.Sum)
    {
        if (!MayBlock(input.Count) || CommBuffers.Overlap(input, output)) StartReduceScatter(input, output, op).Wait();
        else
        {
            Check.Parts(this, "ReduceScatter", whole: input, part: output);
            using var call = Block(new(CallKind.ReduceScatter, 0, input.Type, output.Count, op));
            call.Check(MpiNative.MPI_Reduce_scatter_block(input.Address, output.Address, (int)output.Count, Process.Reductions.Type(input.Type), Process.Reductions.Operation(input.Type, op), _comm));
        }
    }

    public void Broadcast(CommBuffer buffer, int root)
    {
        if (!MayBlock(buffer.Count)) StartBroadcast(buffer, root).Wait();
        else
        {
            Check.Rank(this, "Broadcast", "root", root);
            using var call = Block(new(CallKind.Broadcast, 0, buffer.Type, buffer.Count, Peer: root));
            call.Check(MpiNative.MPI_Bcast(buffer.Address, (int)buffer.Count, Process.Reductions.Type(buffer.Type), root, _comm));
        }
    }

    public void Barrier()
    {
        if (!MayBlock(0)) StartBarrier().Wait();
        else
            using (var call = Block(new(CallKind.Barrier, 0, DType.UInt8, 0))) call.Check(MpiNative.MPI_Barrier(_comm));
    }

    public ICommunicator Split(int color, int key)
    {
        // The numbers that MPI takes for colours begin at 0.
        var colors = Tensor.Zeros(DType.Int32, [Size]);
        this.AllGather(Tensor.From([color]), colors);
        var keys = Tensor.Zeros(DType.Int32, [Size]);
        this.AllGather(Tensor.From([key]), keys);
        var (allColors, allKeys) = (colors.ToArray<int>(), keys.ToArray<int>());
        int[] members = [.. Enumerable.Range(0, Size).Where(r => allColors[r] == color).OrderBy(r => allKeys[r]).ThenBy(r => r)];
        var group = $"{Group}/{++_splits}.{Array.IndexOf([.. allColors.Distinct().Order()], color)}";
        nint comm = 0;
        lock (Process.Gate) MpiProcess.Check(MpiNative.MPI_Comm_split(_comm, Array.IndexOf([.. allColors.Distinct().Order()], color), Array.IndexOf(members, Rank), ref comm), "MPI_Comm_split");
        return new MpiCommunicator(Process, World, comm, group, [.. members.Select(r => _worldRanks[r])], Array.IndexOf(members, Rank));
    }

    public void Abort(string reason) => World.Fail($"{CallSentences.Capital(Name(Rank))} aborted: {reason}");

    public void ReportStep(long step) => Process.Step = step;

    public void Dispose()
    {
        if (_disposed) return;
        if (_pending > 0 && !World.Failed) Abort($"it left the group with {_pending} operations for which it had not waited.");
        _disposed = true;
        // A communicator whose calls have failed may have requests under way for ever: MPI keeps it. Of others, freeing is collective, and all members come here when all is well;
        // nobody waits for that here, so the library keeps those as well until it ends.
        Process.Leave(this);
    }

    public override string ToString() => Name(Rank);

    /// <summary>Takes back an operation that was waited for.</summary>
    public void Release(MpiOperation operation)
    {
        _pending--;
        _idle.Push(operation);
    }

    /// <summary>Hands the calls to MPI that may go there, in the order in which they were made. The caller holds the gate.</summary>
    public void LaunchAgreed()
    {
        while (_toLaunch.TryPeek(out var next) && Process.Watch.HasAgreed(Group, Key(next.Call)))
        {
            _toLaunch.Dequeue();
            Launch(next);
        }
    }

    /// <summary>What has come must be what was expected: MPI itself refuses only what is longer.</summary>
    public unsafe void ExpectReceived(MpiOperation operation, int piece, byte* status)
    {
        _ = MpiNative.MPI_Get_count(status, Process.Reductions.Type(operation.Call.Type), out var count);
        if (count == MpiLaunch.PieceLength(operation.Output, piece)) return;
        if (World.Options.CheckCalls) World.AwaitReason();
        World.Fail($"{CallSentences.Capital(Name(operation.Call.Peer))} sent {count} elements, but {Name(Rank)} called {operation.Call}. Counts and types must be equal.");
        World.Throw();
    }

    private IPendingOperation Start(Call call, CommBuffer input, CommBuffer output)
    {
        Begin(call.Kind);
        Check.Count(this, call);
        call = call with { Number = ++_number };
        if (Size == 1)
        {
            CollectiveWork.Copy(input.Address, output.Address, input.Bytes);
            return Completed.Operation;
        }
        return Post(call, input, output);
    }

    private MpiOperation Post(in Call call, CommBuffer input, CommBuffer output)
    {
        Begin(call.Kind);
        if (!_idle.TryPop(out var operation)) operation = new();
        _pending++;
        lock (Process.Gate)
        {
            operation.Fill(this, call, input, output);
            if (World.Options.CheckCalls) Process.Watch.Tell(Notice(call));
            // Messages overtake collectives that wait for other ranks: these may wait for the message.
            if (World.Options.CheckCalls && call.Number > 0) _toLaunch.Enqueue(operation);
            else Launch(operation);
            Process.Follow(operation);
        }
        return operation;
    }

    private void Launch(MpiOperation operation)
    {
        operation.Launched = true;
        MpiLaunch.Start(operation, _comm, Rank, Size, Process);
    }

    private CallNotice Notice(in Call call) => call.Number > 0
        ? new(World.Id, Group, Size, Key(call), Rank, Name(Rank), call.ToString(), Side: 0, Matter: call.ToString())
        : new(World.Id, Group, Size, call.Kind == CallKind.Send ? $"{Rank}>{call.Peer}:{call.Tag}" : $"{call.Peer}>{Rank}:{call.Tag}", Rank, Name(Rank), call.ToString(),
            call.Kind == CallKind.Send ? 1 : 2, $"{call.Count} {call.Type}");

    private static string Key(in Call call) => $"#{call.Number}";

    private void Begin(CallKind what)
    {
        World.ThrowIfFailed();
        if (_disposed) throw new CommunicationException($"{this} called {what} after it had left the group.");
    }

    private void Expect(string call, CommBuffer buffer, int peer, int tag)
    {
        Check.Peer(this, call, buffer, peer, tag);
        if (tag > LargestTag) throw new CommunicationException($"{this} called {call} with tag {tag}; between processes tags are at most {LargestTag}.");
    }

    private bool MayBlock(long count) => Size > 1 && !World.Options.CheckCalls && _pending == 0 && Process.IsExclusive && count >= 0 && count <= MpiLaunch.Most;

    private MpiProcess.BlockingCall Block(Call call)
    {
        Begin(call.Kind);
        return Process.Block(this, call with { Number = ++_number });
    }
}
