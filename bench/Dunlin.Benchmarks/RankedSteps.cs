using System.Diagnostics;
using System.Globalization;
using Dunlin.Communication;
using Dunlin.Graphs.Plans;
using Dunlin.Graphs.Profiling;
using Dunlin.Strategies;
using Dunlin.Tensors.Collectives;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Benchmarks;

/// <summary>Steps of data-parallel training, on the processes that a launcher has started; each rank has a whole batch of the row.</summary>
internal static class RankedSteps
{
    private const int Blocks = 15;

    public static void Measure(Row row, IKernelSet kernels, int threads, double seconds, string? profile, TextWriter output)
    {
        using var cluster = Cluster.Join();
        new DataParallel(1, new() { Cluster = cluster }).Run(worker =>
        {
            using var measured = new Measurement(row, kernels, threads, worker: worker);
            var comm = worker.Communicator;
            for (var i = 0; i < 3; i++) measured.Step();
            // All ranks take as many steps as rank 0 finds right.
            var begin = Stopwatch.GetTimestamp();
            measured.Step();
            var steps = (int)comm.AllGatherNumbers((long)Math.Clamp(seconds / Blocks / Stopwatch.GetElapsedTime(begin).TotalSeconds, 1, 1000))[0];
            var times = new List<double>();
            for (var block = 0; block < Blocks; block++)
            {
                comm.Barrier();
                begin = Stopwatch.GetTimestamp();
                for (var i = 0; i < steps; i++) measured.Step();
                times.Add(Stopwatch.GetElapsedTime(begin).TotalMilliseconds / steps);
            }
            times.Sort();
            var (start, wait) = Exchange(measured, comm, profile);
            var timeline = new BucketTimes();
            measured.Step(timeline);
            var buckets = string.Join(',', timeline.Buckets.Select(b => FormattableString.Invariant($"[{b.Bytes},{b.Ready:F3}]")));
            if (worker.Rank == 0)
                output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $$"""{"row":"{{row.Name}}","ranks":{{comm.Size}},"ms":{{times[times.Count / 2]:F4}},"least_ms":{{times[0]:F4}},"items_s":{{row.Input[0] * comm.Size / times[times.Count / 2] * 1e3:F2}},"exchange_overlapped_ms":{{start:F3}},"exchange_exposed_ms":{{wait:F3}},"peak_mb":{{Environment.WorkingSet / 1e6:F0}},"kernels":"{{kernels.Name}}","parameters":{{measured.Parameters}},"backward_end_ms":{{timeline.End:F3}},"buckets":[{{buckets}}]}"""));
        });
    }

    /// <summary>
    /// Milliseconds of a step in which sums are started or formed while the backward pass runs, the most that a rank takes, and in which the step waits for them, the least that a rank does: who
    /// comes first waits for the others too, who comes last for what is to be sent and summed alone.
    /// </summary>
    private static (double Start, double Wait) Exchange(Measurement measured, ICommunicator comm, string? folder)
    {
        const int Steps = 9;
        var trace = new EventTrace(comm.Rank);
        var profile = new PlanProfile(trace);
        var (starts, waits) = (0.0, 0.0);
        for (var i = 0; i < Steps; i++)
        {
            var (start, wait) = (Start(), Wait());
            measured.Step(profile, i + 1);
            starts += comm.AllGatherNumbers(Microseconds(Start() - start)).Max();
            waits += comm.AllGatherNumbers(Microseconds(Wait() - wait)).Min();
        }
        if (folder is not null) TraceFile.Write(trace, Path.Combine(folder, TraceFile.NameOf(comm.Rank)));
        return (starts / 1e3 / Steps, waits / 1e3 / Steps);
        double Start() => profile.SecondsOf("AllReduceStart") + profile.SecondsOf("Pack");
        double Wait() => profile.SecondsOf("AllReduceWait");
        static long Microseconds(double seconds) => (long)(seconds * 1e6);
    }
}

/// <summary>When in a step each bucket of gradients is ready to go, and when there is nothing left to do but wait.</summary>
internal sealed class BucketTimes : IStepObserver
{
    private readonly List<(long, double)> _buckets = [];
    private long _begin;

    /// <summary>Bytes, and milliseconds from the step's begin.</summary>
    public IReadOnlyList<(long Bytes, double Ready)> Buckets => _buckets;

    /// <summary>Milliseconds from the step's begin.</summary>
    public double End { get; private set; }

    public void Before(PlanKernel kernel)
    {
        if (_begin == 0) _begin = Stopwatch.GetTimestamp();
        var now = Stopwatch.GetElapsedTime(_begin).TotalMilliseconds;
        if (kernel.Operation == "AllReduceStart") _buckets.Add((kernel.OutputBytes[0], now));
        if (kernel.Operation == "AllReduceWait" && End == 0) End = now;
    }

    public void After(PlanKernel kernel, ReadOnlySpan<nint> outputs) { }
}
