using Dunlin.Samples.Hpc.AllReduces;
using Dunlin.Training.Reports;

namespace Dunlin.Samples.Hpc;

/// <summary>From a line through points to training on many machines, in six steps that run. Each prints what it shows.</summary>
public static class Lecture
{
    private const double Noise = 0.5, FullRate = 1, StochasticRate = 0.1;

    /// <summary>Batch sizes whose noise is measured.</summary>
    private static readonly int[] BatchSizes = [1, 2, 4, 8, 16, 32, 64, 128, 256];

    /// <summary>Gives the whole lecture.</summary>
    public static void Give(Options options, TextWriter output)
    {
        var problem = new LeastSquares(examples: 4096, inputs: 8, Noise, options.Seed);
        var minimum = Equations(problem, output);
        var descent = GradientDescent(problem, minimum, options, output);
        var noise = BatchNoise(problem, minimum, options, output);
        Draw(options, "hpc-descent.svg", "Least squares by descent", descent, noise);
        ManyRanks(problem, options, output);
        Draw(options, "hpc-network.svg", "A network on one worker and on several", Network(options, output));
        Draw(options, "hpc-all-reduce.svg", "The cost of an all-reduce", [.. Costs(options, output)]);
    }

    /// <summary>(a)</summary>
    public static double[] Equations(LeastSquares problem, TextWriter output)
    {
        var w = problem.Solve();
        output.WriteLine($"(a) The normal equations give the minimum at once: loss {problem.Loss(w):0.000000}, where noise alone has {Noise * Noise / 2:0.000}.");
        output.WriteLine($"    That takes n·d² + d³ operations, here {problem.Examples * Math.Pow(problem.Inputs, 2) + Math.Pow(problem.Inputs, 3):N0}; with a million weights it would be out of reach.\n");
        return w;
    }

    /// <summary>(b)</summary>
    public static Chart GradientDescent(LeastSquares problem, double[] minimum, Options options, TextWriter output)
    {
        var least = problem.Loss(minimum);
        var curvatures = problem.Curvatures();
        var steps = options.Scaled(200);
        var full = Excess(problem, least, Descent.Full(problem, FullRate).Take(steps + 1));
        // A step multiplies the distance along each direction by 1 − rate · curvature, and the loss is its square: in the end the slowest direction is all there is.
        var factor = Math.Pow(curvatures.Max(h => Math.Abs(1 - FullRate * h)), 2);
        output.WriteLine($"(b) Gradient descent comes to the same place: {full[^1]:0.0e+0} above the minimum after {steps} steps.");
        output.WriteLine($"    Curvatures lie between {curvatures[0]:0.000} and {curvatures[^1]:0.000}, so each step should leave {factor:0.0000} of it; step {steps / 2} leaves {full[steps / 2 + 1] / full[steps / 2]:0.0000}.\n");
        int? everything = null;
        return new($"Rate {StochasticRate}: log10 of the loss above its minimum", "step", [.. new[] { 1, 16, 256, everything }.Select(size => new Series(
            size is { } batch ? $"batches of {batch}" : "all examples",
            Logarithms(Excess(problem, least, (size is { } b ? Descent.Stochastic(problem, StochasticRate, b, options.Seed) : Descent.Full(problem, StochasticRate)).Take(options.Scaled(600) + 1)))))]);
    }

    /// <summary>(c)</summary>
    public static Chart BatchNoise(LeastSquares problem, double[] minimum, Options options, TextWriter output)
    {
        var curvatures = problem.Curvatures();
        var least = problem.Loss(minimum);
        // What is left at the minimum is the noise of the examples at hand; their unexplained part is 2 · loss.
        var points = BatchSizes.Select(size => (Size: size, Measured: Floor(problem, least, size, options), Theory: Descent.NoiseFloor(curvatures, 2 * least, StochasticRate, size))).ToList();
        output.WriteLine($"(c) SGD at a constant rate of {StochasticRate} does not get there: noise holds it above the minimum, the less the larger the batch.\n");
        output.WriteLine("| batch | above the minimum | theory | times batch |\n|---:|---:|---:|---:|");
        foreach (var (size, measured, theory) in points) output.WriteLine($"| {size} | {measured:0.000000} | {theory:0.000000} | {measured * size:0.0000} |");
        output.WriteLine("\n    So eight ranks with an eighth of the batch each do not make a step better than one rank with all of it; they make it sooner.\n");
        return new("log10 of what noise leaves, by the batch", "log2 of the batch size",
        [
            new Series("measured", [.. points.Select(p => (Math.Log2(p.Size), Math.Log10(p.Measured)))]) { Style = SeriesStyle.Dots },
            new Series("theory", [.. points.Select(p => (Math.Log2(p.Size), Math.Log10(p.Theory)))]) { Style = SeriesStyle.Dashes },
        ]);
    }

