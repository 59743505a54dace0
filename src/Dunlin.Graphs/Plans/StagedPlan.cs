namespace Dunlin.Graphs.Plans;

/// <summary>A plan whose later shapes depend on elements: a step for what is known, operations that are evaluated, and a step for the rest.</summary>
internal sealed class StagedPlan : Plan
{
    private readonly StepRequest _request;
    private readonly Stages _stages;
    private readonly Dictionary<Value, int> _early = [];
    private readonly Plan _first;
    private readonly Step _before;
    private readonly Step _after;

    public StagedPlan(StepRequest request, TensorType[] feedTypes, Stages stages) : base(feedTypes)
    {
        (_request, _stages) = (request, stages);
        foreach (var value in stages.Frontier.Concat(stages.Evaluated.SelectMany(n => n.Inputs)).Except(request.Feeds))
            _early.TryAdd(value, _early.Count);
        _before = new(request with { Fetches = [.. _early.Keys], Targets = stages.EarlyTargets });
        _after = new(request with { Feeds = [.. request.Feeds, .. stages.Frontier, .. stages.Evaluated.SelectMany(n => n.Outputs)], Targets = stages.LateTargets });
        var first = _before.PlanOf(feedTypes);
        _first = first;
        (ArenaBytes, Operations) = (first.ArenaBytes, [.. first.Operations, .. stages.Evaluated.Select(n => $"{n.Operation.Name} ({n.Name}) evaluated -> then what depends on it")]);
    }

    public override IReadOnlyList<TensorType> FetchTypes => [.. _request.Fetches.Select(f => f.TensorType)];

    public override long ArenaBytes { get; }

    public override IReadOnlyList<string> Operations { get; }

    public override IReadOnlyList<PlanKernel> Kernels => _first.Kernels;

    public override PeakMemory FindPeakMemory() => _first.FindPeakMemory();

    internal override Tensor[] Run(ReadOnlySpan<Tensor> feeds)
    {
        Ops.StepScope.Enter();
        try { return [.. _after.Run(Evaluate(feeds, null))]; }
        finally { Ops.StepScope.Leave(); }
    }

    internal override void Run(ReadOnlySpan<Tensor> feeds, ReadOnlySpan<Tensor> results, IStepObserver? observer)
    {
        Ops.StepScope.Enter();
        try { _after.Run(Evaluate(feeds, observer), results, observer); }
        finally { Ops.StepScope.Leave(); }
    }

    public override void Dispose()
    {
        _before.Dispose();
        _after.Dispose();
    }

    /// <summary>Runs all but the last step; returns what that is to be fed.</summary>
    private Tensor[] Evaluate(ReadOnlySpan<Tensor> feeds, IStepObserver? observer)
    {
        var given = _request.Feeds.Zip(feeds.ToArray()).DistinctBy(p => p.First).ToDictionary(p => p.First, p => p.Second);
        var known = observer is null ? [.. _before.Run(feeds)] : Observed(feeds, observer);
        Tensor Of(Value value) => given.TryGetValue(value, out var fed) ? fed : known[_early[value]];
        var outputs = new List<Tensor>();
        foreach (var node in _stages.Evaluated)
        {
            Tensor[] inputs = [.. node.Inputs.Select(Of)];
            // The shape rule has seen lengths that were not known yet.
            if (node.Operation is DynamicOperation) PlanBuilder.Infer(node, [.. inputs.Select(i => i.TensorType)]);
            try { outputs.AddRange(((IEvaluated)node.Operation).Evaluate(inputs, _request.Session)); }
            catch (DunlinException e)
            {
                e.At(node.Name);
                throw;
            }
        }
        return [.. feeds, .. _stages.Frontier.Select(Of), .. outputs];
    }

    private Tensor[] Observed(ReadOnlySpan<Tensor> feeds, IStepObserver observer)
    {
        Tensor[] results = [.. _before.PlanFor(feeds).FetchTypes.Select(t => Tensor.Uninitialized(t.Type, t.Shape))];
        _before.Run(feeds, results, observer);
        return results;
    }
}
