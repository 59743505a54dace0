namespace Dunlin.Graphs.Plans;

/// <summary>
/// A graph pruned to some fetches and specialised to the shapes that are fed. Runs from several threads at once. Where shapes depend
/// on elements it has several stages.
/// </summary>
public abstract class Plan : IDisposable
{
    private readonly TensorType[] _feedTypes;

    private protected Plan(TensorType[] feedTypes) => _feedTypes = feedTypes;

    /// <summary>The types of the fetches; lengths that depend on elements are unknown.</summary>
    public abstract IReadOnlyList<TensorType> FetchTypes { get; }

    /// <summary>Bytes of memory for intermediate values, for one run at a time: of the first stage, where there are several.</summary>
    public abstract long ArenaBytes { get; }

    /// <summary>The kernels in the order in which they run, a line each.</summary>
    public abstract IReadOnlyList<string> Operations { get; }

    /// <summary>The kernels in the order in which they run: of the first stage, where there are several. Those of the bodies of loops and branches are with these.</summary>
    public abstract IReadOnlyList<PlanKernel> Kernels { get; }

    /// <summary>What lies in the memory for intermediate values when most of it is in use: of the first stage, where there are several.</summary>
    public abstract PeakMemory FindPeakMemory();

    /// <summary>Makes the plan for feeds of the given types.</summary>
    internal static Plan Make(StepRequest request, TensorType[] feedTypes) =>
        Stages.Cut(request, feedTypes) is { } stages ? new StagedPlan(request, feedTypes, stages) : new StaticPlan(request, feedTypes);

    internal bool Fits(ReadOnlySpan<Tensor> feeds)
    {
        for (var i = 0; i < feeds.Length; i++)
            if (feeds[i].Type != _feedTypes[i].Type || feeds[i].Shape != _feedTypes[i].Shape)
                return false;
        return feeds.Length == _feedTypes.Length;
    }

    internal bool Fits(ReadOnlySpan<TensorType> feeds) => feeds.SequenceEqual(_feedTypes);

    /// <summary>Runs and returns the fetches in new tensors.</summary>
    internal abstract Tensor[] Run(ReadOnlySpan<Tensor> feeds);

    /// <summary>Runs and writes the fetches into the given tensors.</summary>
    internal abstract void Run(ReadOnlySpan<Tensor> feeds, ReadOnlySpan<Tensor> results, IStepObserver? observer);

    /// <inheritdoc/>
    public abstract void Dispose();
}

/// <summary>What a step is to compute.</summary>
/// <param name="Session">Whose variables, kernels and threads.</param>
/// <param name="Feeds">What each run is given.</param>
/// <param name="Fetches">What each run returns.</param>
/// <param name="Targets">What else is to happen.</param>
/// <param name="DisabledPasses">Rewriting passes to leave out.</param>
internal sealed record StepRequest(
    Session Session, IReadOnlyList<Value> Feeds, IReadOnlyList<Value> Fetches, IReadOnlyList<Value> Targets, IReadOnlySet<string> DisabledPasses);
