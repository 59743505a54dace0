namespace Dunlin.Communication;

/// <summary>
/// A collective of few elements, or none: each rank lays its own beside its call, and each takes the result from all of them. That is more work than it need be, but nobody waits for another's.
/// </summary>
internal sealed unsafe class SmallCollective(HostTeam team) : HostCollective(team)
{
    public static bool Takes(HostTeam team, in Call call, long bytes) =>
        call.Kind is CallKind.Barrier or CallKind.AllReduce or CallKind.AllGather or CallKind.Broadcast && bytes <= team.SmallBytes;

    protected override void Offer(HostPost* post) => CollectiveWork.Copy(Input.Address, Team.Small(Call.Number, Owner!.Rank), Input.Bytes);

    protected override bool TryWork(HostSlot* slot)
    {
        switch (Call.Kind)
        {
            case CallKind.AllReduce:
                Span<nint> inputs = stackalloc nint[Team.Size];
                for (var rank = 0; rank < inputs.Length; rank++) inputs[rank] = Team.Small(Call.Number, rank);
                if (Call.Count > 0) Reduction.Reduce(Call.Type, Call.Op, inputs, Output.Address, (int)Call.Count);
                break;
            case CallKind.AllGather:
                for (var rank = 0; rank < Team.Size; rank++) CollectiveWork.Copy(Team.Small(Call.Number, rank), Output.Address + (nint)(rank * Input.Bytes), Input.Bytes);
                break;
            case CallKind.Broadcast when Call.Peer != Owner!.Rank:
                CollectiveWork.Copy(Team.Small(Call.Number, Call.Peer), Output.Address, Output.Bytes);
                break;
        }
        return true;
    }
}
