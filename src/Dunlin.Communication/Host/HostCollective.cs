using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>
/// A collective in shared memory, as one rank sees it: starting only posts the call. All see what the others have called before they begin to work, so nobody works on calls that do not go together.
/// </summary>
internal abstract unsafe class HostCollective(HostTeam team) : ClusterOperation
{
    private readonly bool[] _seen = new bool[team.Size];
    private int _missing;

    protected HostTeam Team => team;

    public void Fill(HostCommunicator owner, in Call call, CommBuffer input, CommBuffer output)
    {
        Begin(owner, call, input, output);
        (_missing, _seen[owner.Rank]) = (team.Size - 1, true);
        var post = team.Post(call.Number, owner.Rank);
        post->Call = call;
        Offer(post);
        Volatile.Write(ref post->Ready, call.Number);
        Look(owner);
    }

    public override bool TryAdvance()
    {
        if (IsDone) return true;
        if (_missing > 0 && !Look((HostCommunicator)Owner!)) return false;
        var slot = team.Slot(Call.Number);
        if (!TryWork(slot)) return false;
        Complete();
        if (Interlocked.Increment(ref slot->Released) < team.Size) return true;
        // The last to go leaves the slot for the collective that is a whole ring later.
        (slot->Released, slot->Taken, slot->Done) = (0, 0, 0);
        Volatile.Write(ref slot->Number, Call.Number + HostTeam.Slots);
        return true;
    }

    /// <summary>Puts this rank's elements where the others see them.</summary>
    protected abstract void Offer(HostPost* post);

    /// <summary>Does what can be done now that all have posted, and says whether this rank is through.</summary>
    protected abstract bool TryWork(HostSlot* slot);

    /// <summary>Whether all have posted this call. Another one is an error, whoever else is still away.</summary>
    private bool Look(HostCommunicator owner)
    {
        for (var rank = 0; rank < _seen.Length; rank++)
        {
            if (_seen[rank]) continue;
            var other = team.Post(Call.Number, rank);
            if (Volatile.Read(ref other->Ready) != Call.Number) continue;
            if (other->Call != Call)
            {
                var (first, firstCall, second, secondCall) = rank < owner.Rank ? (rank, other->Call, owner.Rank, Call) : (owner.Rank, Call, rank, other->Call);
                owner.World.Fail(CallSentences.Mismatch(owner.Name(first), firstCall.ToString(), owner.Name(second), secondCall.ToString()));
                owner.World.Throw();
            }
            _seen[rank] = true;
            _missing--;
        }
        if (_missing > 0) return false;
        // For the next call that this operation serves.
        Array.Clear(_seen);
        return true;
    }
}
