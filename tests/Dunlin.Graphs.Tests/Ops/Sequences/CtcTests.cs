using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using static Dunlin.Graphs.Tests.Ops.Numbers;

namespace Dunlin.Graphs.Tests.Ops.Sequences;

public class CtcTests
{
    private const int Steps = 5, Classes = 3;

    private static readonly Tensor Logits = Between(-2, 2, 2, Steps, Classes);

    private static double[] LogProbabilities => Evaluate.Of(x => x[0].LogSoftmax(), Logits).ToArray<double>();

    /// <summary>For every label sequence of the first steps of an example, its probability: the sum over all paths.</summary>
    private static Dictionary<string, double> Enumerated(int n, int steps)
    {
        var x = LogProbabilities;
        var result = new Dictionary<string, double>();
        for (var path = 0; path < Math.Pow(Classes, steps); path++)
        {
            int[] classes = [.. Enumerable.Range(0, steps).Select(t => path / (int)Math.Pow(Classes, t) % Classes)];
            var labels = string.Concat(classes.Where((c, t) => c != 0 && (t == 0 || classes[t - 1] != c)));
            result[labels] = result.GetValueOrDefault(labels) + Math.Exp(classes.Select((c, t) => x[(n * Steps + t) * Classes + c]).Sum());
        }
        return result;
    }

    private static double[] Loss(int[] labels, int[] lengths, int[] steps, bool zeroInfinity = false, int threads = 1) => Evaluate.Of(
        x => x[0].CtcLoss(x[1], x[2], x[3], zeroInfinity: zeroInfinity), threads, Logits, Integers(labels, 2, labels.Length / 2), Integers(steps), Integers(lengths)).ToArray<double>();

    [Theory]
    [InlineData(new[] { 1, 2, 1, 1, 2, 2 }, new[] { 3, 2 }, new[] { 5, 4 }), InlineData(new[] { 1, 1, 2, 0, 0, 0 }, new[] { 3, 0 }, new[] { 5, 3 })]
    [InlineData(new[] { 2, 9, 9, 1, -1, -1 }, new[] { 1, 1 }, new[] { 1, 5 })]
    public void The_loss_is_the_probability_of_every_path_that_spells_the_labels(int[] labels, int[] lengths, int[] steps)
    {
        var loss = Loss(labels, lengths, steps, threads: 2);
        for (var n = 0; n < 2; n++)
            Assert.Equal(-Math.Log(Enumerated(n, steps[n])[string.Concat(labels[(n * 3)..(n * 3 + lengths[n])])]), loss[n], 1e-12);
    }

    [Fact]
    public void Labels_that_do_not_fit_have_an_infinite_loss_or_none()
    {
        // Two equal labels need three steps.
        Assert.Equal([double.PositiveInfinity, double.PositiveInfinity], Loss([1, 1, 2, 1], [2, 1], [2, 0]));
        Assert.Equal([0, 0], Loss([1, 1, 2, 1], [2, 1], [2, 0], zeroInfinity: true));
        Assert.True(double.IsFinite(Loss([1, 1, 2, 1], [2, 1], [3, 1])[0]));
        var gradient = Evaluate.Of(x => Gradients.Of(x[0].CtcLoss(x[1], x[2], x[3]).Sum(), x[0])[0]!.Dense(), Logits, Integers([1, 1, 2, 1], 2, 2), Integers([2, 5]), Integers([2, 2])).ToArray<double>();
        Assert.All(gradient[..(Steps * Classes)], d => Assert.Equal(0, d));
        Assert.Contains(gradient[(Steps * Classes)..], d => d != 0);
    }

    [Theory, InlineData(DType.Float32, 1e-5), InlineData(DType.BFloat16, 0.05), InlineData(DType.Float16, 0.01)]
    public void Narrow_types_agree_with_double_precision(DType type, double tolerance)
    {
        double[] In(DType t, bool gradient) => Evaluate.Of(x =>
        {
            var logits = x[0].Cast(t);
            var loss = logits.CtcLoss(x[1], x[2], x[3]);
            return (gradient ? Gradients.Of(loss.Sum(), logits)[0]!.Dense() : loss).Cast(DType.Float64);
        }, Logits, Integers([1, 2, 1, 1], 2, 2), Integers([5, 4]), Integers([2, 2])).ToArray<double>();
        foreach (var gradient in new[] { false, true })
            Assert.All(In(DType.Float64, gradient).Zip(In(type, gradient)), p => Assert.Equal(p.First, p.Second, tolerance * Math.Max(1, Math.Abs(p.First))));
    }

