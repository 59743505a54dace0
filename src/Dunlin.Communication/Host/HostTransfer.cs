using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>A send or a receive in shared memory, as one side sees it. The second to come finds the first in the receiver's mailbox; whoever looks after it next copies from buffer to buffer.</summary>
internal sealed unsafe class HostTransfer(HostTeam team) : ClusterOperation
{
    private HostMessage* _entry;
    private Staged _buffer;

    /// <summary>Whether it stands in its receiver's mailbox.</summary>
    public bool IsPosted { get; private set; }

    private bool IsSend => Call.Kind == CallKind.Send;

    public void Fill(HostCommunicator owner, in Call call, CommBuffer input, CommBuffer output)
    {
        Begin(owner, call, input, output);
        IsPosted = false;
        _buffer = Staged.Of(team.Memory, IsSend ? input : output, copyIn: IsSend);
    }

    public override bool TryAdvance()
    {
        if (IsDone) return true;
        if (!IsPosted) ((HostCommunicator)Owner!).PostTransfers();
        if (!IsPosted) return false;
        if (Volatile.Read(ref _entry->State) == MessageState.Matched && Interlocked.CompareExchange(ref _entry->State, MessageState.Copying, MessageState.Matched) == MessageState.Matched)
        {
            CollectiveWork.Copy(team.Memory.AddressOf(_entry->From), team.Memory.AddressOf(_entry->To), _entry->First.Count * _entry->First.Type.Size());
            Volatile.Write(ref _entry->State, MessageState.Done);
        }
        if (Volatile.Read(ref _entry->State) < MessageState.Done) return false;
        if (!IsSend) _buffer.CopyOut(Output);
        _buffer.Return(team.Memory);
        // The second of the two to see it frees the entry.
        if (Interlocked.Increment(ref _entry->State) == MessageState.Done + 2) Volatile.Write(ref _entry->State, MessageState.Free);
        Complete();
        return true;
    }

    /// <summary>Puts the message into the mailbox, or to its other side there. False while the mailbox is full or somebody else looks through it.</summary>
    public bool TryPost()
    {
        var owner = (HostCommunicator)Owner!;
        var (sender, receiver) = IsSend ? (owner.Rank, Call.Peer) : (Call.Peer, owner.Rank);
        var mailbox = team.Mailbox(receiver);
        var backoff = new Backoff(owner.IsCrowded);
        for (var tries = 0; !mailbox.TryLock(); backoff.Pause())
            if (++tries > 1000) return false;
        try
        {
            var other = mailbox.Find(sender, Call.Tag, !IsSend);
            _entry = other != null ? other : mailbox.Add();
            if (_entry == null) return false;
            if (IsSend) _entry->From = _buffer.Place;
            else _entry->To = _buffer.Place;
            if (other == null)
            {
                (_entry->Sender, _entry->Tag, _entry->IsSend, _entry->First) = (sender, Call.Tag, IsSend ? 1 : 0, Call);
                Volatile.Write(ref _entry->State, MessageState.Waiting);
            }
            else
            {
                _entry->Second = Call;
                ExpectAgreement(owner, sender, receiver);
                Volatile.Write(ref _entry->State, MessageState.Matched);
            }
            IsPosted = true;
            return true;
        }
        finally { mailbox.Unlock(); }
    }

    private void ExpectAgreement(HostCommunicator owner, int sender, int receiver)
    {
        var (first, second) = (_entry->First, _entry->Second);
        if ((first.Type, first.Count) == (second.Type, second.Count)) return;
        var (send, receive) = IsSend ? (second, first) : (first, second);
        owner.World.Fail(CallSentences.Unmatched(owner.Name(sender), send.ToString(), owner.Name(receiver), receive.ToString()));
        owner.World.Throw();
    }
}
