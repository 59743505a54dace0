using System.Numerics;
using Dunlin.Samples.Hpc;
using Dunlin.Samples.Hpc.AllReduces;
using Dunlin.Tensors;

namespace Dunlin.Samples.Tests;

public sealed class HpcTests
{
    private const double Rate = 0.1, Noise = 0.5;

    private static readonly LeastSquares Problem = new(examples: 2048, inputs: 6, Noise, seed: 3);

    public static TheoryData<string> Algorithms => [.. Algorithm.All.Select(algorithm => algorithm.Name)];

    [Fact]
    public void Descent_ends_where_the_normal_equations_say()
    {
        var minimum = Problem.Solve();
        var w = Descent.Full(Problem, rate: 1).ElementAt(400);
        Assert.All(w.Zip(minimum), pair => Assert.Equal(pair.Second, pair.First, 1e-10));
        // No direction leads down from there.
        foreach (var j in Enumerable.Range(0, Problem.Inputs))
            foreach (var step in new[] { -1e-3, 1e-3 })
            {
                var aside = minimum.ToArray();
                aside[j] += step;
                Assert.True(Problem.Loss(aside) > Problem.Loss(minimum));
            }
    }

    [Theory]
    [InlineData(1), InlineData(4), InlineData(32)]
    public void What_noise_leaves_is_as_the_closed_form_says(int batch)
    {
        var least = Problem.Loss(Problem.Solve());
        var measured = Descent.Stochastic(Problem, Rate, batch, seed: 1).Skip(500).Take(6000).Where((_, i) => i % 10 == 0).Average(w => Problem.Loss(w) - least);
        Assert.InRange(measured / Descent.NoiseFloor(Problem.Curvatures(), 2 * least, Rate, batch), 0.85, 1.15);
    }

    [Theory]
    [InlineData(2, 50), InlineData(3, 50), InlineData(4, 50), InlineData(4, 3), InlineData(7, 16)]
    public void Many_ranks_walk_as_one_with_the_joined_batch(int ranks, int batch)
    {
        var alone = Descent.Stochastic(Problem, Rate, batch, seed: 5).ElementAt(100);
        var all = Team.Run(ranks, team => ParallelDescent.Walk(team, Problem, Rate, batch, steps: 100, seed: 5));
        Assert.All(all, w => Assert.Equal(all[0], w));
        Assert.All(all[0].Zip(alone), pair => Assert.Equal(pair.Second, pair.First, 1e-12));
    }

