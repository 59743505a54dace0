using System.Collections.Concurrent;

namespace Dunlin.Graphs.Plans;

/// <summary>A plan of one stage: every shape is known before it runs.</summary>
internal sealed class StaticPlan : Plan
{
    private readonly StepRequest _request;
    private readonly TensorType[] _feedTypes;
    private readonly IReadOnlyList<LoweredStep> _steps;
    private readonly ConcurrentBag<PlanInstance> _spare = [];
    private PlanInstance? _next;
    private volatile bool _disposed;

    public StaticPlan(StepRequest request, TensorType[] feedTypes) : base(feedTypes)
    {
        (_request, _feedTypes) = (request, feedTypes);
        var first = MakeInstance();
        (ArenaBytes, Kernels, FetchTypes, _steps) = (first.ArenaBytes, first.Kernels, first.FetchTypes, first.Steps);
        Operations = [.. Kernels.Select(k => k.ToString())];
        _next = first;
    }

    public override IReadOnlyList<TensorType> FetchTypes { get; }

    public override long ArenaBytes { get; }

    public override IReadOnlyList<string> Operations { get; }

    public override IReadOnlyList<PlanKernel> Kernels { get; }

    public override PeakMemory FindPeakMemory() => PeakMemory.Of(_steps, ArenaBytes);

    internal override Tensor[] Run(ReadOnlySpan<Tensor> feeds)
    {
        Tensor[] results = [.. FetchTypes.Select(t => Tensor.Uninitialized(t.Type, t.Shape))];
        Run(feeds, results, null);
        return results;
    }

    internal override void Run(ReadOnlySpan<Tensor> feeds, ReadOnlySpan<Tensor> results, IStepObserver? observer)
    {
        var instance = Interlocked.Exchange(ref _next, null) ?? (_spare.TryTake(out var spare) ? spare : MakeInstance());
        var threads = _request.Session.RentTeam();
        Ops.StepScope.Enter();
        try { instance.Run(feeds, results, threads, observer); }
        finally
        {
            Ops.StepScope.Leave();
            _request.Session.ReturnTeam(threads);
            if (Interlocked.CompareExchange(ref _next, instance, null) is not null) _spare.Add(instance);
            if (_disposed) Drain();
        }
    }

    /// <summary>Runs under way end first.</summary>
    public override void Dispose()
    {
        _disposed = true;
        Drain();
    }

    private void Drain()
    {
        Interlocked.Exchange(ref _next, null)?.Dispose();
        while (_spare.TryTake(out var instance)) instance.Dispose();
    }

    private PlanInstance MakeInstance()
    {
        var session = _request.Session;
        var graph = PlanBuilder.Build(_request.Feeds, _feedTypes, _request.Fetches, Stages.Targets(_request));
        var resources = new PlanResources(session, _request.DisabledPasses);
        Passes.PlanPasses.Run(graph, resources);
        var schedule = Schedule.Of(graph);
        var team = session.RentTeam();
        try
        {
            team.Enter();
            var lowering = Lowering.Of(graph, schedule, session.Kernels, team, resources, session.Storage);
            var rent = session.Options.RentExchanged;
            return new PlanInstance(new(lowering, _feedTypes.Length, apart: rent is not null), [.. graph.Fetches.Select(f => f.Type)], rent, graph, schedule);
        }
        finally { session.ReturnTeam(team); }
    }
}
