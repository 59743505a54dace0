using System.Diagnostics;
using System.Globalization;
using Dunlin.Communication;
using Dunlin.Graphs.Profiling;
using Dunlin.Strategies;
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
            if (profile is not null) Trace(measured, worker.Rank, profile);
            var exchange = new Exchange();
            var (exposed, alone) = (exchange.Exposed(measured, comm), exchange.Alone(comm));
            var buckets = string.Join(',', exchange.Buckets.Select(b => FormattableString.Invariant($"[{b.Bytes},{b.Ready:F3}]")));
            if (worker.Rank == 0)
                output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $$"""{"row":"{{row.Name}}","ranks":{{comm.Size}},"ms":{{times[times.Count / 2]:F4}},"least_ms":{{times[0]:F4}},"items_s":{{row.Input[0] * comm.Size / times[times.Count / 2] * 1e3:F2}},"exchange_alone_ms":{{alone:F3}},"exchange_exposed_ms":{{exposed:F3}},"peak_mb":{{Environment.WorkingSet / 1e6:F0}},"kernels":"{{kernels.Name}}","parameters":{{measured.Parameters}},"backward_end_ms":{{exchange.BackwardEnd:F3}},"buckets":[{{buckets}}]}"""));
        });
    }

    private static void Trace(Measurement measured, int rank, string folder)
    {
        var trace = new EventTrace(rank);
        var profile = new PlanProfile(trace);
        for (var i = 1; i <= 5; i++) measured.Step(profile, i);
        TraceFile.Write(trace, Path.Combine(folder, TraceFile.NameOf(rank)));
    }
}
