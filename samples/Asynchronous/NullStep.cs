using Dunlin.Strategies;
using Dunlin.Training.Reports;

namespace Dunlin.Samples.Asynchronous;

/// <summary>
/// Null steps (Abadi et al., 2016, section 6.2): workers take the weights, compute nothing and give a gradient, all together. What a step takes is what coordination and network take, for one number on each of 16 servers, for
/// dense models, and for rows of large tables.
/// </summary>
public static class NullStep
{
    private const int Servers = 16, Elements = 64 * Servers;

    private static readonly int[] Workers = [1, 2, 5, 10, 25, 50, 100];

    /// <summary>Runs all curves.</summary>
    public static Report Run(Options options)
    {
        var steps = Math.Max(3, (int)(20 * options.Effort));
        Curve[] curves =
        [
            new("scalar", 1.8e-3, 8.8e-3, n => Dense(n, steps, Servers, 1, options.Seed)),
            new("dense, 100 MB", 0.147, 0.613, n => Dense(n, steps, Elements, 100e6 / (4 * Elements), options.Seed)),
            new("dense, 1 GB", 1.01, 7.16, n => Dense(n, steps, Elements, 1e9 / (4 * Elements), options.Seed)),
            new("sparse, 16 MB", 5e-3, 20e-3, n => Sparse(n, steps, 4096, options.Seed)),
            new(options.Effort < 0.1 ? "sparse, 64 MB" : "sparse, 1 GB", 5e-3, 20e-3, n => Sparse(n, steps, options.Effort < 0.1 ? 16_384 : 262_144, options.Seed)),
        ];
        var times = curves.Select(c => Workers.Select(n => c.Seconds(n)).ToArray()).ToArray();
        var text = $"""
            Workers that compute nothing, on simulated machines: {Servers} servers, 10 Gbit/s for each machine, messages under way for {1e6 * new SimulatedCluster().Latency:0} µs, a server at work for {1e6 * new SimulatedCluster().ServerTime:0} µs a call and applying {new SimulatedCluster().ServerRate / 1e9:0} GB/s; synchronous steps, {steps} of them.
            Published (Abadi et al., 2016, figure 6) for 1 and 100 workers of another system on other machines; its figures for tables are the same for 1 GB and 16 GB. Here a step reads and changes 32 rows of 4 KB, and the tables are sized to memory.

            {Report.Table(["milliseconds a step", .. Workers.Select(n => $"{n}"), "published 1", "published 100"], curves.Select((c, i) => (string[])[c.Name, .. times[i].Select(t => $"{1e3 * t:0.00}"), $"{1e3 * c.One:0.#}", $"{1e3 * c.Hundred:0.#}"]))}
            """;
        return new("Null steps: what coordination costs", text,
        [
            .. new[] { (Title: "a step of small messages, ms", Which: new[] { 0, 3, 4 }), (Title: "a step of large models, ms", Which: [1, 2]) }.Select(panel => new Chart(panel.Title, "workers",
            [
                .. panel.Which.Select((c, k) => new Series(curves[c].Name, [.. Workers.Select((n, i) => ((double)n, 1e3 * times[c][i]))]) { Colour = k }),
                .. panel.Which.Select((c, k) => new Series($"{curves[c].Name}, published", [(1, 1e3 * curves[c].One), (100, 1e3 * curves[c].Hundred)]) { Style = SeriesStyle.Dots, Colour = k }),
            ])),
        ]);
    }

    private static double Dense(int workers, int steps, int elements, double scale, ulong seed) =>
        NullWork.Simulate(Of(new SimulatedCluster { Seed = seed, StepTime = new(0), BytesScale = scale }), workers, steps, elements);

    private static double Sparse(int workers, int steps, int rows, ulong seed) =>
        NullWork.Simulate(Of(new SimulatedCluster { Seed = seed, StepTime = new(0) }), workers, steps, (rows, 1024), 32);

    private static ParameterServerOptions Of(SimulatedCluster cluster) => new() { Protocol = new ServerProtocol.Synchronous(), Servers = Servers, Simulation = cluster };

    /// <summary>One row of the table.</summary>
    private sealed record Curve(string Name, double One, double Hundred, Func<int, double> Seconds);
}
