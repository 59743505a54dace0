using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using static Dunlin.Graphs.Tests.Ops.Numbers;

namespace Dunlin.Graphs.Tests.Ops;

public class CandidateTests
{
    private static readonly double[] Counts = [5, 0, 1, 2, 0, 8];

    private static CandidateSampler Sampler(Graph graph, CandidateDistribution distribution, int count, bool unique, double[]? counts = null) => distribution switch
    {
        CandidateDistribution.Uniform => CandidateSampler.Uniform(6, count, unique),
        CandidateDistribution.LogUniform => CandidateSampler.LogUniform(6, count, unique),
        _ => CandidateSampler.Unigram(graph.Constant(Tensor.From(counts ?? Counts)), count, unique),
    };

    private static long[] Draw(CandidateDistribution distribution, int count, bool unique, long step = 0, uint stream = 1, double[]? counts = null) =>
        Evaluate.Of(x => Sampler(x[0].Graph, distribution, count, unique, counts).Draw(x[0], seed: 4, stream).Classes, Counter(step)).ToArray<long>();

    private static double[] Probabilities(CandidateDistribution distribution) => distribution switch
    {
        CandidateDistribution.Uniform => [.. Enumerable.Repeat(1 / 6.0, 6)],
        CandidateDistribution.LogUniform => [.. Enumerable.Range(0, 6).Select(k => Math.Log((k + 2.0) / (k + 1)) / Math.Log(7))],
        _ => [.. Counts.Select(c => c / Counts.Sum())],
    };

    public static TheoryData<CandidateDistribution> Distributions => [.. Enum.GetValues<CandidateDistribution>()];

    [Theory, MemberData(nameof(Distributions))]
    public void Classes_come_as_often_as_their_probabilities_say(CandidateDistribution distribution)
    {
        const int draws = 60_000;
        var drawn = Draw(distribution, draws, unique: false);
        for (var k = 0; k < 6; k++) Assert.Equal(Probabilities(distribution)[k], drawn.Count(d => d == k) / (double)draws, 0.01);
        Assert.Equal(drawn, Draw(distribution, draws, unique: false));
        Assert.NotEqual(drawn, Draw(distribution, draws, unique: false, step: 1));
        Assert.NotEqual(drawn, Draw(distribution, draws, unique: false, stream: 2));
    }

    [Theory, MemberData(nameof(Distributions))]
    public void Unique_classes_are_different_and_come_as_often_as_expected(CandidateDistribution distribution)
    {
        const int steps = 3000, count = 2;
        var graph = new Graph();
        var counter = graph.Placeholder("counter", DType.Int64, []);
        var sampler = Sampler(graph, distribution, count, unique: true);
        var (classes, draws) = sampler.Draw(counter, 3, 5);
        var expected = sampler.ExpectedCounts(graph.Range(0, 6), draws, DType.Float64);
        using var session = new Session(graph, new SessionOptions { Threads = 1 });
        var step = session.Compile([counter], [classes, expected]);
        var (came, promised) = (new double[6], new double[6]);
        for (var i = 0L; i < steps; i++)
        {
            var results = step.Run(Tensor.Scalar(i));
            Assert.Equal(count, results[0].ToArray<long>().Distinct().Count());
            foreach (var k in results[0].ToArray<long>()) came[k]++;
            for (var k = 0; k < 6; k++) promised[k] += results[1].ToArray<double>()[k];
        }
        // Given the number of draws, 1 − (1 − q)^draws is only near the truth: the last draw was a new class.
        for (var k = 0; k < 6; k++) Assert.Equal(came[k] / steps, promised[k] / steps, 0.1);
    }

    [Fact]
    public void All_classes_can_be_drawn_and_those_without_count_never_are()
    {
        Assert.Equal([0, 1, 2, 3, 4, 5], Draw(CandidateDistribution.LogUniform, 6, unique: true).Order());
        Assert.Equal([0, 2, 3, 5], Draw(CandidateDistribution.Unigram, 4, unique: true).Order());
        Assert.Empty(Draw(CandidateDistribution.Uniform, 0, unique: true));
    }

    [Fact]
    public void Expected_counts_with_repetition_are_the_draws_times_the_probability()
    {
        foreach (var distribution in Enum.GetValues<CandidateDistribution>())
        {
            var expected = Evaluate.Of(x => Sampler(x[0].Graph, distribution, 7, unique: false).ExpectedCounts(x[1], x[0], DType.Float64), Counter(7), Integers([0, 2, 5, 5])).ToArray<double>();
            var q = Probabilities(distribution);
            Assert.Equal([7 * q[0], 7 * q[2], 7 * q[5], 7 * q[5]], expected, (a, b) => Math.Abs(a - b) < 1e-12);
        }
    }

    [Fact]
    public void What_cannot_be_drawn_is_said()
    {
        Assert.Contains("no 7 different classes among 6", Assert.Throws<ShapeException>(() => Draw(CandidateDistribution.Uniform, 7, unique: true)).Message, StringComparison.Ordinal);
        Assert.Contains("only 4 classes have a count above 0; 5 different", Assert.Throws<DunlinException>(() => Draw(CandidateDistribution.Unigram, 5, unique: true)).Message, StringComparison.Ordinal);
        Assert.Contains("the count -1 at position 2", Assert.Throws<DunlinException>(() => Draw(CandidateDistribution.Unigram, 1, true, counts: [1, 1, -1, 1, 1, 1])).Message, StringComparison.Ordinal);
        Assert.Contains("only 0 classes", Assert.Throws<DunlinException>(() => Draw(CandidateDistribution.Unigram, 1, false, counts: new double[6])).Message, StringComparison.Ordinal);
    }
}
