using Dunlin.Strategies;
using Dunlin.Training.Reports;

namespace Dunlin.Samples.Asynchronous;

/// <summary>
/// Backup workers (Abadi et al., 2016, figure 8): 50 workers whose gradients a synchronous step takes, and b more. The step is the fiftieth fastest of 50 + b; what b workers bring is set against what they cost,
/// t(0) / t(b) · 50 / (50 + b).
/// </summary>
public static class Backups
{
    private const int Workers = 50, Servers = 17, Elements = 16 * Servers;

    /// <summary>Inception-v3's weights.</summary>
    private const double ModelBytes = 95e6;

    /// <summary>Four of a hundred steps are much longer: with the spread that gives the published step without backups.</summary>
    private static readonly StepTime Step = new(1.47, Spread: 0.05, SlowProbability: 0.04, SlowFactor: 1.4);

    /// <summary>Runs it for b = 0 … 5.</summary>
    public static Report Run(Options options)
    {
        var steps = Math.Max(3, (int)(100 * options.Effort));
        List<(int Backups, double Seconds, double Gain, double Dropped)> rows = [];
        for (var backups = 0; backups <= 5; backups++)
        {
            var cluster = new SimulatedCluster { Seed = options.Seed, StepTime = Step, BytesScale = ModelBytes / (4 * Elements) };
            var seconds = NullWork.Simulate(new() { Protocol = new ServerProtocol.Synchronous(backups), Servers = Servers, Simulation = cluster }, Workers + backups, steps, Elements);
            rows.Add((backups, seconds, backups == 0 ? 1 : rows[0].Seconds / seconds * Workers / (Workers + backups), (double)cluster.Report!.Dropped / Servers / steps));
        }
        var text = $"""
            {Workers} workers and b more on simulated machines, {Servers} servers, a model of {ModelBytes / 1e6:0} MB, 10 Gbit/s for each machine, {steps} steps. A worker computes {Step.Mean} s (log-normal, σ = {Step.Spread}), and in {100 * Step.SlowProbability:0} % of its steps
            {Step.SlowFactor} times that. These numbers were chosen so that the step without backups takes what was published; the rest follows from them. Published (Abadi et al., 2016, Inception-v3 on 50 workers): the shortest step, 1.93 s, with 4 backups; the best gain, 9.5 %, with 3; from
            these, at most 2.28 s without.

            {Report.Table(["backups", "seconds a step", "speed-up t(0)/t(b)", "gain after the backups' cost", "late gradients a step"], rows.Select(r => (string[])
                [$"{r.Backups}", $"{r.Seconds:0.00}", $"{rows[0].Seconds / r.Seconds:0.000}", $"{100 * (r.Gain - 1):0.0} %", $"{r.Dropped:0.0}"]))}
            """;
        return new("Backup workers: 50 and b more", text,
        [
            new("seconds a step", "backups", [new("simulated", [.. rows.Select(r => ((double)r.Backups, r.Seconds))]), new("published shortest", [(4, 1.93)]) { Style = SeriesStyle.Dots }]),
            new("gain after the backups' cost, %", "backups", [new("simulated", [.. rows.Select(r => ((double)r.Backups, 100 * (r.Gain - 1)))]), new("published best", [(3, 9.5)]) { Style = SeriesStyle.Dots }]),
        ]);
    }
}
