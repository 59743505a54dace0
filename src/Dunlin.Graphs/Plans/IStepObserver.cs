namespace Dunlin.Graphs.Plans;

/// <summary>
/// Watches a plan's kernels, for diagnostics and profiles. The kernels of a loop's or branch's body run, and are told of, between <see cref="Before"/> and <see cref="After"/> of the
/// one that runs them.
/// </summary>
public interface IStepObserver
{
    /// <summary>A kernel is about to run.</summary>
    void Before(PlanKernel kernel);

    /// <summary>A kernel has run.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="outputs">Where the elements of each output are, in the layout that the kernel likes; valid during the call.</param>
    void After(PlanKernel kernel, ReadOnlySpan<nint> outputs);
}
