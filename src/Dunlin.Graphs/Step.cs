using Dunlin.Graphs.Plans;

namespace Dunlin.Graphs;

/// <summary>
/// A piece of a graph that is run again and again: fixed feeds, fetches and targets, and a plan for each combination of shapes that
/// was fed. Thread-safe. Running with results given allocates nothing once the shapes are known.
/// </summary>
public sealed class Step : IDisposable
{
    /// <summary>Plans that are kept; the oldest give way to new shapes.</summary>
    private const int MostPlans = 64;

    private readonly StepRequest _request;
    private readonly Lock _making = new();
    private volatile Plan[] _plans = [];

    internal Step(StepRequest request) => _request = request;

    /// <summary>Runs and returns the fetches in new tensors.</summary>
    public IReadOnlyList<Tensor> Run(params ReadOnlySpan<Tensor> feeds) => PlanFor(feeds).Run(feeds);

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
            if (results[i].Type != plan.FetchTypes[i].Type || !plan.FetchTypes[i].Shape.Accepts(results[i].Shape))
                throw new ShapeException($"{_request.Fetches[i].Name} is {plan.FetchTypes[i]}; the tensor given for it is {results[i]}.");
        plan.Run(feeds, results, observer);
    }

    /// <summary>The plan for feeds of these shapes, made at the first call.</summary>
    public Plan PlanFor(ReadOnlySpan<Tensor> feeds)
    {
        foreach (var plan in _plans)
            if (plan.Fits(feeds)) return plan;
        var wanted = _request.Feeds;
        if (feeds.Length != wanted.Count) throw new ShapeException($"The step has {wanted.Count} feeds ({string.Join(", ", wanted.Select(f => f.Name))}); {feeds.Length} tensors were given.");
        var types = new TensorType[feeds.Length];
        for (var i = 0; i < types.Length; i++) types[i] = feeds[i].TensorType;
        return PlanOf(types);
    }

    /// <summary>The plan for feeds of these types.</summary>
    internal Plan PlanOf(TensorType[] types)
    {
        lock (_making)
        {
            foreach (var plan in _plans)
                if (plan.Fits(types)) return plan;
            var made = Plan.Make(_request, types);
            var plans = _plans;
            if (plans.Length == MostPlans) plans[0].Dispose();
            _plans = [.. plans.Length == MostPlans ? plans[1..] : plans, made];
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
