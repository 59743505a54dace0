using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>A call on its way between processes, and the wait for it.</summary>
internal abstract class ClusterOperation : IPendingOperation
{
    private volatile bool _done;

    public ClusterCommunicator? Owner { get; private set; }

    public Call Call { get; private set; }

    public CommBuffer Input { get; private set; }

    public CommBuffer Output { get; private set; }

    /// <summary>Since when somebody waits for it, in <see cref="Environment.TickCount64"/>; 0 where nobody does.</summary>
    public long WaitedSince { get; private set; }

    public bool IsDone => _done;

    public bool IsCompleted => _done || Owner is not { } owner || owner.World.Failed || TryAdvance();

    public void Wait()
    {
        if (Owner is not { } owner) throw new CommunicationException("An operation was waited for twice; it may be waited for once.");
        if (!_done) Await(owner);
        // In this order: as soon as it is back, another thread's call may have it.
        Owner = null;
        owner.Release(this);
    }

    public WaitState Describe(ClusterCommunicator owner, long milliseconds) =>
        new(owner.Group, Call.Number, Call.Number > 0 ? -1 : owner.WorldRank(Call.Peer), owner.Name(owner.Rank), Call.ToString(), milliseconds);

    /// <summary>What is said when the wait has lasted too long.</summary>
    public TimeOutNotice Late(ClusterCommunicator owner, int world) => new(world, owner.Seat.Rank, Describe(owner, (long)owner.World.Options.Timeout.TotalMilliseconds),
        Enumerable.Range(0, owner.Size).ToDictionary(owner.WorldRank, owner.Name));

    /// <summary>Looks whether the operation is done, and does of it what can be done without waiting.</summary>
    public abstract bool TryAdvance();

    protected void Begin(ClusterCommunicator owner, in Call call, CommBuffer input, CommBuffer output)
    {
        (Owner, Call, Input, Output) = (owner, call, input, output);
        (_done, WaitedSince) = (false, 0);
    }

    protected void Complete() => _done = true;

    /// <summary>Somebody begins to wait.</summary>
    public virtual void BeginWait()
    {
        WaitedSince = Environment.TickCount64;
        Owner!.Seat.BeginWait(this);
    }

    /// <summary>The wait is over, one way or the other.</summary>
    public virtual void EndWait()
    {
        WaitedSince = 0;
        Owner!.Seat.EndWait();
    }

    private void Await(ClusterCommunicator owner)
    {
        var world = owner.World;
        var backoff = new Backoff(owner.IsCrowded);
        // Most waits are over before anybody could ask about them.
        while (!backoff.IsLong)
        {
            if (TryAdvanceOrExplain(world))
            {
                owner.Seat.Ended(this);
                return;
            }
            if (world.Failed && !IsDone) world.Throw();
            backoff.Pause();
        }
        BeginWait();
        try
        {
            var deadline = WaitedSince + (long)world.Options.Timeout.TotalMilliseconds;
            while (!TryAdvanceOrExplain(world))
            {
                if (world.Failed && !IsDone) world.Throw();
                if (Environment.TickCount64 > deadline) TimeOut(owner);
                owner.Seat.Advance();
                backoff.Pause();
            }
        }
        finally { EndWait(); }
    }

    /// <summary>As <see cref="TryAdvance"/>; an error here is often the echo of what the watch is about to explain.</summary>
    private bool TryAdvanceOrExplain(ProcessWorld world)
    {
        try { return TryAdvance(); }
        catch (CommunicationException e)
        {
            world.AwaitReason();
            world.Fail(e.Message);
            world.Throw();
            return false;
        }
    }

    private void TimeOut(ClusterCommunicator owner)
    {
        owner.World.Tell(Late(owner, owner.World.Id));
        // The answer takes a fraction of a second; without one, rank 0 is in trouble as well.
        owner.World.AwaitReason();
        owner.World.Fail(CallSentences.TimedOut(owner.Name(owner.Rank), owner.World.Options.Timeout.TotalSeconds, Call.ToString(), ["nobody knows who: rank 0 does not answer"]));
        owner.World.Throw();
    }
}
