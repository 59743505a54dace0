namespace Dunlin.Communication;

/// <summary>What the ranks of one group share: their chain of collectives, their mailboxes and who has left.</summary>
internal sealed class LocalTeam
{
    private readonly bool _isWorld;
    private readonly int[] _worldRanks;
    private readonly bool[] _left;
    private readonly Collective[] _latest;

    public LocalTeam(LocalWorld world, int[] worldRanks, bool isWorld)
    {
        World = world;
        _worldRanks = worldRanks;
        _isWorld = isWorld;
        _left = new bool[Size];
        Collectives = new(() => new Collective(this));
        Transfers = new(() => new Transfer(this));
        Mailboxes = [.. worldRanks.Select(_ => new Mailbox(this))];
        var origin = new Collective(this);
        origin.Begin(0);
        _latest = [.. worldRanks.Select(_ => origin)];
    }

    public LocalWorld World { get; }

    public int Size => _worldRanks.Length;

    public Pool<Collective> Collectives { get; }

    public Pool<Transfer> Transfers { get; }

    /// <summary>By receiving rank.</summary>
    public Mailbox[] Mailboxes { get; }

    public int WorldRank(int rank) => _worldRanks[rank];

    public string Name(int rank) => _isWorld ? $"rank {rank}" : $"rank {rank} of a group of {Size} (rank {_worldRanks[rank]} of the world)";

    public bool HasLeft(int rank) => Volatile.Read(ref _left[rank]) || World.HasLeft(_worldRanks[rank]);

    public void Leave(int rank)
    {
        Volatile.Write(ref _left[rank], true);
        if (_isWorld) World.Leave(_worldRanks[rank]);
        else World.NoteDeparture();
    }

    /// <summary>The rank's next collective: the one that another rank has already begun, or a new one at the end of the chain.</summary>
    public Collective Next(int rank)
    {
        var last = _latest[rank];
        var next = last.Next ?? last.Append(Collectives.Rent());
        Volatile.Write(ref _latest[rank], next);
        if (last.Number == 0) return next; // nobody waits for the origin, and it goes back to no pool
        last.Tickets[rank].LetGo();
        return next;
    }

    /// <summary>A rank's name, with what it waits in or called last.</summary>
    public string LastDone(int rank)
    {
        if (World.WaitsIn(_worldRanks[rank]) is { } waiting) return $"{Name(rank)}, which waits in {waiting.Call}";
        var last = Volatile.Read(ref _latest[rank]);
        return last.Number == 0
            ? $"{Name(rank)}, which has called no collective yet"
            : $"{Name(rank)}, whose last collective was {last.Tickets[rank].Call}";
    }
}
