using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>
/// A call of a group that exchanges messages. First every rank sends every other what that one needs; where there is something to reduce, each then has one part of all ranks' elements, and what
/// it makes of them goes to all in a second stride. Sums are in the order of the ranks.
/// </summary>
internal sealed class ExchangeOperation : StridedOperation
{
    private const int First = 1, Second = 2;

    private nint _others;

    private ExchangeCommunicator Group => (ExchangeCommunicator)Owner!;

    protected override void Prepare()
    {
        _others = 0;
        if (Call.Number == 0) Await(Group.StartMessage(Call, Call.Kind == CallKind.Send ? Input : Output));
    }

    protected override bool Take(int stride)
    {
        switch (stride)
        {
            case First:
                Exchange();
                return true;
            case Second:
                if (IsReduction) Reduce();
                return true;
            default: return false;
        }
    }

    private bool IsReduction => Call.Kind is CallKind.AllReduce or CallKind.ReduceScatter;

    private void Exchange()
    {
        var own = Group.Rank;
        switch (Call.Kind)
        {
            case CallKind.Broadcast:
                for (var peer = 0; peer < Group.Size; peer++)
                    if (Call.Peer == own && peer != own) Await(Group.StartPart(CallKind.Send, Input, peer, First));
                if (Call.Peer != own) Await(Group.StartPart(CallKind.Receive, Output, Call.Peer, First));
                return;
            case CallKind.AllReduce or CallKind.ReduceScatter:
                _others = Group.Root.Memory.Pool.Rent(Group.Size * PartOf(Input, own).Bytes);
                break;
            case CallKind.AllGather or CallKind.AllToAll:
                CollectiveWork.Copy(Sent(own, First).Address, PartOf(Output, own).Address, Sent(own, First).Bytes);
                break;
        }
        ExchangeParts(First);
    }

    private unsafe void Reduce()
    {
        var own = Group.Rank;
        var input = PartOf(Input, own);
        var target = Call.Kind == CallKind.AllReduce ? input : Output;
        Span<nint> sources = stackalloc nint[Group.Size];
        var (size, most) = (Call.Type.Size(), ChunkPlan.ChunkBytes / Call.Type.Size());
        for (var begin = 0L; begin < input.Count; begin += most)
        {
            for (var rank = 0; rank < sources.Length; rank++) sources[rank] = (rank == own ? input : OfOther(rank)).Address + (nint)(begin * size);
            Reduction.Reduce(Call.Type, Call.Op, sources, target.Address + (nint)(begin * size), (int)Math.Min(most, input.Count - begin));
        }
        Group.Root.Memory.Pool.Return(_others, Group.Size * input.Bytes);
        if (Call.Kind == CallKind.AllReduce) ExchangeParts(Second);
    }

    private void ExchangeParts(int stride)
    {
        for (var peer = 0; peer < Group.Size; peer++)
        {
            if (peer == Group.Rank) continue;
            Await(Group.StartPart(CallKind.Receive, stride == First && IsReduction ? OfOther(peer) : PartOf(Output, peer), peer, stride));
            Await(Group.StartPart(CallKind.Send, Sent(peer, stride), peer, stride));
        }
    }

    /// <summary>What another rank gets in a stride.</summary>
    private CommBuffer Sent(int peer, int stride) =>
        stride == Second ? PartOf(Output, Group.Rank) : IsReduction || Call.Kind == CallKind.AllToAll ? PartOf(Input, peer) : Input;

    /// <summary>A rank's part of the whole. Parts are equal but where what is reduced can't be divided so.</summary>
    private CommBuffer PartOf(CommBuffer whole, int rank)
    {
        var (begin, end) = (rank * whole.Count / Group.Size, (rank + 1L) * whole.Count / Group.Size);
        return new(whole.Address + (nint)(begin * whole.Type.Size()), end - begin, whole.Type);
    }

    /// <summary>Where another rank's elements of this rank's part lie.</summary>
    private CommBuffer OfOther(int rank)
    {
        var part = PartOf(Input, Group.Rank);
        return new(_others + (nint)(rank * part.Bytes), part.Count, part.Type);
    }
}