    [Fact]
    public void A_network_learns_the_same_with_any_number_of_workers()
    {
        var one = SmallNetwork.Train(workers: 1, epochs: 1, seed: 2);
        var three = SmallNetwork.Train(workers: 3, epochs: 1, seed: 2);
        Assert.Equal(21, one.Losses.Count);
        Assert.True(one.Losses[^1] < one.Losses[0] / 2);
        Assert.InRange(one.Distance(three), 0, 1e-5);
        Assert.All(one.Losses.Zip(three.Losses), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
    }

    /// <summary>Small whole numbers, whose sums are exact in any order.</summary>
    [Theory, MemberData(nameof(Algorithms))]
    public void Every_algorithm_sums_as_the_naive_one(string name)
    {
        for (var p = 1; p <= 17; p++)
            foreach (var n in new[] { 0, 1, p - 1, p, 1003 })
            {
                var expected = Enumerable.Range(0, n).Select(i => Enumerable.Range(0, p).Sum(rank => (float)Element(rank, i))).ToArray();
                var results = Sum(name, p, n, (rank, i) => Element(rank, i));
                Assert.All(results, result => Assert.Equal(expected, result));
            }
        static int Element(int rank, int i) => (rank * 31 + i * 7) % 101 - 50;
    }

    [Theory, MemberData(nameof(Algorithms))]
    public void Rounding_is_the_same_on_all_ranks_and_every_time(string name)
    {
        foreach (var p in new[] { 3, 4, 6 })
        {
            float Element(int rank, int i) => Philox.Uniform(new PhiloxKey((ulong)rank), (ulong)i) - 0.5f;
            var results = Sum(name, p, 257, Element);
            Assert.All(results, result => Assert.Equal(results[0], result));
            Assert.Equal(results[0], Sum(name, p, 257, Element)[0]);
        }
    }

    /// <summary>The formula and the program are two descriptions of one algorithm.</summary>
    [Theory, MemberData(nameof(Algorithms))]
    public void The_program_takes_the_time_that_the_formula_says(string name)
    {
        var algorithm = Algorithm.All.Single(a => a.Name == name);
        foreach (var cost in new[] { new Cost(1, 0), new Cost(0, 1e-3), new Cost(0, 0, 1e-3), new Cost(2, 3e-3, 5e-4) })
            for (var p = 1; p <= 17; p++)
            {
                var elements = 12 * p;
                var clock = Simulation.Run(algorithm, p, elements, cost).Max(port => port.Clock);
                Assert.Equal(algorithm.Time(p, elements * sizeof(float), cost), clock, 1e-9);
            }
    }

    /// <summary>In a ring every rank sends 2(p − 1) messages and 2(p − 1)/p of the buffer; with a server, one rank sends and receives it all.</summary>
    [Fact]
    public void Messages_are_as_many_as_they_should_be()
    {
        for (var p = 2; p <= 9; p++)
        {
            var (elements, bytes) = (10 * p, 40L * p);
            Assert.All(Simulation.Run(Named("ring"), p, elements, new(1, 1)), port => Assert.Equal((2 * (p - 1), 2 * (p - 1) * bytes / p), (port.Messages, port.Bytes)));
            var server = Simulation.Run(Named("server"), p, elements, new(1, 1));
            Assert.Equal((p - 1, (p - 1) * bytes), (server[0].Messages, server[0].Bytes));
            Assert.All(server.Skip(1), port => Assert.Equal((1, bytes), (port.Messages, port.Bytes)));
            if (BitOperations.IsPow2(p))
                Assert.All(Simulation.Run(Named("recursive doubling"), p, elements, new(1, 1)), port => Assert.Equal(BitOperations.Log2((uint)p), port.Messages));
        }
    }

    /// <summary>Small messages want few rounds, large ones few bytes.</summary>
    [Fact]
    public void The_best_algorithm_depends_on_the_size()
    {
        var cost = new Cost(20e-6, 1 / 1.25e9);
        Assert.Equal("recursive doubling", Best(1e3));
        Assert.Equal("ring", Best(100e6));
        string Best(double bytes) => Algorithm.All.MinBy(a => a.Time(64, bytes, cost))!.Name;
    }

    [Fact]
    public void The_lecture_runs_and_draws()
    {
        var folder = Directory.CreateTempSubdirectory("dunlin-").FullName;
        try
        {
            using var output = new StringWriter();
            Lecture.Give(Options.Parse(["--effort", "0.1", "--ranks", "2", "--pictures", folder]), output);
            var text = output.ToString();
            Assert.All("abcdef", step => Assert.Contains($"({step}) ", text, StringComparison.Ordinal));
            Assert.DoesNotContain("| no |", text, StringComparison.Ordinal);
            foreach (var picture in new[] { "hpc-descent.svg", "hpc-network.svg", "hpc-all-reduce.svg" })
                Assert.StartsWith("<svg", File.ReadAllText(Path.Combine(folder, picture)), StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Unknown_options_are_named() => Assert.Contains("--rank", Assert.Throws<ArgumentException>(() => Options.Parse(["--rank", "3"])).Message, StringComparison.Ordinal);

    private static Algorithm Named(string name) => Algorithm.All.Single(a => a.Name == name);

    private static float[][] Sum(string name, int ranks, int count, Func<int, int, float> element) => Team.Run(ranks, communicator =>
    {
        var buffer = Tensor.From(Enumerable.Range(0, count).Select(i => element(communicator.Rank, i)).ToArray());
        Named(name).Run(new Port(communicator), buffer);
        return buffer.ToArray<float>();
    });
}