    [Fact]
    public void A_wide_beam_finds_every_sequence_in_order_of_its_probability()
    {
        int[] lengths = [4, 5];
        const int paths = 6;
        Tensor Decoded(Func<(Value Labels, Value Lengths, Value Log), Value> part) =>
            Evaluate.Of(x => part(x[0].LogSoftmax().CtcBeamDecode(x[1], width: 200, paths)), 2, Logits, Integers(lengths));
        var (labels, counts, logs) = (Decoded(d => d.Labels).ToArray<long>(), Decoded(d => d.Lengths).ToArray<long>(), Decoded(d => d.Log).ToArray<double>());
        for (var n = 0; n < 2; n++)
        {
            var best = Enumerated(n, lengths[n]).OrderByDescending(p => p.Value).Take(paths).ToArray();
            for (var p = 0; p < paths; p++)
            {
                var row = labels[((n * paths + p) * Steps)..((n * paths + p + 1) * Steps)];
                Assert.Equal(best[p].Key, string.Concat(row[..(int)counts[n * paths + p]]));
                Assert.All(row[(int)counts[n * paths + p]..], l => Assert.Equal(-1, l));
                Assert.Equal(Math.Log(best[p].Value), logs[n * paths + p], 1e-12);
            }
        }
    }

    [Theory, InlineData(1), InlineData(2), InlineData(4), InlineData(9)]
    public void A_narrow_beam_never_claims_more_than_a_sequence_has(int width)
    {
        var x = Between(-3, 3, 1, 30, 6);
        Tensor Decoded(Func<(Value Labels, Value Lengths, Value Log), Value> part) => Evaluate.Of(v => part(v[0].LogSoftmax().CtcBeamDecode(v[1], width)), x, Integers([30]));
        var (labels, count, log) = (Decoded(d => d.Labels), (int)Decoded(d => d.Lengths).Item<long>(), Decoded(d => d.Log).Item<double>());
        var exact = -Evaluate.Of(v => v[0].CtcLoss(v[1], v[2], v[3]), x, labels.Reshape([1, 30]), Integers([30]), Integers([count])).Item<double>();
        Assert.True(log <= exact + 1e-12, $"{log} against {exact}");
    }

    [Fact]
    public void Where_there_are_fewer_sequences_than_paths_the_rest_are_impossible()
    {
        var logs = Evaluate.Of(x => x[0].LogSoftmax().CtcBeamDecode(x[1], width: 9, paths: 4).LogProbabilities, Between(0, 1, 2, 1, 3), Integers([1, 0])).ToArray<double>();
        Assert.Equal([false, false, false, true, false, true, true, true], logs.Select(double.IsNegativeInfinity));
        Assert.Equal(0, logs[4]);
    }

    [Fact]
    public void Greedy_decoding_merges_repetitions_and_drops_blanks()
    {
        int[] path = [1, 1, 0, 1, 2, 2, 0, 0, 2, 2];
        var scores = Tensor.From([.. path.SelectMany(c => Enumerable.Range(0, 3).Select(k => k == c ? 0.5f : 0))], [1, path.Length, 3]);
        Tensor Decoded(Func<(Value Labels, Value Lengths, Value Scores), Value> part, int length) => Evaluate.Of(x => part(x[0].CtcGreedyDecode(x[1])), scores, Integers([length]));
        Assert.Equal([1L, 1, 2, 2, -1, -1, -1, -1, -1, -1], Decoded(d => d.Labels, 10).ToArray<long>());
        Assert.Equal([1L, 1, -1, -1, -1, -1, -1, -1, -1, -1], Decoded(d => d.Labels, 4).ToArray<long>());
        Assert.Equal(4, Decoded(d => d.Lengths, 10).Item<long>());
        Assert.Equal(5, Decoded(d => d.Scores, 10).Item<float>());
    }

    [Fact]
    public void Bad_labels_and_lengths_are_named()
    {
        string Message(int[] labels, int[] lengths, int[] steps) => Assert.Throws<DunlinException>(() => Loss(labels, lengths, steps)).Message;
        Assert.Contains("the label 3 at position 1 is not within 0 to 2", Message([1, 3, 1, 1], [2, 2], [5, 5]), StringComparison.Ordinal);
        Assert.Contains("the label 0 at position 2 is the blank", Message([1, 2, 0, 1], [2, 1], [5, 5]), StringComparison.Ordinal);
        Assert.Contains("the input length 6 at position 0", Message([1, 2, 2, 1], [2, 1], [6, 5]), StringComparison.Ordinal);
        Assert.Contains("the label length 3 at position 1", Message([1, 2, 2, 1], [2, 3], [5, 5]), StringComparison.Ordinal);
        Assert.Contains("the blank 7", Assert.Throws<ShapeException>(() => Evaluate.Of(x => x[0].CtcGreedyDecode(x[1], blank: 7).Labels, Logits, Integers([1, 1]))).Message, StringComparison.Ordinal);
        Assert.Contains("width 2", Assert.Throws<ShapeException>(() => Evaluate.Of(x => x[0].CtcBeamDecode(x[1], width: 2, paths: 3).Labels, Logits, Integers([1, 1]))).Message, StringComparison.Ordinal);
    }
}
