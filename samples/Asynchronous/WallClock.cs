using System.Diagnostics;
using Dunlin.Models;
using Dunlin.Strategies;
using Dunlin.Training;
using Dunlin.Training.Data;
using Dunlin.Training.Reports;

namespace Dunlin.Samples.Asynchronous;

/// <summary>Simulated time against a clock: a step's time of one worker without a server is measured, given to the simulation, and what that says of 1 and 2 workers with a server is compared with real ones, which are threads.</summary>
public static class WallClock
{
    private static readonly ServerProtocol[] Protocols = [new ServerProtocol.Asynchronous(), new ServerProtocol.TryLock(4), new ServerProtocol.StaleSynchronous(1), new ServerProtocol.Synchronous()];

    /// <summary>Runs it.</summary>
    public static Report Run(Options options)
    {
        var steps = Math.Max(10, (int)(150 * options.Effort));
        var alone = Measure(new SingleWorker(), 1, steps, null);
        var (mean, spread) = (alone.Average(), Spread(alone));
        List<(string Protocol, int Workers, double Real, double Simulated)> rows = [];
        foreach (var protocol in Protocols)
        {
            foreach (var workers in new[] { 1, 2 })
            {
                var cluster = SharedMemory.Of(new(mean, spread), options.Seed);
                var real = Measure(new ParameterServer(workers, new() { Protocol = protocol }), workers, steps, null).Average();
                rows.Add((protocol.GetType().Name, workers, real, Measure(new ParameterServer(workers, new() { Protocol = protocol, Simulation = cluster }), workers, steps, cluster).Average()));
            }
        }
        var text = $"""
            LeNet, batches of 32 a worker, one thread each, {steps} steps, on this machine's {Environment.ProcessorCount} processors. A worker without a server takes {1e3 * mean:0.00} ms a step (σ of its logarithm {spread:0.00}); that, copies of {SharedMemory.CopyRate / 1e9:0} GB/s and updates of {SharedMemory.UpdateRate / 1e9:0} GB/s are what the simulation is given.

            {Report.Table(["protocol", "workers", "measured, ms a step", "simulated", "simulated / measured"], rows.Select(r => (string[])[r.Protocol, $"{r.Workers}", $"{1e3 * r.Real:0.00}", $"{1e3 * r.Simulated:0.00}", $"{r.Simulated / r.Real:0.00}"]))}
            """;
        return new("Simulated time against a clock", text,
        [
            .. new[] { 1, 2 }.Select(workers => new Chart($"{workers} worker{(workers > 1 ? "s" : "")}: ms a step, protocols in the table's order", "protocol",
            [
                new("measured", [.. rows.Where(r => r.Workers == workers).Select((r, i) => (i + 1.0, 1e3 * r.Real))]) { Style = SeriesStyle.Dots },
                new("simulated", [.. rows.Where(r => r.Workers == workers).Select((r, i) => (i + 1.0, 1e3 * r.Simulated))]) { Style = SeriesStyle.Dots },
            ])),
        ]);
    }

    /// <summary>Seconds of each step of worker 0, without those of the first tenth.</summary>
    private static IReadOnlyList<double> Measure(ITrainingStrategy strategy, int workers, int steps, SimulatedCluster? cluster)
    {
        var times = new List<double>();
        var clock = Stopwatch.StartNew();
        var observer = new Observer(() => times.Add(cluster?.Now ?? clock.Elapsed.TotalSeconds));
        var trainer = new Trainer(new(LeNet.Create(), Losses.SoftmaxCrossEntropy, Optimizers.Momentum(0.01)), new()
        {
            Epochs = 1000,
            MaxSteps = steps,
            BatchSize = 32 * workers,
            Strategy = strategy,
            ThreadsPerWorker = 1,
            Observers = [observer],
        });
        trainer.Fit(GeneratedDigits.Create(2048, 1, seed: 1).Train);
        return [.. times.Zip(times.Skip(1), (a, b) => b - a).Skip(steps / 10)];
    }

    private static double Spread(IReadOnlyList<double> seconds)
    {
        var mean = seconds.Average(Math.Log);
        return Math.Sqrt(seconds.Average(s => (Math.Log(s) - mean) * (Math.Log(s) - mean)));
    }

    private sealed class Observer(Action stepped) : ITrainingObserver
    {
        public void Stepped(in StepReport report) => stepped();
    }
}
