using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>
/// A group of ranks on several hosts. A collective goes in three strides: the ranks of each host meet in shared memory, the first rank of each host meets the other hosts' first ranks by MPI,
/// and spreads what it has got in shared memory. So only one message for each host travels between hosts, whatever number of ranks it has.
/// </summary>
internal sealed class HierarchicalCommunicator : ClusterCommunicator, ICommunicator
{
    private readonly HostLayout _layout;
    private readonly int _threads;
    private readonly Stack<HierarchicalOperation> _idle = new();
    private readonly List<HierarchicalOperation> _underWay = [];

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
    public IPendingOperation StartMessage(in Call call, CommBuffer buffer)
    {
        var (isSend, near) = (call.Kind == CallKind.Send, call.Peer / LocalSize == Host);
        if (near) return isSend ? Local.StartSend(buffer, call.Peer % LocalSize, call.Tag) : Local.StartReceive(buffer, call.Peer % LocalSize, call.Tag);
        var (from, to) = isSend ? (Rank % _threads, call.Peer % _threads) : (call.Peer % _threads, Rank % _threads);
        var tag = ((long)call.Tag * _threads + from) * _threads + to;
        if (tag > MpiCommunicator.LargestTag)
            throw new CommunicationException($"{this} called {call.Kind} with tag {call.Tag}; between hosts, with {_threads} ranks in each process, tags are at most {MpiCommunicator.LargestTag / _threads / _threads - 1}.");
        return isSend ? Messages.StartSend(buffer, call.Peer / _threads, (int)tag) : Messages.StartReceive(buffer, call.Peer / _threads, (int)tag);
    }

    /// <summary>Lets every operation take the strides that it can take. Every rank begins each stride in the order of the calls.</summary>
    public void Advance()
    {
        HierarchicalOperation? before = null;
        foreach (var operation in _underWay)
        {
            while ((before is null || before.Stride > operation.Stride) && operation.TryEndStride()) operation.TakeStride();
            before = operation;
        }
        while (_underWay is [{ IsDone: true }, ..]) _underWay.RemoveAt(0);
    }

    protected override ClusterOperation Post(in Call call, CommBuffer input, CommBuffer output)
    {
        if (!_idle.TryPop(out var operation)) operation = new();
        operation.Fill(this, call, input, output);
        if (call.Number > 0)
        {
            _underWay.Add(operation);
            Advance();
        }
        return operation;
    }

    protected override void Recycle(ClusterOperation operation) => _idle.Push((HierarchicalOperation)operation);

    protected override ICommunicator Split(string group, int color, int[] members, int[] worldRanks)
    {
        if (_threads == 1) return ((MpiCommunicator)Messages).SplitAs(group, color, members, worldRanks);
        if (members.All(rank => rank / LocalSize == Host)) return HostCommunicator.Of(this, Memory, group, members, worldRanks);
        throw new CommunicationException($"A group of some of the ranks of several hosts takes processes of one rank each; here each has {_threads}. Start more processes with one rank each.");
    }
}
