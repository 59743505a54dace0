using Dunlin.Tensors;

namespace Dunlin.Strategies;

/// <summary>When a server applies gradients, and which of its workers wait for which. Belongs to one <see cref="ServerNode"/>, and is as it one at a time.</summary>
internal abstract class Discipline
{
    public ServerNode Server { get; set; } = null!;

    /// <summary>The clock of a worker that joins now.</summary>
    public virtual long FirstClock => Server.Members.Count == 0 ? 0 : Server.Members.Values.Min(m => m.Clock);

    /// <summary>The clock of a worker that comes back: where it was, if others don't wait for it.</summary>
    public virtual long ClockOf(Member member) => member.Clock;

    /// <summary>Whether nothing is kept of gradients that have come: what is known then is the weights, the state, the members and <see cref="Step"/>.</summary>
    public virtual bool IsBetweenSteps => true;

    /// <summary>The step that all do together now, since the run began; 0 where each has its own.</summary>
    public virtual long Step { get => 0; set { } }

    /// <summary>Takes a gradient that has not come before: applies it, or keeps the call until others have come.</summary>
    public abstract void Take(ServerCall call, Member member);

    /// <summary>Whether a worker's call may be answered by now.</summary>
    public abstract bool MayAnswer(ServerCall call, Member member);

    /// <summary>For which workers one waits whose call may not be answered yet.</summary>
    public abstract IEnumerable<int> Missing { get; }

    /// <summary>How many updates a step of all workers makes.</summary>
    /// <param name="workers">How many there are.</param>
    public abstract long UpdatesOf(int workers);

    /// <summary>A kept call goes on as another one, of the same worker and gradient.</summary>
    public virtual void Replace(ServerCall older, ServerCall newer) { }

    /// <summary>A kept call is not to be used: its worker has left.</summary>
    public virtual void Forget(ServerCall call) { }

    /// <summary>A worker has left.</summary>
    public virtual void Left(int worker) { }

    /// <summary>What it has besides the weights and the optimiser's state, as elements and as numbers: what a server goes on with that comes back.</summary>
    public virtual IReadOnlyList<Tensor> State => [];

    /// <inheritdoc cref="State"/>
    public virtual IReadOnlyList<double> Numbers { get => []; set { } }

    /// <summary>Why it does not run a program (<see cref="VectorProgram"/>); null where it does.</summary>
    public virtual string? Refuse(Tensor program) => "the run's protocol has no vectors to compute with.";

    /// <summary>Runs a program that it does not refuse.</summary>
    /// <returns>The numbers that it gives.</returns>
    public virtual double[] Run(Tensor program) => throw new InvalidOperationException("There are no vectors.");
}

/// <summary>Each gradient is applied when it comes, and nobody waits (Downpour; Dean et al., 2012).</summary>
/// <param name="rate">By how much less an update moves the weights, given how many others came between.</param>
internal sealed class AsynchronousDiscipline(StalenessRule rate) : Discipline
{
    public override void Take(ServerCall call, Member member)
    {
        Server.Apply(call, rate.Factor(Server.Shard.Version - call.Version));
        member.Clock += call.Steps;
    }

    public override bool MayAnswer(ServerCall call, Member member) => true;

    public override IEnumerable<int> Missing => [];

    public override long UpdatesOf(int workers) => workers;
}

/// <summary>What a worker brings are its weights, towards which the server's move a part of the way; nobody waits (EASGD: Zhang, Choromanska and LeCun, 2015).</summary>
/// <param name="rate">Which part, above 0 and below 1.</param>
internal sealed class ElasticDiscipline(double rate) : Discipline
{
    public override void Take(ServerCall call, Member member)
    {
        Server.Shard.MoveTowards(call.Gradients, rate);
        Server.Shard.Version++;
        member.Clock += call.Steps;
    }

    public override bool MayAnswer(ServerCall call, Member member) => true;

    public override IEnumerable<int> Missing => [];

    public override long UpdatesOf(int workers) => workers;
}

/// <summary>
/// Gradients are gathered until there are ⌊λ/n⌋ of λ workers, each times what its staleness makes it count, and their mean is applied as one; nobody waits (n-softsync: Zhang et al., 2015).
/// </summary>
/// <param name="splits">n, at least 1: in how many updates the gradients of a step of all workers go.</param>
/// <param name="rate">What late gradients count.</param>
internal sealed class SoftSynchronousDiscipline(int splits, StalenessRule rate) : Discipline
{
    private int _gathered;