    /// <summary>(d)</summary>
    /// <returns>The largest difference to one rank's weights, by the number of ranks.</returns>
    public static IReadOnlyDictionary<int, double> ManyRanks(LeastSquares problem, Options options, TextWriter output)
    {
        const int batch = 50;
        var steps = options.Scaled(300);
        var alone = Descent.Stochastic(problem, StochasticRate, batch, options.Seed).ElementAt(steps);
        output.WriteLine($"(d) Data parallel SGD, {steps} steps of {batch} examples. Ranks sum their gradients by an all-reduce, and make the step that one rank with the whole batch makes:\n");
        output.WriteLine("| ranks | loss | largest difference to one rank | ranks equal to the last bit |\n|---:|---:|---:|---|");
        var differences = new Dictionary<int, double>();
        foreach (var ranks in Enumerable.Range(1, options.Ranks))
        {
            var all = Team.Run(ranks, team => ParallelDescent.Walk(team, problem, StochasticRate, batch, steps, options.Seed));
            differences[ranks] = Difference(all[0], alone);
            output.WriteLine($"| {ranks} | {problem.Loss(all[0]):0.000000} | {differences[ranks]:0.0e+0} | {(all.All(w => w.SequenceEqual(all[0])) ? "yes" : "no")} |");
        }
        output.WriteLine("\n    The differences are rounding: sums of the same numbers in another order.\n");
        return differences;
    }

    /// <summary>(e)</summary>
    public static Chart Network(Options options, TextWriter output)
    {
        var epochs = options.Scaled(4);
        var (one, many) = (SmallNetwork.Train(1, epochs, options.Seed), SmallNetwork.Train(options.Ranks, epochs, options.Seed));
        // Of processes, the first one alone has the weights in the end.
        var distance = Team.Speaks ? one.Distance(many) : 0;
        output.WriteLine($"(e) A network of 25,450 weights, {epochs} epochs, by Strategy = new DataParallel(workers): with one worker it reads {one.Accuracy:0.0%} of new digits, with {options.Ranks} {many.Accuracy:0.0%}.");
        output.WriteLine($"    After {one.Losses.Count} steps no weight differs by more than {distance:0.0e+0}; the last batch of an epoch has 10 examples, and shares need not be equal.\n");
        return new("Loss", "step",
        [
            new Series("1 worker", [.. one.Losses.Select((loss, i) => (i + 1.0, loss))]) { Style = SeriesStyle.Dashes },
            new Series($"{options.Ranks} workers", [.. many.Losses.Select((loss, i) => (i + 1.0, loss)).Where((_, i) => i % 4 == 0)]) { Style = SeriesStyle.Dots },
        ]);
    }

    /// <summary>(f)</summary>
    public static IEnumerable<Chart> Costs(Options options, TextWriter output)
    {
        yield return Cluster(output);
        yield return Here(options, output);
    }

    /// <summary>A cluster of 10 Gbit/s, by the model, and by running the algorithms against its clock.</summary>
    private static Chart Cluster(TextWriter output)
    {
        // ResNet-50 in Float32. The clock counts messages of a small buffer, each byte of which stands for many.
        const double bytes = 102e6, step = 0.25;
        var cost = new Cost(Alpha: 20e-6, Beta: 1 / 1.25e9, Gamma: 1 / 8e9);
        int[] sizes = [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];
        output.WriteLine($"(f) What an all-reduce of {bytes / 1e6:0} MB costs where a message takes {cost.Alpha * 1e6:0} µs and 1.25 GB/s, in seconds, and in brackets how much of a step of {step} s is left for work:\n");
        output.WriteLine($"| ranks | {string.Join(" | ", Algorithm.All.Select(a => a.Name))} |\n|---:|{string.Concat(Algorithm.All.Select(_ => "---:|"))}");
        foreach (var p in sizes) output.WriteLine($"| {p} | {string.Join(" | ", Algorithm.All.Select(a => a.Time(p, bytes, cost)).Select(t => $"{t:0.000} ({step / (step + t):0%})"))} |");
        output.WriteLine("\n    A server has one door, through which every rank's gradients come and every rank's weights go: time grows with the ranks. In a ring all doors are busy all the time, and each passes");
        output.WriteLine("    2(p − 1)/p of the gradients, however many ranks there are. (Servers can be many, each for a part of the weights: with as many as ranks, it is a ring's traffic, on machines that do nothing else.)\n");
        return new("Cluster: log10 of seconds, 102 MB", "log2 of ranks",
        [
            .. Algorithm.All.Select(a => new Series(a.Name, [.. sizes.Select(p => (Math.Log2(p), Math.Log10(a.Time(p, bytes, cost))))])),
            new("programs run", [.. sizes.Where(p => p <= 32).SelectMany(p => Algorithm.All.Select(a => (Math.Log2(p), Math.Log10(Simulation.Seconds(a, p, bytes, cost)))))]) { Style = SeriesStyle.Dots, Colour = 6 },
        ]);
    }

