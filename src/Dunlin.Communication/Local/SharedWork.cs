namespace Dunlin.Communication;

/// <summary>
/// An operation of several parties: it may begin when all have arrived, is cut into chunks that any waiting party may take, and
/// returns to its pool when all parties have let go of it.
/// </summary>
internal abstract class SharedWork
{
    private long _chunks;
    private long _taken;
    private long _done;
    private int _arrived;
    private int _held;

    protected SharedWork(LocalTeam team, int parties)
    {
        Team = team;
        Tickets = [.. Enumerable.Range(0, parties).Select(party => new Ticket(this, party))];
    }

    public LocalTeam Team { get; }

    public Ticket[] Tickets { get; }

    public bool AllArrived => Volatile.Read(ref _arrived) == Tickets.Length;

    public bool IsDone => AllArrived && Volatile.Read(ref _done) == _chunks;

    /// <summary>Whether a party that has not arrived never will.</summary>
    public bool IsHopeless => Team.World.AnyLeft && !AllArrived && SomeoneLeft();

    /// <summary>Makes the object ready for a new use.</summary>
    protected void Reset()
    {
        _chunks = _taken = _done = 0;
        _arrived = 0;
        _held = Tickets.Length;
        foreach (var ticket in Tickets) ticket.Clear();
    }

    /// <summary>A party has filled in its ticket. All parties name the same number of chunks, or they have called different things.</summary>
    protected void Arrive(Ticket ticket, long chunks)
    {
        _chunks = chunks;
        ticket.HasArrived = true;
        // Of two that arrive at once at least one sees the other, as each announces itself before it looks. Only then does it count
        // itself: nobody begins to work on calls that do not go together.
        Interlocked.MemoryBarrier();
        foreach (var other in Tickets)
        {
            if (other == ticket || !other.HasArrived || Conflict(ticket, other) is not { } conflict) continue;
            Team.World.Fail(conflict);
            return;
        }
        if (Interlocked.Increment(ref _arrived) == Tickets.Length) Team.World.Bell.Ring();
    }

    /// <summary>Takes chunks until none is left to take. All parties have arrived.</summary>
    public void Help(int rank)
    {
        if (!Team.World.TryBeginWork(rank)) return;
        try
        {
            while (!Team.World.Failed)
            {
                var chunk = Interlocked.Increment(ref _taken) - 1;
                if (chunk >= _chunks) break;
                Execute(chunk);
                if (Interlocked.Increment(ref _done) == _chunks) Team.World.Bell.Ring();
            }
        }
        finally { Team.World.EndWork(rank); }
    }

    /// <summary>A party touches this object no more.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref _held) == 0) Recycle();
    }

    /// <summary>Why the two parties' calls do not go together, or null.</summary>
    protected abstract string? Conflict(Ticket a, Ticket b);

    protected abstract void Execute(long chunk);

    protected abstract void Recycle();

    private bool SomeoneLeft()
    {
        foreach (var ticket in Tickets)
        {
            if (!ticket.HasArrived && Team.HasLeft(ticket.Rank)) return true;
        }
        return false;
    }
}
