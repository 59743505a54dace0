using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>What all groups of ranks in several processes have in common: names, numbers, checks of one rank's own calls, and failures. How bytes move is for the kinds of groups to say.</summary>
internal abstract class ClusterCommunicator : CheckedCommunicator, ICommunicator
{
    private readonly int[] _worldRanks;
    private long _number;
    private int _splits;
    private int _pending;
    private bool _disposed;

    protected ClusterCommunicator(ProcessWorld world, Seat seat, string group, int[] worldRanks, int rank) : base(rank)
    {
        (World, Seat, Group, _worldRanks) = (world, seat, group, worldRanks);
        seat.Register(this);
    }

    public ProcessWorld World { get; }

    /// <summary>Which of this process's ranks this is.</summary>
    public Seat Seat { get; }

    /// <summary>The same on all ranks of the group, another for each group.</summary>
    public string Group { get; }

    public override int Size => _worldRanks.Length;

    /// <summary>The last collective that this rank has begun.</summary>
    public long Number => Volatile.Read(ref _number);

    /// <summary>Whether there are more ranks on this host than processors.</summary>
    public bool IsCrowded { get; init; }

    public string Name(int rank) => Group.Contains('/') ? $"rank {rank} of a group of {Size} (rank {_worldRanks[rank]} of the world)" : $"rank {rank}";

    public int WorldRank(int rank) => _worldRanks[rank];

    public override ICommunicator Split(int color, int key)
    {
        var all = this.AllGatherNumbers(color, key);
        int[] members = [.. Enumerable.Range(0, Size).Where(r => all[2 * r] == color).OrderBy(r => all[2 * r + 1]).ThenBy(r => r)];
        // Numbers for colours that begin at 0, as MPI wants them.
        var number = Enumerable.Range(0, Size).Select(r => all[2 * r]).Distinct().Order().ToList().IndexOf(color);
        return Split($"{Group}/{++_splits}.{number}", number, members, [.. members.Select(r => _worldRanks[r])]);
    }

    public override void Abort(string reason) => World.Fail($"{CallSentences.Capital(Name(Rank))} aborted: {reason}");

    public void ReportStep(long step) => Seat.Step = step;

    public override void Dispose()
    {
        if (_disposed) return;
        if (_pending > 0 && !World.Failed) Abort($"it left the group with {_pending} operations for which it had not waited.");
        _disposed = true;
        Seat.Leave(this);
        World.Tell(new LeftNotice(World.Id, Group, Seat.Rank, Name(Rank), Number));
    }

    public override string ToString() => Name(Rank);

    /// <summary>Does what can be done without waiting of all that is under way: others may wait for it, while this rank waits for something else.</summary>
    public virtual void Advance() { }

    /// <summary>Takes back an operation that was waited for.</summary>
    public void Release(ClusterOperation operation)
    {
        Interlocked.Decrement(ref _pending);
        Recycle(operation);
    }

    /// <summary>Sets a checked call of a group of several ranks, or a message, on its way.</summary>
    protected abstract ClusterOperation Post(in Call call, CommBuffer input, CommBuffer output);

    /// <summary>An operation may serve a later call.</summary>
    protected abstract void Recycle(ClusterOperation operation);

    /// <summary>The group of those ranks of this one.</summary>
    protected abstract ICommunicator Split(string group, int color, int[] members, int[] worldRanks);

    /// <summary>The next collective's number, if this rank may begin one.</summary>
    protected long BeginCollective(CallKind kind)
    {
        Expect(kind);
        return ++_number;
    }

    protected override IPendingOperation StartCollective(Call call, CommBuffer input, CommBuffer output)
    {
        Check.Count(this, call);
        call = call with { Number = BeginCollective(call.Kind) };
        if (Size == 1)
        {
            CollectiveWork.Copy(input.Address, output.Address, input.Bytes);
            return Completed.Operation;
        }
        return Count(Post(call, input, output));
    }

    protected override IPendingOperation StartMessage(in Call call, CommBuffer input, CommBuffer output)
    {
        Expect(call.Kind);
        return Count(Post(call, input, output));
    }

    private ClusterOperation Count(ClusterOperation operation)
    {
        Interlocked.Increment(ref _pending);
        return operation;
    }

    private void Expect(CallKind what)
    {
        World.ThrowIfFailed();
        if (_disposed) throw new CommunicationException($"{this} called {what} after it had left the group.");
    }
}
