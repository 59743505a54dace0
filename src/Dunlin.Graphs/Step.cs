using Dunlin.Graphs.Plans;

namespace Dunlin.Graphs;

/// <summary>
/// A piece of a graph that is run again and again: fixed feeds, fetches and targets, and a plan for each combination of shapes that
/// was fed. Thread-safe. Running with results given allocates nothing once the shapes are known.
/// </summary>
public sealed class Step : IDisposable
{
    private readonly Session _session;
    private readonly IReadOnlyList<Value> _feeds;
    private readonly IReadOnlyList<Value> _fetches;
    private readonly IReadOnlyList<Value> _targets;
    private readonly IReadOnlySet<string> _disabledPasses;
    private readonly Lock _making = new();
    private volatile Plan[] _plans = [];

    internal Step(Session session, IReadOnlyList<Value> feeds, IReadOnlyList<Value> fetches, IReadOnlyList<Value> targets, IReadOnlySet<string> disabledPasses) =>
        (_session, _feeds, _fetches, _targets, _disabledPasses) = (session, feeds, fetches, targets, disabledPasses);

    /// <summary>Runs and returns the fetches in new tensors.</summary>
    public IReadOnlyList<Tensor> Run(params ReadOnlySpan<Tensor> feeds)
    {
        var plan = PlanFor(feeds);
        Tensor[] results = [.. plan.FetchTypes.Select(t => Tensor.Uninitialized(t.Type, t.Shape))];
        plan.Run(feeds, results, null);
        return results;
    }

    /// <summary>Runs and writes the fetches into the given tensors.</summary>
    /// <param name="feeds">As many, and as typed, as the step's feeds.</param>
    /// <param name="results">As many as the step's fetches, of the right types.</param>
    /// <param name="observer">Is told of each kernel; null for full speed.</param>
    /// <exception cref="ShapeException">A feed or result does not fit.</exception>
    public void Run(ReadOnlySpan<Tensor> feeds, ReadOnlySpan<Tensor> results, IStepObserver? observer = null)
    {
        var plan = PlanFor(feeds);
        if (results.Length != plan.FetchTypes.Count) throw new ShapeException($"The step has {plan.FetchTypes.Count} fetches; {results.Length} tensors were given for them.");
        for (var i = 0; i < results.Length; i++)
            if (results[i].Type != plan.FetchTypes[i].Type || results[i].Shape != plan.FetchTypes[i].Shape)
                throw new ShapeException($"{_fetches[i].Name} is {plan.FetchTypes[i]}; the tensor given for it is {results[i]}.");
        plan.Run(feeds, results, observer);
    }

    /// <summary>The plan for feeds of these shapes, made at the first call.</summary>
    public Plan PlanFor(ReadOnlySpan<Tensor> feeds)
    {
        foreach (var plan in _plans)
            if (plan.Fits(feeds)) return plan;
        if (feeds.Length != _feeds.Count) throw new ShapeException($"The step has {_feeds.Count} feeds ({string.Join(", ", _feeds.Select(f => f.Name))}); {feeds.Length} tensors were given.");
        lock (_making)
        {
            foreach (var plan in _plans)
                if (plan.Fits(feeds)) return plan;
            var types = new TensorType[feeds.Length];
            for (var i = 0; i < types.Length; i++) types[i] = feeds[i].TensorType;
            var made = new Plan(_session, _feeds, types, _fetches, _targets, _disabledPasses);
            _plans = [.. _plans, made];
            return made;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var plan in _plans) plan.Dispose();
        _plans = [];
    }
}
