using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>
/// A collective in shared memory, as one rank sees it. Starting only posts the rank's buffers; whoever looks after the operation when all have come takes chunks of the work, so whoever comes
/// first does more. A buffer that the others do not see is copied to where they do, and back.
/// </summary>
internal sealed unsafe class HostCollective(HostTeam team) : ClusterOperation
{
    private ChunkPlan _plan;
    private Staged _input;
    private Staged _output;

    public void Fill(HostCommunicator owner, in Call call, CommBuffer input, CommBuffer output)
    {
        Begin(owner, call, input, output);
        _plan = ChunkPlan.Of(call, team.Size);
        var inPlace = input.Address == output.Address && input.Count == output.Count;
        _input = Staged.Of(team.Memory, input, copyIn: call.Kind != CallKind.Broadcast || call.Peer == owner.Rank);
        _output = inPlace ? _input : Staged.Output(team.Memory, input, output, _input);
        var post = team.Post(call.Number, owner.Rank);
        post->Call = call;
        (post->Input, post->Output) = (_input.Place, _output.Place);
        Volatile.Write(ref post->Ready, call.Number);
        // Of two that arrive at once at least one sees the other, as each announces itself before it looks. Only then does it count itself: nobody begins to work on calls that do not go together.
        Interlocked.MemoryBarrier();
        ExpectAgreement(owner, call);
        Interlocked.Increment(ref team.Slot(call.Number)->Arrived);
    }

    public override bool TryAdvance()
    {
        if (IsDone) return true;
        var slot = team.Slot(Call.Number);
        if (Volatile.Read(ref slot->Arrived) < team.Size) return false;
        Help(slot);
        if (Volatile.Read(ref slot->Done) < _plan.Chunks) return false;
        Finish(slot);
        return true;
    }

    private void Help(HostSlot* slot)
    {
        if (Volatile.Read(ref slot->Taken) >= _plan.Chunks) return;
        Span<nint> inputs = stackalloc nint[team.Size], outputs = stackalloc nint[team.Size];
        for (var rank = 0; rank < team.Size; rank++)
        {
            var post = team.Post(Call.Number, rank);
            (inputs[rank], outputs[rank]) = (team.Memory.AddressOf(post->Input), team.Memory.AddressOf(post->Output));
        }
        while (Interlocked.Increment(ref slot->Taken) - 1 is var chunk && chunk < _plan.Chunks)
        {
            CollectiveWork.Execute(Call, _plan, chunk, inputs, outputs);
            Interlocked.Increment(ref slot->Done);
        }
    }

    private void Finish(HostSlot* slot)
    {
        // A rank that sends copies nothing back.
        if (Call.Kind != CallKind.Broadcast || Call.Peer != Owner!.Rank) _output.CopyOut(Output);
        _input.Return(team.Memory);
        // In place, the two are one.
        if (_output != _input) _output.Return(team.Memory);
        Complete();
        if (Interlocked.Increment(ref slot->Released) < team.Size) return;
        // The last to go leaves the slot for the collective that is a whole ring later.
        (slot->Arrived, slot->Released, slot->Taken, slot->Done) = (0, 0, 0, 0);
        Volatile.Write(ref slot->Number, Call.Number + HostTeam.Slots);
    }

    private void ExpectAgreement(HostCommunicator owner, in Call call)
    {
        for (var rank = 0; rank < team.Size; rank++)
        {
            var other = team.Post(call.Number, rank);
            if (rank == owner.Rank || Volatile.Read(ref other->Ready) != call.Number || other->Call == call) continue;
            var (first, firstCall, second, secondCall) = rank < owner.Rank ? (rank, other->Call, owner.Rank, call) : (owner.Rank, call, rank, other->Call);
            owner.World.Fail(CallSentences.Mismatch(owner.Name(first), firstCall.ToString(), owner.Name(second), secondCall.ToString()));
            owner.World.Throw();
        }
    }
}
