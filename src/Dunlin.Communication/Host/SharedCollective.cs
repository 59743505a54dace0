namespace Dunlin.Communication;

/// <summary>
/// A collective between buffers of shared memory. Whoever looks after it when all have come takes chunks of the work, so whoever comes first does more. A buffer that the others do not see is copied
/// to where they do, and back.
/// </summary>
internal sealed unsafe class SharedCollective(HostTeam team) : HostCollective(team)
{
    private ChunkPlan _plan;
    private Staged _input;
    private Staged _output;

    protected override void Offer(HostPost* post)
    {
        _plan = ChunkPlan.Of(Call, Team.Size);
        var inPlace = Input.Address == Output.Address && Input.Count == Output.Count;
        _input = Staged.Of(Team.Memory, Input, copyIn: Call.Kind != CallKind.Broadcast || Call.Peer == Owner!.Rank);
        _output = inPlace ? _input : Staged.Output(Team.Memory, Input, Output, _input);
        (post->Input, post->Output) = (_input.Place, _output.Place);
    }

    protected override bool TryWork(HostSlot* slot)
    {
        Help(slot);
        if (Volatile.Read(ref slot->Done) < _plan.Chunks) return false;
        // A rank that sends copies nothing back.
        if (Call.Kind != CallKind.Broadcast || Call.Peer != Owner!.Rank) _output.CopyOut(Output);
        _input.Return(Team.Memory);
        // In place, the two are one.
        if (_output != _input) _output.Return(Team.Memory);
        return true;
    }

    private void Help(HostSlot* slot)
    {
        if (Volatile.Read(ref slot->Taken) >= _plan.Chunks) return;
        Span<nint> inputs = stackalloc nint[Team.Size], outputs = stackalloc nint[Team.Size];
        for (var rank = 0; rank < Team.Size; rank++)
        {
            var post = Team.Post(Call.Number, rank);
            (inputs[rank], outputs[rank]) = (Team.Memory.AddressOf(post->Input), Team.Memory.AddressOf(post->Output));
        }
        while (Interlocked.Increment(ref slot->Taken) - 1 is var chunk && chunk < _plan.Chunks)
        {
            CollectiveWork.Execute(Call, _plan, chunk, inputs, outputs);
            Interlocked.Increment(ref slot->Done);
        }
    }
}
