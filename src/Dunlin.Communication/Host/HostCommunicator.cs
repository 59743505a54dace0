using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>
/// A group of ranks on one host that are processes, or threads of processes: they reduce directly in each other's buffers, as threads of one process do. Sums are formed in the order of the
/// ranks. Calls are compared always, as all see what the others have called.
/// </summary>
internal sealed unsafe class HostCommunicator(HostTeam team, ProcessWorld world, Seat seat, string group, int[] worldRanks, int rank)
    : ClusterCommunicator(world, seat, group, worldRanks, rank), ICommunicator
{
    private readonly Stack<SharedCollective> _idleShared = new();
    private readonly Stack<SmallCollective> _idleSmall = new();
    private readonly Stack<HostTransfer> _idleTransfers = new();
    private readonly Queue<HostTransfer> _toPost = new();
    private readonly List<HostTransfer> _posted = [];
    private readonly Queue<(HostCollective Operation, long Number)> _underWay = new();

    public Func<long, NativeBuffer> Rent => team.Memory.Pool.RentBuffer;

    /// <summary>
    /// Posts this rank's messages as far as mailboxes have room, in the order in which they were started: of one tag, none may overtake another. Those that are done make room, whether or not
    /// somebody waits for them.
    /// </summary>
    public void PostTransfers()
    {
        while (_toPost.TryPeek(out var next))
        {
            if (next.TryPost()) _posted.Add(_toPost.Dequeue());
            else if (!EndPosted()) return;
        }
    }

    /// <summary>Ends what can be ended of the messages that stand in mailboxes, and says whether that was anything.</summary>
    private bool EndPosted()
    {
        var ended = false;
        foreach (var transfer in _posted) ended |= !transfer.IsDone && transfer.TryAdvance();
        return ended;
    }

    protected override ClusterOperation Post(in Call call, CommBuffer input, CommBuffer output)
    {
        if (call.Number == 0)
        {
            if (!_idleTransfers.TryPop(out var transfer)) transfer = new(team);
            transfer.Fill(this, call, input, output);
            _toPost.Enqueue(transfer);
            PostTransfers();
            return transfer;
        }
        MoveOn(call);
        HostCollective collective = SmallCollective.Takes(team, call, input.Bytes) ? _idleSmall.TryPop(out var small) ? small : new SmallCollective(team) : _idleShared.TryPop(out var shared) ? shared : new SharedCollective(team);
        collective.Fill(this, call, input, output);
        _underWay.Enqueue((collective, call.Number));
        return collective;
    }

    protected override void Recycle(ClusterOperation operation)
    {
        switch (operation)
        {
            case SmallCollective small: _idleSmall.Push(small); break;
            case SharedCollective shared: _idleShared.Push(shared); break;
            case HostTransfer transfer:
                _posted.Remove(transfer);
                _idleTransfers.Push(transfer);
                break;
        }
    }

    protected override ICommunicator Split(string group, int color, int[] members, int[] worldRanks) => Of(this, team.Memory, group, members, worldRanks);

    /// <summary>A group of some ranks of another group, all on this host. All ranks of that one come here.</summary>
    private static HostCommunicator Of(ClusterCommunicator parent, HostMemory memory, string group, int[] members, int[] worldRanks)
    {
        var own = Array.IndexOf(members, parent.Rank);
        var block = own == 0 ? HostTeam.Create(memory, members.Length) : default;
        var all = parent.AllGatherNumbers(block.Process, block.Offset);
        return At(parent, memory, new((int)all[2 * members[0]], (nint)all[2 * members[0] + 1]), group, worldRanks, own);
    }

    /// <summary>A group whose block its first rank has made.</summary>
    public static HostCommunicator At(ClusterCommunicator parent, HostMemory memory, Place block, string group, int[] worldRanks, int rank) =>
        new(new HostTeam(memory, block, worldRanks.Length), parent.World, parent.Seat, group, worldRanks, rank) { IsCrowded = parent.IsCrowded };

    /// <summary>Does what can be done of all that is under way, whatever this rank waits for.</summary>
    public override void Advance()
    {
        PostTransfers();
        EndPosted();
        foreach (var (operation, number) in _underWay)
            if (operation.Call.Number == number) operation.TryAdvance();
    }

    /// <summary>
    /// Before a new collective begins: does of the older ones what can be done, which is how sums are formed while the program computes on, and waits where the ring is full.
    /// </summary>
    private void MoveOn(in Call call)
    {
        while (_underWay.TryPeek(out var oldest) && (oldest.Operation.Call.Number != oldest.Number || oldest.Operation.TryAdvance())) _underWay.Dequeue();
        var slot = team.Slot(call.Number);
        var backoff = new Backoff(IsCrowded);
        var deadline = Environment.TickCount64 + (long)World.Options.Timeout.TotalMilliseconds;
        while (Volatile.Read(ref slot->Number) != call.Number)
        {
            World.ThrowIfFailed();
            if (_underWay.TryPeek(out var oldest) && (oldest.Operation.Call.Number != oldest.Number || oldest.Operation.TryAdvance())) _underWay.Dequeue();
            if (Environment.TickCount64 > deadline)
                World.Fail($"{CallSentences.Capital(Name(Rank))} waited {World.Options.Timeout.TotalSeconds:0.###} s to begin {call}: {HostTeam.Slots} collectives are under way, and another rank has not gone on from the first of them.");
            backoff.Pause();
        }
    }
}
