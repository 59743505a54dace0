using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>
/// A group of some of the ranks of several hosts, where processes have several ranks each: MPI knows processes only, so the ranks exchange messages. Each sends every other its part, which for sums
/// is as few bytes as there can be, and as many messages as there are ranks.
/// </summary>
internal sealed class ExchangeCommunicator : StridedCommunicator, ICommunicator
{
    private readonly int _number;
    private readonly int[] _worldRanks;

    /// <param name="root">The ranks of all hosts.</param>
    /// <param name="number">Tells the messages of this group from those of others that have some of its ranks.</param>
    /// <param name="group">The name.</param>
    /// <param name="worldRanks">Of the members, by rank of this group.</param>
    /// <param name="rank">This one's.</param>
    /// <exception cref="CommunicationException">There are too many groups.</exception>
    public ExchangeCommunicator(HierarchicalCommunicator root, int number, string group, int[] worldRanks, int rank) : base(root.World, root.Seat, group, worldRanks, rank)
    {
        if (number > MessageUse.MostGroups) throw new CommunicationException($"{root} made {number} groups of ranks on several hosts; with several ranks in each process there may be {MessageUse.MostGroups}. Make groups once, not in every step.");
        (Root, _number, _worldRanks) = (root, number, worldRanks);
        IsCrowded = root.IsCrowded;
    }

    public HierarchicalCommunicator Root { get; }

    public Func<long, NativeBuffer> Rent => Root.Rent;

    /// <summary>A message of a collective, in its first stride or its second.</summary>
    public IPendingOperation StartPart(CallKind kind, CommBuffer buffer, int peer, int stride) =>
        Root.StartMessage(new(kind, 0, buffer.Type, buffer.Count, Peer: _worldRanks[peer]), buffer, MessageUse.OfCollective(_number, stride));

    /// <summary>A message of the group's user.</summary>
    public IPendingOperation StartMessage(in Call call, CommBuffer buffer) => Root.StartMessage(call with { Peer = _worldRanks[call.Peer] }, buffer, MessageUse.OfGroup(_number));

    protected override StridedOperation NewOperation() => new ExchangeOperation();

    protected override ICommunicator Split(string group, int color, int[] members, int[] worldRanks) => Root.Part(this, group, members, worldRanks);
}
