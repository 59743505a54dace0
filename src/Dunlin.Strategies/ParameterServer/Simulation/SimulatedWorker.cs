using Dunlin.Training;

namespace Dunlin.Strategies;

/// <summary>A worker on virtual time, in one of its lives.</summary>
internal sealed class SimulatedWorker : IServerGroup, IDisposable
{
    private readonly SimulatedRun _run;
    private readonly VirtualProcess _process;
    private int _outstanding;
    private ServerCall? _awaited;
    private double _since;
    private bool _isCharged;

    /// <param name="run">The run that it is part of.</param>
    /// <param name="rank">Which worker.</param>
    /// <param name="incarnation">Which of its lives, from 0.</param>
    public SimulatedWorker(SimulatedRun run, int rank, int incarnation)
    {
        (_run, Rank, Incarnation, Port) = (run, rank, incarnation, new(run.Cluster.WorkerBandwidth));
        _process = new($"simulated worker {rank}", run.Time, _ => run.Program(this), error => run.Ended(this, error));
        _process.Begin();
    }

    public int Rank { get; }

    public int Incarnation { get; }

    public SimulatedPort Port { get; }

    public SimulatedCluster Cluster => _run.Cluster;

    public bool IsDead => _process.IsKilled;

    public bool HasEnded { get; set; }

    /// <summary>For whose answer it waits; null where it does not.</summary>
    public ServerCall? Awaited => _awaited;

    public (IReadOnlyList<IServerChannel> Servers, RunPosition Position) Begin(int worker, RemoteModel model, RunPosition position)
    {
        Act(() =>
        {
            if (Rank == 0) _run.Make(model, position);
            _run.WhenMade(GoOn);
        });
        return ([.. _run.Servers.Select(s => new SimulatedChannel(this, s))], _run.Position);
    }

    public void Computed() => Act(() =>
    {
        _run.Steps[Rank]++;
        if (!_isCharged) After(_run.DrawStepTime(Rank), GoOn);
        else
        {
            _isCharged = false;
            GoOn();
        }
    });

    public void Stop() => Act(() =>
    {
        foreach (var server in _run.Servers) server.Stop();
        GoOn();
    });

    public void Leave(int worker)
    {
        // The dead do not take leave.
        if (IsDead) return;
        Act(() =>
        {
            _run.Leave(this);
            GoOn();
        });
    }

    public void AwaitAll() => Act(() => _run.WhenAllHaveLeft(GoOn));

    /// <summary>Does something on virtual time; the worker waits until it is let go on.</summary>
    public void Act(Action action) => _process.Do(action);

    /// <summary>Lets it go on, now.</summary>
    public void GoOn() => GoOn(_run.Time.Now);

    public void After(double seconds, Action action) => _run.Time.After(seconds, action);

    public void Send(SimulatedPort to, long bytes, Action deliver) => _run.Network.Send(Port, to, bytes, deliver);

    /// <summary>A call is under way.</summary>
    public void Sent() => _outstanding++;

    /// <summary>Waits for a call's answer.</summary>
    public void WaitFor(ServerCall call)
    {
        if (call.IsAnswered) GoOn();
        else (_awaited, _since) = (call, _run.Time.Now);
    }

    /// <summary>An answer has come.</summary>
    public void Answered(ServerCall call)
    {
        _outstanding--;
        if (_awaited != call) return;
        _awaited = null;
        _run.WaitSeconds[Rank] += _run.Time.Now - _since;
        // With the last answer before a step it begins to compute, and does nothing before it is through: while it really computes, time goes on for the others. Worker 0 may have to measure and save before.
        if (_outstanding > 0 || Rank == 0 || !call.PrecedesStep || _isCharged) GoOn();
        else
        {
            _isCharged = true;
            GoOn(_run.Time.Now + _run.DrawStepTime(Rank));
        }
    }

    /// <summary>It dies.</summary>
    public void Kill() => _process.Kill();

    /// <summary>The run is over: nothing is done any more.</summary>
    public void Dispose() => _process.Dispose();

    private void GoOn(double nextAction)
    {
        if (Rank == 0) Cluster.Now = _run.Time.Now;
        _process.Release(nextAction);
    }
}
