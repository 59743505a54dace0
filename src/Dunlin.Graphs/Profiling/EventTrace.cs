using System.Diagnostics;
using Dunlin.Graphs.Plans;

namespace Dunlin.Graphs.Profiling;

/// <summary>The lanes of a trace: what a viewer shows below each other, as a thread's identifier.</summary>
public static class TraceLane
{
    /// <summary>Steps.</summary>
    public const int Step = 0;

    /// <summary>Kernels, as the thread that leads the team sees them.</summary>
    public const int Kernels = 1;

    /// <summary>Collectives, and waiting for them.</summary>
    public const int Communication = 100;

    /// <summary>Waiting for the next batch.</summary>
    public const int Loader = 200;

    /// <summary>Checkpoints.</summary>
    public const int Checkpoint = 300;

    internal static string NameOf(int lane) => lane switch
    {
        Step => "step",
        Kernels => "kernels",
        Communication => "communication",
        Loader => "loader",
        Checkpoint => "checkpoint",
        _ => $"lane {lane}",
    };
}

/// <summary>
/// What one rank did when, to be looked at in Perfetto or Chrome (see <see cref="TraceFile"/>). Each lane keeps its first events, up to a limit, and counts what came after. For one thread at a time.
/// </summary>
/// <param name="rank">The rank.</param>
/// <param name="mostEvents">Events that each lane keeps; at least 1.</param>
public sealed class EventTrace(int rank, int mostEvents = EventTrace.UsualMostEvents)
{
    /// <summary>Unless another limit is given: about 50 MB of JSON for each lane, 8 MB once compressed.</summary>
    public const int UsualMostEvents = 200_000;

    private readonly int _most = Require.AtLeast(nameof(EventTrace), mostEvents, 1);
    private readonly SortedDictionary<int, Lane> _lanes = [];

    /// <summary>The rank.</summary>
    public int Rank { get; } = Require.AtLeast(nameof(EventTrace), rank, 0);

    /// <summary>What the clock says is added to, in microseconds, to be rank 0's time; 0 where both read the same clock, as ranks of one machine do.</summary>
    public double ClockOffset { get; init; }

    /// <summary>Events that are kept.</summary>
    public int Count => _lanes.Values.Sum(l => l.Events.Count);

    /// <summary>Events that came when their lane was full.</summary>
    public long Dropped => _lanes.Values.Sum(l => l.Dropped);

    internal IEnumerable<(int Number, IReadOnlyList<TraceEvent> Events, long Dropped)> Lanes => _lanes.Select(l => (l.Key, (IReadOnlyList<TraceEvent>)l.Value.Events, l.Value.Dropped));

    /// <summary>Notes what happens from now until the result is disposed of. On one lane, one such time ends before the next begins or lies within it.</summary>
    /// <param name="lane">One of <see cref="TraceLane"/>.</param>
    /// <param name="name">What happens.</param>
    /// <param name="number">A number to show with it, such as that of the step; null for none.</param>
    public TraceSpan Time(int lane, string name, long? number = null) => new(this, lane, name, number, Stopwatch.GetTimestamp());

    internal void Add(int lane, in TraceEvent one)
    {
        if (!_lanes.TryGetValue(lane, out var events)) _lanes[lane] = events = new();
        if (events.Events.Count < _most) events.Events.Add(one);
        else events.Dropped++;
    }

    private sealed class Lane
    {
        public List<TraceEvent> Events { get; } = [];

        public long Dropped { get; set; }
    }
}

/// <summary>A stretch of time that goes into a trace when it ends.</summary>
public readonly struct TraceSpan : IDisposable
{
    private readonly EventTrace _trace;
    private readonly int _lane;
    private readonly TraceEvent _event;

    internal TraceSpan(EventTrace trace, int lane, string name, long? number, long begin) => (_trace, _lane, _event) = (trace, lane, new(name, begin, begin) { Number = number });

    /// <summary>Ends it.</summary>
    public void Dispose() => _trace.Add(_lane, _event with { End = Stopwatch.GetTimestamp() });
}

/// <summary>Something that took time.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Begin">By <see cref="Stopwatch.GetTimestamp"/>.</param>
/// <param name="End">Likewise.</param>
internal readonly record struct TraceEvent(string Name, long Begin, long End)
{
    public long? Number { get; init; }

    public PlanKernel? Kernel { get; init; }

    /// <summary>Whether others of its lane may overlap it: a collective on its way.</summary>
    public bool IsInFlight { get; init; }
}
