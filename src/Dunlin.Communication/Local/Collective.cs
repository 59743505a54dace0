using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>One collective of all ranks, in a chain with the collectives before and after it.</summary>
internal sealed class Collective(LocalTeam team) : SharedWork(team, team.Size)
{
    private Collective? _next;
    private ChunkPlan _plan;

    /// <summary>The how manyth of the group, from 1; 0 is the empty origin of the chain.</summary>
    public long Number { get; private set; }

    public Collective? Next => Volatile.Read(ref _next);

    /// <summary>The groups that a split has formed, by colour.</summary>
    public Dictionary<int, LocalTeam>? Children { get; set; }

    public void Begin(long number)
    {
        Reset();
        Number = number;
        Children = null;
        _next = null;
    }

    /// <summary>Puts a collective behind this one, unless another rank was faster; returns the one that stands there.</summary>
    public Collective Append(Collective candidate)
    {
        candidate.Begin(Number + 1);
        if (Interlocked.CompareExchange(ref _next, candidate, null) is not { } faster) return candidate;
        Team.Collectives.Return(candidate);
        return faster;
    }

    public Ticket Join(LocalCommunicator owner, in Call call, CommBuffer input, CommBuffer output, (int Color, int Key) placement = default)
    {
        var ticket = Tickets[owner.Rank];
        // Held until it has been waited for and the rank has moved on to the next in the chain.
        ticket.Fill(owner, call, input, output, uses: 2);
        ticket.Placement = placement;
        var plan = ChunkPlan.Of(call, Team.Size);
        _plan = plan;
        Arrive(ticket, plan.Chunks);
        return ticket;
    }

    protected override void Execute(long chunk)
    {
        Span<nint> inputs = stackalloc nint[Tickets.Length], outputs = stackalloc nint[Tickets.Length];
        for (var rank = 0; rank < Tickets.Length; rank++) (inputs[rank], outputs[rank]) = (Tickets[rank].Input.Address, Tickets[rank].Output.Address);
        CollectiveWork.Execute(Tickets[0].Call, _plan, chunk, inputs, outputs);
    }

    protected override void Recycle() => Team.Collectives.Return(this);

    protected override string? Conflict(Ticket a, Ticket b) =>
        a.Call != b.Call ? Report.Mismatch(a, b)
        : CommBuffers.Overlap(a.Output, b.Output) || CommBuffers.Overlap(a.Output, b.Input) || CommBuffers.Overlap(a.Input, b.Output) ? Report.SharedMemory(a, b)
        : null;
}
