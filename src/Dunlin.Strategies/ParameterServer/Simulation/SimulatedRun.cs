using Dunlin.Training;

namespace Dunlin.Strategies;

/// <summary>A run of parameter servers and workers on virtual time, from its beginning to its end.</summary>
internal sealed class SimulatedRun(int workers, ParameterServerOptions options, Action<IWorker> program)
{
    private readonly List<Action> _whenMade = [];
    private readonly List<Action> _whenAllHaveLeft = [];
    private readonly Draws[] _stepTimes = [.. Enumerable.Range(0, workers).Select(w => new Draws(options.Simulation!.Seed, "step time", w))];
    private readonly Draws[] _lives = [.. Enumerable.Range(0, workers).Select(w => new Draws(options.Simulation!.Seed, "life", w))];
    private readonly SimulatedWorker[] _workers = new SimulatedWorker[workers];
    private readonly List<SimulatedWorker> _all = [];
    private readonly HashSet<int> _left = [];
    private SimulatedNetwork? _network;
    private Exception? _error;
    private int _ended;
    private int _deaths;

    public SimulatedCluster Cluster => options.Simulation!;

    public int Workers => workers;

    public VirtualTime Time { get; } = new();

    public SimulatedNetwork Network => _network ??= new(Time, Cluster);

    public IReadOnlyList<SimulatedServer> Servers { get; private set; } = [];

    /// <summary>Where the run began.</summary>
    public RunPosition Position { get; private set; }

    /// <summary>How many steps each worker computed, in all its lives.</summary>
    public long[] Steps { get; } = new long[workers];

    public double[] WaitSeconds { get; } = new double[workers];

    /// <summary>Runs to the end.</summary>
    /// <exception cref="DunlinException">A worker failed, or the run stands still.</exception>
    public void Run()
    {
        Cluster.Now = 0;
        try
        {
            for (var rank = 0; rank < workers; rank++) Start(rank, 0);
            Time.Run(() => _ended == workers || _error is not null || Time.Now > Cluster.MaximumSeconds);
            if (_error is null && _ended < workers) _error = new DunlinException($"The simulated run stands still after {Time.Now:0.###} s: {string.Join("; ", _workers.Where(w => !w.HasEnded).Select(Describe))}.");
        }
        finally
        {
            foreach (var worker in _all) worker.Dispose();
            Cluster.Report = new(Time.Now, Steps, WaitSeconds, [.. Servers.Select(s => s.Last().Shard.Version)], Servers.Sum(s => s.Last().Dropped), [.. Servers.Select(s => s.BusySeconds)],
                Network.Messages, Network.Bytes, Network.Lost, _deaths, Servers.Sum(s => s.Deaths));
            foreach (var server in Servers) server.Dispose();
        }
        if (_error is DunlinException or OperationCanceledException) throw _error;
        if (_error is not null) throw new DunlinException($"A simulated worker failed: {_error.Message}", _error);
    }

    /// <summary>What a worker does in one of its lives.</summary>
    public void Program(SimulatedWorker worker)
    {
        using var served = new ServedWorker(worker.Rank, workers, options.Protocol, worker);
        program(served);
    }

    /// <summary>Makes the servers, with worker 0's weights.</summary>
    public void Make(RemoteModel model, RunPosition position)
    {
        Position = position;
        var served = new ServedModel(model, options, workers);
        Servers = [.. Enumerable.Range(0, options.Servers).Select(number => new SimulatedServer(this, served, number, position))];
        foreach (var action in _whenMade) action();
    }

    public void WhenMade(Action action)
    {
        if (Servers.Count > 0) action();
        else _whenMade.Add(action);
    }

    public void WhenAllHaveLeft(Action action)
    {
        if (_left.Count == workers) action();
        else _whenAllHaveLeft.Add(action);
    }

    /// <summary>A worker is through.</summary>
    public void Leave(SimulatedWorker worker)
    {
        _left.Add(worker.Rank);
        foreach (var server in Servers) Time.After(Cluster.Latency, () => server.Leave(worker.Rank, worker.Incarnation));
        if (_left.Count < workers) return;
        foreach (var action in _whenAllHaveLeft) action();
    }

    /// <summary>A worker's program has ended, and it was not killed.</summary>
    public void Ended(SimulatedWorker worker, Exception? error)
    {
        worker.HasEnded = true;
        _ended++;
        _error ??= error;
    }

    /// <summary>How long a worker computes for its next step.</summary>
    public double DrawStepTime(int rank) => Cluster.StepTime.Draw(_stepTimes[rank]) / Cluster.Speeds[rank % Cluster.Speeds.Count];

    private void Start(int rank, int incarnation)
    {
        var worker = new SimulatedWorker(this, rank, incarnation);
        _all.Add(_workers[rank] = worker);
        // Worker 0 reports and saves.
        if (Cluster.Failures is { WorkerLife: > 0 } failures && rank > 0) Time.After(_lives[rank].Exponential(failures.WorkerLife), () => Die(worker, failures));
    }

    private void Die(SimulatedWorker worker, SimulatedFailures failures)
    {
        if (worker.HasEnded || _left.Contains(worker.Rank)) return;
        _deaths++;
        worker.Kill();
        Time.After(failures.NoticeAfter, () =>
        {
            foreach (var server in Servers) server.Leave(worker.Rank, worker.Incarnation);
        });
        Time.After(failures.RestartAfter, () => Start(worker.Rank, worker.Incarnation + 1));
    }

    private string Describe(SimulatedWorker worker) => worker.Awaited is { } call ? $"worker {worker.Rank} waits for an answer at step {call.Clock + 1}" : $"worker {worker.Rank} does not end";
}
