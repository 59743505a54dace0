using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using static Dunlin.Graphs.Tests.Ops.Numbers;

namespace Dunlin.Graphs.Tests.Ops.Sequences;

public class CrfTests
{
    private const int Steps = 5, Labels = 3;

    private static readonly Tensor Emissions = Between(-2, 2, 3, Steps, Labels);
    private static readonly Tensor Transitions = Between(-1.5, 1.5, Labels, Labels);
    private static readonly int[] Lengths = [5, 3, 1];

    /// <summary>Every sequence of the given length.</summary>
    private static IEnumerable<int[]> All(int length) => length == 0 ? [[]] : All(length - 1).SelectMany(_ => Enumerable.Range(0, Labels), (before, last) => (int[])[.. before, last]);

    private static double Score(int n, int[] y)
    {
        var (e, a) = (Emissions.ToArray<double>(), Transitions.ToArray<double>());
        return y.Select((label, t) => e[(n * Steps + t) * Labels + label] + (t > 0 ? a[y[t - 1] * Labels + label] : 0)).Sum();
    }

    [Theory, InlineData(1), InlineData(2)]
    public void The_log_partition_sums_over_every_sequence_of_labels(int threads)
    {
        var log = Evaluate.Of(x => x[0].CrfLogPartition(x[1], x[2]), threads, Emissions, Transitions, Integers(Lengths)).ToArray<double>();
        for (var n = 0; n < 3; n++) Assert.Equal(Math.Log(All(Lengths[n]).Sum(y => Math.Exp(Score(n, y)))), log[n], 1e-12);
    }

    [Fact]
    public void The_gradients_are_the_probabilities_of_labels_and_of_pairs()
    {
        Tensor Gradient(int of) => Evaluate.Of(x => Gradients.Of(x[0].CrfLogPartition(x[1], x[2]).Sum(), x[of])[0]!.Dense(), Emissions, Transitions, Integers(Lengths));
        var (labels, pairs) = (Gradient(0).ToArray<double>(), Gradient(1).ToArray<double>());
        var (expectedLabels, expectedPairs) = (new double[labels.Length], new double[pairs.Length]);
        for (var n = 0; n < 3; n++)
        {
            var all = All(Lengths[n]).ToList();
            var total = all.Sum(y => Math.Exp(Score(n, y)));
            foreach (var y in all)
                for (var t = 0; t < y.Length; t++)
                {
                    expectedLabels[(n * Steps + t) * Labels + y[t]] += Math.Exp(Score(n, y)) / total;
                    if (t > 0) expectedPairs[y[t - 1] * Labels + y[t]] += Math.Exp(Score(n, y)) / total;
                }
        }
        Assert.All(labels.Zip(expectedLabels), p => Assert.Equal(p.Second, p.First, 1e-12));
        Assert.All(pairs.Zip(expectedPairs), p => Assert.Equal(p.Second, p.First, 1e-12));
    }

    [Fact]
    public void Decoding_finds_the_best_of_every_sequence()
    {
        Tensor Decoded(Func<(Value Labels, Value Scores), Value> part) => Evaluate.Of(x => part(x[0].CrfDecode(x[1], x[2])), Emissions, Transitions, Integers(Lengths));
        var (labels, scores) = (Decoded(d => d.Labels).ToArray<long>(), Decoded(d => d.Scores).ToArray<double>());
        for (var n = 0; n < 3; n++)
        {
            var best = All(Lengths[n]).MaxBy(y => Score(n, y))!;
            Assert.Equal([.. best.Select(y => (long)y), .. Enumerable.Repeat(-1L, Steps - Lengths[n])], labels[(n * Steps)..((n + 1) * Steps)]);
            Assert.Equal(Score(n, best), scores[n], 1e-12);
        }
    }

    [Fact]
    public void The_score_of_labels_does_not_read_behind_the_end()
    {
        var labels = Integers([0, 2, 1, 1, 0, 2, 2, 0, -1, 77, 1, -1, -1, -1, -1], 3, Steps);
        var scores = Evaluate.Of(x => x[0].CrfScore(x[1], x[2], x[3]), Emissions, Transitions, labels, Integers(Lengths)).ToArray<double>();
        for (var n = 0; n < 3; n++) Assert.Equal(Score(n, labels.ToArray<int>()[(n * Steps)..(n * Steps + Lengths[n])]), scores[n], 1e-12);
    }

    [Fact]
    public void A_forbidden_transition_is_never_taken_and_gets_no_gradient()
    {
        var transitions = Tensor.From([0, double.NegativeInfinity, double.NegativeInfinity, 0.0], [2, 2]);
        var emissions = Tensor.From([1.0, 2, 3, 0, 0, 1], [1, 3, 2]);
        Assert.Equal(Math.Log(Math.Exp(4) + Math.Exp(3)), Evaluate.Of(x => x[0].CrfLogPartition(x[1], x[2]), emissions, transitions, Integers([3])).Item<double>(), 1e-12);
        var pairs = Evaluate.Of(x => Gradients.Of(x[0].CrfLogPartition(x[1], x[2]).Sum(), x[1])[0]!.Dense(), emissions, transitions, Integers([3])).ToArray<double>();
        var first = 1 / (1 + Math.Exp(-1));
        Assert.Equal([2 * first, 0, 0, 2 * (1 - first)], pairs, (a, b) => Math.Abs(a - b) < 1e-12);
    }

    [Theory, InlineData(DType.Float32, 1e-5), InlineData(DType.BFloat16, 0.05), InlineData(DType.Float16, 0.01)]
    public void Narrow_types_agree_with_double_precision(DType type, double tolerance)
    {
        double[] In(DType t, Func<IReadOnlyList<Value>, Value> function) => Evaluate.Of(x => function([x[0].Cast(t), x[1].Cast(t), x[2]]).Cast(DType.Float64), Emissions, Transitions, Integers(Lengths)).ToArray<double>();
        foreach (var function in new Func<IReadOnlyList<Value>, Value>[]
        {
            x => x[0].CrfLogPartition(x[1], x[2]), x => x[0].CrfDecode(x[1], x[2]).Scores,
            x => Gradients.Of(x[0].CrfLogPartition(x[1], x[2]).Sum(), x[0])[0]!.Dense(),
        })
            Assert.All(In(DType.Float64, function).Zip(In(type, function)), p => Assert.Equal(p.First, p.Second, tolerance * Math.Max(1, Math.Abs(p.First))));
    }

    [Fact]
    public void A_length_beyond_the_steps_and_shapes_that_do_not_fit_are_named()
    {
        var error = Assert.Throws<DunlinException>(() => Evaluate.Of(x => x[0].CrfLogPartition(x[1], x[2]), Emissions, Transitions, Integers([5, 6, 1])));
        Assert.Contains("the length 6 at position 1 is not within 0 to 5", error.Message, StringComparison.Ordinal);
        var shape = Assert.Throws<ShapeException>(() => Evaluate.Of(x => x[0].CrfDecode(x[1], x[2]).Labels, Emissions, Between(0, 1, 2, 2), Integers(Lengths)));
        Assert.Contains("Float64[3, 3]", shape.Message, StringComparison.Ordinal);
    }
}
