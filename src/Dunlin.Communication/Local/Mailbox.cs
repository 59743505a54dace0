using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>One rank's sends and receives that have not found each other yet, oldest first. Thread-safe.</summary>
internal sealed class Mailbox(LocalTeam team)
{
    private readonly Lock _lock = new();
    private Transfer? _first;
    private Transfer? _last;

    /// <summary>Joins the oldest transfer of this sender and tag that lacks this side, or begins one.</summary>
    public Ticket Post(LocalCommunicator owner, in Call call, CommBuffer input, CommBuffer output)
    {
        var sends = call.Kind == CallKind.Send;
        var (sender, receiver) = sends ? (owner.Rank, call.Peer) : (call.Peer, owner.Rank);
        lock (_lock)
        {
            Transfer? before = null;
            for (var transfer = _first; transfer is not null; before = transfer, transfer = transfer.Next)
            {
                if (transfer.Tag != call.Tag || transfer.Sender.Rank != sender) continue;
                if ((sends ? transfer.Sender : transfer.Receiver).HasArrived) continue;
                Remove(transfer, before);
                return transfer.Join(owner, call, input, output);
            }
            var fresh = team.Transfers.Rent();
            fresh.Begin(sender, receiver, call.Tag);
            if (_last is null) _first = fresh;
            else _last.Next = fresh;
            _last = fresh;
            return fresh.Join(owner, call, input, output);
        }
    }

    private void Remove(Transfer transfer, Transfer? before)
    {
        if (before is null) _first = transfer.Next;
        else before.Next = transfer.Next;
        if (_last == transfer) _last = before;
    }
}
