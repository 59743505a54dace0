using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>One party's side of a <see cref="SharedWork"/>: what it called, its buffers, and its wait.</summary>
internal sealed class Ticket(SharedWork work, int party) : IPendingOperation
{
    private volatile bool _hasArrived;
    private int _uses;

    public SharedWork Work { get; } = work;

    /// <summary>The party's rank in the group.</summary>
    public int Rank { get; set; } = party;

    public Call Call { get; private set; }

    public CommBuffer Input { get; private set; }

    public CommBuffer Output { get; private set; }

    /// <summary>Colour and key, of a split only.</summary>
    public (int Color, int Key) Placement { get; set; }

    public LocalCommunicator? Owner { get; private set; }

    public bool HasArrived
    {
        get => _hasArrived;
        set => _hasArrived = value;
    }

    private LocalWorld World => Work.Team.World;

    public bool IsCompleted => Work.IsDone || World.Failed || Work.IsHopeless;

    /// <param name="owner">Whose call it is.</param>
    /// <param name="call">What it called.</param>
    /// <param name="input">What is read.</param>
    /// <param name="output">What is written.</param>
    /// <param name="uses">How often <see cref="LetGo"/> must be called before this rank is through with the shared object.</param>
    public void Fill(LocalCommunicator owner, in Call call, CommBuffer input, CommBuffer output, int uses)
    {
        (Owner, Call, Input, Output, _uses) = (owner, call, input, output, uses);
        Rank = owner.Rank;
    }

    public void Clear()
    {
        HasArrived = false;
        Owner = null;
    }

    public void Wait()
    {
        if (Owner is not { } owner)
            throw new CommunicationException($"{Work.Team.Name(Rank)} waits twice for the same operation; an operation may be waited for once.");
        Complete(owner);
        owner.OneLessPending();
        Owner = null;
        LetGo();
    }

    /// <summary>Only this rank's thread calls it, so a plain count will do.</summary>
    public void LetGo()
    {
        if (--_uses == 0) Work.Release();
    }

    private void Complete(LocalCommunicator owner)
    {
        if (Work.IsDone) return;
        var deadline = World.Deadline;
        World.SetWaitsIn(owner.WorldRank, this);
        Await(new Arrival(this), deadline);
        Work.Help(owner.WorldRank);
        Await(new Completion(this), deadline);
        World.SetWaitsIn(owner.WorldRank, null);
    }

    private void Await<T>(T condition, long deadline) where T : struct, ICondition
    {
        if (!World.Bell.Await(condition, deadline)) World.Fail(Report.TimedOut(this));
        if (Work.IsDone) return;
        if (Work.IsHopeless) World.Fail(Report.Left(this));
        World.ThrowIfFailed();
    }

    private readonly struct Arrival(Ticket ticket) : ICondition
    {
        public bool Holds => ticket.Work.AllArrived || ticket.World.Failed || ticket.Work.IsHopeless;
    }

    private readonly struct Completion(Ticket ticket) : ICondition
    {
        public bool Holds => ticket.Work.IsDone || ticket.World.Failed;
    }
}