    public override bool IsBetweenSteps => _gathered == 0;

    public override void Take(ServerCall call, Member member)
    {
        member.Clock += call.Steps;
        if (call.Examples == 0) return;
        var wanted = Wanted(Server.Members.Count);
        Server.Shard.AddToSum(call.Gradients, rate.Factor(Server.Shard.Version - call.Version) / wanted);
        if (++_gathered < wanted) return;
        Server.Shard.ApplySum();
        _gathered = 0;
    }

    public override bool MayAnswer(ServerCall call, Member member) => true;

    public override IEnumerable<int> Missing => [];

    public override long UpdatesOf(int workers) => workers / Wanted(workers);

    private int Wanted(int workers) => Math.Max(1, workers / splits);
}

/// <summary>
/// Each gradient is applied when it comes, and a worker waits only for those who are more than <paramref name="bound"/> steps behind it (Ho et al., 2013): it begins step c when all have done c − bound. Of n workers,
/// each moves the weights by 1/n.
/// </summary>
/// <param name="bound">At least 1; without any lead, steps are <see cref="SynchronousDiscipline"/>'s.</param>
internal sealed class StaleSynchronousDiscipline(int bound) : Discipline
{
    public override void Take(ServerCall call, Member member)
    {
        Server.Apply(call, 1.0 / Server.Members.Count);
        member.Clock += call.Steps;
    }

    /// <summary>Steps that were done while it was away are not waited for.</summary>
    public override long ClockOf(Member member) => Math.Max(member.Clock, FirstClock);

    public override bool MayAnswer(ServerCall call, Member member) => call.Weights is null || member.Clock - Slowest <= bound;

    public override IEnumerable<int> Missing => Server.Members.Values.Where(m => m.Clock == Slowest).Select(m => m.Worker);

    public override long UpdatesOf(int workers) => workers;

    private long Slowest => Server.Members.Values.Min(m => m.Clock);
}

/// <summary>
/// Steps that all do together: the first gradients of a step, from all workers but <paramref name="backups"/>, are applied as one, their mean over the examples; those that come later are dropped, and their workers go
/// on with the step that the others do (Chen et al., 2016).
/// </summary>
/// <param name="backups">How many a step need not wait for; 0 makes it the step of one worker on the joined batch.</param>
internal sealed class SynchronousDiscipline(int backups) : Discipline
{
    private readonly List<ServerCall> _kept = [];
    private readonly List<ServerCall> _counted = [];
    private long _step;

    public override bool IsBetweenSteps => _kept.Count == 0;

    public override long Step { get => _step; set => _step = value; }

    public override long FirstClock => _step;

    public override long ClockOf(Member member) => _step;

    public override void Take(ServerCall call, Member member)
    {
        if (call.Clock < _step)
        {
            Server.Drop();
            member.Clock = _step;
            return;
        }
        _kept.Add(call);
        Finish();
    }

    public override bool MayAnswer(ServerCall call, Member member) => !_kept.Contains(call);

    public override IEnumerable<int> Missing => Server.Members.Keys.Except(_kept.Select(c => c.Worker));

    public override long UpdatesOf(int workers) => 1;

    public override void Replace(ServerCall older, ServerCall newer)
    {
        if (_kept.Remove(older)) _kept.Add(newer);
    }

    public override void Forget(ServerCall call) => _kept.Remove(call);

    public override void Left(int worker) => Finish();

    private void Finish()
    {
        if (_kept.Count == 0 || _kept.Count < Math.Max(1, Server.Members.Count - backups)) return;
        // In the order of the workers: whoever came first, the sums have the same bits.
        _kept.Sort(static (a, b) => a.Worker.CompareTo(b.Worker));
        _counted.Clear();
        foreach (var call in _kept)
            if (call.Examples > 0) _counted.Add(call);
        if (_counted.Count > 0) Server.Shard.ApplyMean(_counted);
        _step++;
        foreach (var call in _kept) Server.Members[call.Worker].Clock = _step;
        _kept.Clear();
    }
}
