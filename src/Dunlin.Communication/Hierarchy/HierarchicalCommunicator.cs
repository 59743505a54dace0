using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>
/// A group of ranks on several hosts. A collective goes in three strides: the ranks of each host meet in shared memory, the first rank of each host meets the other hosts' first ranks by MPI,
/// and spreads what it has got in shared memory. So only one message for each host travels between hosts, whatever number of ranks it has.
/// </summary>
internal sealed class HierarchicalCommunicator : StridedCommunicator, ICommunicator
{
    private readonly HostLayout _layout;
    private readonly int _threads;
    private int _exchanges;

    /// <param name="world">Whose failures are all its groups'.</param>
    /// <param name="seat">Which of this process's ranks this is.</param>
    /// <param name="layout">Of the hosts.</param>
    /// <param name="threads">Ranks of each process.</param>
    /// <param name="teams">For the first stride and for the last: each has its own order of calls.</param>
    /// <param name="leaders">The hosts' first processes; used by this host's first rank only.</param>
    /// <param name="messages">All processes, for messages between hosts.</param>
    public HierarchicalCommunicator(ProcessWorld world, Seat seat, HostLayout layout, int threads, (HostTeam First, HostTeam Last) teams, MpiCommunicator leaders, MpiCommunicator messages)
        : base(world, seat, $"{world.Id}", [.. Enumerable.Range(0, layout.Hosts * layout.PerHost * threads)], seat.Rank)
    {
        (_layout, _threads, Leaders, Messages) = (layout, threads, leaders, messages);
        LocalSize = layout.PerHost * threads;
        var first = layout.Host * LocalSize;
        int[] worldRanks = [.. Enumerable.Range(first, LocalSize)];
        var crowded = LocalSize > HostProcessors.Count;
        Local = new HostCommunicator(teams.First, world, seat, $"{Group}/host {layout.Host}", worldRanks, seat.Rank - first) { IsCrowded = crowded };
        Spread = new HostCommunicator(teams.Last, world, seat, $"{Group}/host {layout.Host}, spread", worldRanks, seat.Rank - first) { IsCrowded = crowded };
        IsCrowded = crowded;
    }

    /// <summary>The ranks of this host, for the first stride.</summary>
    public ICommunicator Local { get; }

    /// <summary>The same, for the last.</summary>
    public ICommunicator Spread { get; }

    /// <summary>The hosts' first ranks.</summary>
    public ICommunicator Leaders { get; }

    /// <summary>All processes.</summary>
    public ICommunicator Messages { get; }

    public int LocalSize { get; }

    public int Host => _layout.Host;

    public bool IsLeader => Local.Rank == 0;

    public HostMemory Memory => _layout.Memory;

    public Func<long, NativeBuffer> Rent => _layout.Memory.Pool.RentBuffer;

    /// <summary>Sets a message on its way: within a host in shared memory, between hosts by MPI, whose ranks are processes.</summary>
    public IPendingOperation StartMessage(in Call call, CommBuffer buffer, MessageUse use)
    {
        var (isSend, near) = (call.Kind == CallKind.Send, call.Peer / LocalSize == Host);
        // Between hosts the tag also says which ranks of the two processes are meant.
        var most = MpiCommunicator.LargestTag / _threads / _threads;
        if (use.TagOf(call.Tag) >= most)
            throw new CommunicationException($"{this} called {call.Kind} with tag {call.Tag}; between hosts, with {_threads} ranks in each process, tags are at most {use.LargestTag(most)}.");
        var tag = (int)use.TagOf(call.Tag);
        if (near) return isSend ? Local.StartSend(buffer, call.Peer % LocalSize, tag) : Local.StartReceive(buffer, call.Peer % LocalSize, tag);
        var (from, to) = isSend ? (Rank % _threads, call.Peer % _threads) : (call.Peer % _threads, Rank % _threads);
        tag = (tag * _threads + from) * _threads + to;
        return isSend ? Messages.StartSend(buffer, call.Peer / _threads, tag) : Messages.StartReceive(buffer, call.Peer / _threads, tag);
    }

    /// <summary>The group of those ranks. All ranks of <paramref name="parent"/>, which is this group or a part of it, come here.</summary>
    public ICommunicator Part(ClusterCommunicator parent, string group, int[] members, int[] worldRanks)
    {
        var own = Array.IndexOf(members, parent.Rank);
        var isNear = worldRanks.All(rank => rank / LocalSize == Host);
        var block = isNear && own == 0 ? HostTeam.Create(Memory, members.Length) : default;
        var all = parent.AllGatherNumbers(block.Process, block.Offset, _exchanges);
        if (isNear) return HostCommunicator.At(parent, Memory, new((int)all[3 * members[0]], (nint)all[3 * members[0] + 1]), group, worldRanks, own);
        // A number that no member has seen yet.
        _exchanges = 1 + (int)members.Max(member => all[3 * member + 2]);
        return new ExchangeCommunicator(this, _exchanges, group, worldRanks, own);
    }

    protected override StridedOperation NewOperation() => new HierarchicalOperation();

    protected override ICommunicator Split(string group, int color, int[] members, int[] worldRanks) =>
        _threads == 1 ? ((MpiCommunicator)Messages).SplitAs(group, color, members, worldRanks) : Part(this, group, members, worldRanks);
}