    /// <summary>This machine: threads whose messages are copies in memory.</summary>
    private static Chart Here(Options options, TextWriter output)
    {
        var rounds = options.Scaled(20);
        var cost = Measurements.PointToPoint(rounds);
        output.WriteLine($"    On this machine ({Environment.ProcessorCount} processors), between {options.Ranks} {Team.Kind(options.Ranks)}: a message takes {cost.Alpha * 1e6:0.0} µs and {1e-9 / cost.Beta:0.0} GB/s, adding up {1e-9 / cost.Gamma:0.0} GB/s. Microseconds of an all-reduce, and of the model:\n");
        int[] sizes = [1 << 10, 1 << 13, 1 << 16, 1 << 19, 1 << 22];
        List<double> Times(Algorithm? algorithm) => [.. sizes.Select(n => Measurements.AllReduce(options.Ranks, algorithm, n, rounds))];
        var measured = Algorithm.All.Select(a => (a.Name, Times: Times(a))).Append((Name: "Dunlin's own", Times: Times(null))).ToList();
        output.WriteLine($"| KB | {string.Join(" | ", measured.Select(m => m.Name))} | {string.Join(" | ", Algorithm.All.Select(a => $"{a.Name}, model"))} |");
        output.WriteLine($"|---:|{string.Concat(Enumerable.Repeat("---:|", measured.Count + Algorithm.All.Count))}");
        for (var i = 0; i < sizes.Length; i++)
        {
            var times = measured.Select(m => m.Times[i]).Concat(Algorithm.All.Select(a => a.Time(options.Ranks, sizes[i], cost)));
            output.WriteLine($"| {sizes[i] >> 10} | {string.Join(" | ", times.Select(t => (t * 1e6).ToString("0")))} |");
        }
        output.WriteLine($"\n    {(Team.Kind(options.Ranks) == "threads" ? "Threads" : "Processes of a machine")} share processors and memory, which the model does not know. Dunlin's own reads the others' buffers in place: no message is copied.");
        return new($"Here, {options.Ranks} ranks: log10 of microseconds", "log2 of bytes",
            [.. measured.Select((m, i) => new Series(m.Name, [.. sizes.Zip(m.Times, (n, t) => (Math.Log2(n), Math.Log10(t * 1e6)))]) { Colour = i })]);
    }

    /// <summary>One process draws for all.</summary>
    private static void Draw(Options options, string file, string title, params Chart[] charts)
    {
        if (Team.Speaks) Charts.Write(Path.Combine(options.Pictures, file), title, charts);
    }

    /// <summary>The mean loss above the minimum when it no longer falls.</summary>
    private static double Floor(LeastSquares problem, double least, int batchSize, Options options)
    {
        const int burn = 500;
        return Descent.Stochastic(problem, StochasticRate, batchSize, options.Seed).Skip(burn).Take(options.Scaled(4000)).Where((_, i) => i % 5 == 0).Average(w => problem.Loss(w) - least);
    }

    private static List<double> Excess(LeastSquares problem, double least, IEnumerable<double[]> walk) => [.. walk.Select(w => Math.Max(problem.Loss(w) - least, 1e-16))];

    private static List<(double X, double Y)> Logarithms(List<double> values) => [.. values.Select((value, step) => ((double)step, Math.Log10(value)))];

    private static double Difference(double[] a, double[] b) => a.Zip(b, (x, y) => Math.Abs(x - y)).Max();
}
