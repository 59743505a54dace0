using System.Collections.Concurrent;

namespace Dunlin.Graphs.Plans;

/// <summary>A graph pruned to some fetches and specialised to the shapes that are fed. Runs from several threads at once.</summary>
public sealed class Plan : IDisposable
{
    private readonly Session _session;
    private readonly IReadOnlyList<Value> _feeds;
    private readonly IReadOnlyList<Value> _fetches;
    private readonly IReadOnlyList<Value> _targets;
    private readonly TensorType[] _feedTypes;
    private readonly IReadOnlySet<string> _disabledPasses;
    private readonly ConcurrentBag<PlanInstance> _spare = [];
    private PlanInstance? _next;

    internal Plan(Session session, IReadOnlyList<Value> feeds, TensorType[] feedTypes, IReadOnlyList<Value> fetches, IReadOnlyList<Value> targets,
        IReadOnlySet<string> disabledPasses)
    {
        (_session, _feeds, _feedTypes, _fetches, _targets, _disabledPasses) = (session, feeds, feedTypes, fetches, targets, disabledPasses);
        var first = Make();
        (ArenaBytes, Operations) = (first.ArenaBytes, [.. first.Steps.Select(s => $"{s.Operation} ({s.Name}) -> {string.Join(", ", s.OutputTypes)}")]);
        _next = first;
    }

    /// <summary>The types of the fetches.</summary>
    public IReadOnlyList<TensorType> FetchTypes { get; private set; } = [];

    /// <summary>Bytes of memory for intermediate values, for one run at a time.</summary>
    public long ArenaBytes { get; }

    /// <summary>The kernels in the order in which they run, a line each.</summary>
    public IReadOnlyList<string> Operations { get; }

    internal bool Fits(ReadOnlySpan<Tensor> feeds)
    {
        for (var i = 0; i < feeds.Length; i++)
            if (feeds[i].Type != _feedTypes[i].Type || feeds[i].Shape != _feedTypes[i].Shape)
                return false;
        return feeds.Length == _feedTypes.Length;
    }

    internal void Run(ReadOnlySpan<Tensor> feeds, ReadOnlySpan<Tensor> results, IStepObserver? observer)
    {
        var instance = Interlocked.Exchange(ref _next, null) ?? (_spare.TryTake(out var spare) ? spare : Make());
        var threads = _session.RentTeam();
        try { instance.Run(feeds, results, threads, observer); }
        finally
        {
            _session.ReturnTeam(threads);
            if (Interlocked.CompareExchange(ref _next, instance, null) is not null) _spare.Add(instance);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _next?.Dispose();
        foreach (var instance in _spare) instance.Dispose();
    }

    private PlanInstance Make()
    {
        var graph = PlanBuilder.Build(_feeds, _feedTypes, _fetches, _targets);
        foreach (var pass in Passes.PlanPasses.All)
            if (!_disabledPasses.Contains(pass.Name)) pass.Run(graph);
        var keep = graph.Nodes.Where(n => n.Operation.IsStateful).ToList();
        graph.Prune(keep);
        FetchTypes = [.. graph.Fetches.Select(f => f.Type)];
        var schedule = Schedule.Of(graph);
        var team = _session.RentTeam();
        try
        {
            team.Enter();
            var resources = new PlanResources(_session.Communicator);
            var lowering = Lowering.Of(graph, schedule, _session.Kernels, team, resources, _session.Storage);
            return new PlanInstance(lowering, _feeds.Count, graph, schedule);
        }
        finally { _session.ReturnTeam(team); }
    }
}
