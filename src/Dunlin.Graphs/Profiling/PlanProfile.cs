using System.Diagnostics;
using Dunlin.Graphs.Plans;

namespace Dunlin.Graphs.Profiling;

/// <summary>
/// Adds up what each kernel of a plan costs over some steps, and notes each run in a trace if there is one. Give it to <see cref="Step.Run(ReadOnlySpan{Tensor}, ReadOnlySpan{Tensor}, IStepObserver?)"/>
/// between <see cref="BeginStep"/> and <see cref="EndStep"/>. For one thread at a time.
/// </summary>
/// <param name="trace">Takes the single events; null for sums only.</param>
public sealed class PlanProfile(EventTrace? trace = null) : IStepObserver
{
    private readonly Dictionary<PlanKernel, Tally> _tallies = [];
    private readonly Dictionary<int, long> _flights = [];
    private readonly Stack<Frame> _open = [];
    private long _begin;
    private long _stepTicks;

    /// <summary>Steps that have ended.</summary>
    public int Steps { get; private set; }

    /// <summary>Seconds of all steps.</summary>
    public double StepSeconds => _stepTicks / (double)Stopwatch.Frequency;

    /// <summary>What each kernel cost, in the order in which they first ran.</summary>
    internal IEnumerable<(PlanKernel Kernel, long Calls, double OwnSeconds)> Kernels => _tallies.Select(t => (t.Key, t.Value.Calls, t.Value.OwnTicks / (double)Stopwatch.Frequency));

    /// <summary>Seconds of all kernels of an operation, by its name, over all steps.</summary>
    public double SecondsOf(string operation) => Kernels.Where(k => k.Kernel.Operation == operation).Sum(k => k.OwnSeconds);

    /// <summary>A step begins.</summary>
    public void BeginStep()
    {
        // A step that failed has left its frames.
        _open.Clear();
        _flights.Clear();
        _begin = Stopwatch.GetTimestamp();
    }

    /// <summary>A step has ended.</summary>
    /// <param name="step">Its number.</param>
    public void EndStep(long step)
    {
        var end = Stopwatch.GetTimestamp();
        _stepTicks += end - _begin;
        Steps++;
        trace?.Add(TraceLane.Step, new("step", _begin, end) { Number = step });
    }

    /// <inheritdoc/>
    public void Before(PlanKernel kernel) => _open.Push(new(Stopwatch.GetTimestamp()));

    /// <inheritdoc/>
    public void After(PlanKernel kernel, ReadOnlySpan<nint> outputs)
    {
        var end = Stopwatch.GetTimestamp();
        var frame = _open.Pop();
        var ticks = end - frame.Begin;
        if (_open.TryPop(out var outer)) _open.Push(outer with { InnerTicks = outer.InnerTicks + ticks });
        if (!_tallies.TryGetValue(kernel, out var tally)) _tallies[kernel] = tally = new();
        tally.Calls++;
        tally.OwnTicks += ticks - frame.InnerTicks;
        if (trace is null) return;
        trace.Add(kernel.IsCommunication ? TraceLane.Communication : TraceLane.Kernels, new(kernel.Operation, frame.Begin, end) { Kernel = kernel });
        if (kernel.Starts is { } started) _flights[started] = frame.Begin;
        if (kernel.Awaits is { } awaited && _flights.Remove(awaited, out var departure))
            trace.Add(TraceLane.Communication, new("collective", departure, end) { Number = awaited, IsInFlight = true, Kernel = kernel });
    }

    private readonly record struct Frame(long Begin)
    {
        /// <summary>Of the kernels that ran within.</summary>
        public long InnerTicks { get; init; }
    }

    private sealed class Tally
    {
        public long Calls { get; set; }

        public long OwnTicks { get; set; }
    }
}
