using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>A group whose ranks are processes that MPI joins. Reductions are formed in the order that MPI chooses for the group's size and the length: the same in every run.</summary>
internal sealed class MpiCommunicator : ClusterCommunicator, ICommunicator
{
    /// <summary>Between the parts of one call of our own; users' tags begin behind it.</summary>
    internal const int ExchangeTag = 0;

    /// <summary>What every library allows, less one.</summary>
    internal const int LargestTag = (1 << 28) - 2;

    private readonly Stack<MpiOperation> _idle = new();
    private readonly Queue<MpiOperation> _toLaunch = new();
    private readonly nint _comm;

    public MpiCommunicator(MpiProcess process, ProcessWorld world, Seat seat, nint comm, string group, int[] worldRanks, int rank) : base(world, seat, group, worldRanks, rank) =>
        (Process, _comm) = (process, comm);

    public MpiProcess Process { get; }

    public static int TagOf(int tag) => tag + 1;

    // The blocking forms are other algorithms in MPI, up to twice as fast as started ones. A blocking call does not meet a started one of another rank: which form is taken depends on nothing that is a
    // rank's own affair, such as what else it has under way, or where its buffers lie.

    public void AllReduce(CommBuffer buffer, ReduceOp op = ReduceOp.Sum)
    {
        if (!MayBlock(buffer.Count)) StartAllReduce(buffer, op).Wait();
        else
            using (var call = Block(new(CallKind.AllReduce, 0, buffer.Type, buffer.Count, op)))
                foreach (var piece in MpiLaunch.Pieces(buffer))
                    call.Check(MpiNative.MPI_Allreduce(Process.InPlace, piece.Address, (int)piece.Count, Process.Reductions.Type(buffer.Type), Process.Reductions.Operation(buffer.Type, op), _comm));
    }

    public void AllGather(CommBuffer input, CommBuffer output)
    {
        if (!MayBlock(output.Count) || output.Count > MpiLaunch.Most) StartAllGather(input, output).Wait();
        else
        {
            Check.Parts(this, "AllGather", whole: output, part: input);
            var type = Process.Reductions.Type(input.Type);
            using var call = Block(new(CallKind.AllGather, 0, input.Type, input.Count));
            MpiLaunch.PutOwn(input, output, Rank);
            call.Check(MpiNative.MPI_Allgather(Process.InPlace, (int)input.Count, type, output.Address, (int)input.Count, type, _comm));
        }
    }

    public void ReduceScatter(CommBuffer input, CommBuffer output, ReduceOp op = ReduceOp.Sum)
    {
        if (!MayBlock(input.Count) || input.Count > MpiLaunch.Most) StartReduceScatter(input, output, op).Wait();
        else
        {
            Check.Parts(this, "ReduceScatter", whole: input, part: output);
            // In place, MPI wants the result at the whole's beginning, and not in its place.
            var apart = CommBuffers.Overlap(input, output) ? NativeBuffer.Rent(output.Bytes) : null;
            using (var call = Block(new(CallKind.ReduceScatter, 0, input.Type, output.Count, op)))
                call.Check(MpiNative.MPI_Reduce_scatter_block(input.Address, apart?.Address ?? output.Address, (int)output.Count, Process.Reductions.Type(input.Type), Process.Reductions.Operation(input.Type, op), _comm));
            if (apart is not null) CollectiveWork.Copy(apart.Address, output.Address, output.Bytes);
            GC.KeepAlive(apart);
        }
    }

    public void Broadcast(CommBuffer buffer, int root)
    {
        if (!MayBlock(buffer.Count)) StartBroadcast(buffer, root).Wait();
        else
        {
            Check.Rank(this, "Broadcast", "root", root);
            using var call = Block(new(CallKind.Broadcast, 0, buffer.Type, buffer.Count, Peer: root));
            foreach (var piece in MpiLaunch.Pieces(buffer)) call.Check(MpiNative.MPI_Bcast(piece.Address, (int)piece.Count, Process.Reductions.Type(buffer.Type), root, _comm));
        }
    }

    public void Barrier()
    {
        if (!MayBlock(0)) StartBarrier().Wait();
        else
            using (var call = Block(new(CallKind.Barrier, 0, default, 0))) call.Check(MpiNative.MPI_Barrier(_comm));
    }

    /// <summary>Hands the calls to MPI that may go there, in the order in which they were made. The caller holds the gate.</summary>
    public void LaunchAgreed()
    {
        while (_toLaunch.TryPeek(out var next) && World.HasAgreed(Group, Key(next.Call)))
        {
            _toLaunch.Dequeue();
            Launch(next);
        }
    }

    /// <summary>
    /// Hands over what has been agreed upon meanwhile, and moves on what was handed over before: who waits for an agreement does not call MPI, and keeps the process's own thread from doing so.
    /// </summary>
    public override void Advance()
    {
        if (World.Options.CheckCalls) Process.AdvanceAll();
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

    protected override ClusterOperation Post(in Call call, CommBuffer input, CommBuffer output)
    {
        if (call.Tag > LargestTag) throw new CommunicationException($"{this} called {call.Kind} with tag {call.Tag}; between processes tags are at most {LargestTag}.");
        // Threads of a process send messages between hosts by one communicator.
        lock (Process.Gate)
        {
            if (!_idle.TryPop(out var operation)) operation = new(Process);
            operation.Fill(this, call, input, output);
            if (World.Options.CheckCalls) World.Tell(Notice(call));
            // Messages overtake collectives that wait for other ranks: these may wait for the message.
            if (World.Options.CheckCalls && call.Number > 0) _toLaunch.Enqueue(operation);
            else Launch(operation);
            Process.Follow(operation);
            return operation;
        }
    }

    protected override void Recycle(ClusterOperation operation)
    {
        lock (Process.Gate) _idle.Push((MpiOperation)operation);
    }

    protected override ICommunicator Split(string group, int color, int[] members, int[] worldRanks) => SplitAs(group, color, members, worldRanks);

    /// <summary>The group of those ranks of this one. All ranks of this one come here.</summary>
    public MpiCommunicator SplitAs(string group, int color, int[] members, int[] worldRanks)
    {
        nint comm = 0;
        var rank = Array.IndexOf(members, Rank);
        lock (Process.Gate) MpiProcess.Check(MpiNative.MPI_Comm_split(_comm, color, rank, ref comm), "MPI_Comm_split");
        return new MpiCommunicator(Process, World, Seat, comm, group, worldRanks, rank) { IsCrowded = IsCrowded };
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

    private bool MayBlock(long count) => Size > 1 && !World.Options.CheckCalls && Process.IsExclusive && count >= 0;

    private MpiBlockingCall Block(Call call) => Process.Blocking.Enter(this, call with { Number = BeginCollective(call.Kind) });
}
