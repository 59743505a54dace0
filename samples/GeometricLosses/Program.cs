using System.Diagnostics;
using Dunlin.Samples.GeometricLosses;
using Dunlin.Training.Data;
using Dunlin.Training.Reports;

var options = Options.Parse(args);
Console.WriteLine("The same gradients by two ways, largest relative difference in double precision:");
foreach (var (ways, difference) in Agreement.Measure(seed: 1)) Console.WriteLine($"- {ways}: {difference:0.0e+0}");

// Pictures of clothes where Fashion-MNIST is installed, else digits that are drawn on the spot.
var data = FashionMnist.IsInstalled() ? FashionMnist.Load() : GeneratedDigits.Create(options.Train, options.Test);
var experiment = new Experiment(Pictures.Of(data.Train, options.Train), Pictures.Of(data.Test, options.Test), options);
var clock = Stopwatch.StartNew();
Chart[] charts =
[
    .. Sweep(Penalty.Tangent, "tangents of shifts, R", "pixels shifted", [0, 0.03, 0.1, 0.3, 1, 3, 10], m => m.Shifted, [.. Enumerable.Range(0, Experiment.LongestShift + 1).Select(s => (double)s)]),
    .. Sweep(Penalty.GradientNorm, "gradient's norm, N", "length of the step", [0, 0.1, 0.3, 1, 3, 10, 30], m => m.Attacked, Experiment.Attacks),
];
Charts.Write(options.Picture, "Accuracy with and without higher-order losses", charts);
Console.WriteLine($"{options.Picture} ({clock.Elapsed.TotalSeconds:0} s)");

// A table, and two charts: a line for each μ over the change, and a line for each change over μ.
Chart[] Sweep(Penalty penalty, string title, string xName, double[] mus, Func<Measured, IReadOnlyList<double>> accuracies, IReadOnlyList<double> changes)
{
    var runs = mus.SelectMany(mu => Enumerable.Range(1, options.Seeds).Select(seed => (Mu: mu, Seed: (ulong)seed))).AsParallel().AsOrdered().WithDegreeOfParallelism(options.Threads)
        .Select(run => (run.Mu, Accuracies: accuracies(experiment.Run(penalty, run.Mu, run.Seed)))).ToList();
    double[][] means = [.. mus.Select(mu => changes.Select((_, i) => runs.Where(run => run.Mu == mu).Average(run => run.Accuracies[i])).ToArray())];
    Console.WriteLine($"\nAccuracy with {title} ({xName} in the columns), the mean of {options.Seeds} nets; {clock.Elapsed.TotalSeconds:0} s\n");
    Console.WriteLine($"| μ | {string.Join(" | ", changes)} |\n|---:|{string.Concat(changes.Select(_ => "---:|"))}");
    for (var i = 0; i < mus.Length; i++) Console.WriteLine($"| {mus[i]} | {string.Join(" | ", means[i].Select(a => $"{a:0.000}"))} |");
    return
    [
        new($"J + μ · ({title})", xName, [.. mus.Select((mu, i) => new Series($"μ = {mu}", [.. changes.Zip(means[i])]))]),
        new("the same over μ", "log₁₀ μ", [.. changes.Select((change, j) => new Series($"{change}", [.. mus.Select((mu, i) => (Math.Log10(mu), means[i][j])).Where(p => double.IsFinite(p.Item1))]))]),
    ];
}
