using Dunlin.Tensors;

namespace Dunlin.Strategies.Tests;

/// <summary>Whatever is exchanged how: over 100 steps, ranks that are threads learn what one rank does on the joined batch. Mistakes would be seen, wherever the ranks are.</summary>
public class SameAnswerTests
{
    public static TheoryData<string, int> Runs => TrainingCase.WithRanks;

    [Theory, MemberData(nameof(Runs))]
    public void Threads_train_as_one_on_the_joined_batch(string name, int ranks) => AssertSame(Answers.Alone(TrainingCase.Of(name), ranks), Answers.Threads(TrainingCase.Of(name), ranks));

    /// <summary>Of all that is summed in a bucket, one element of one rank.</summary>
    [Theory, MemberData(nameof(Runs))]
    public void A_term_that_is_missed_is_seen(string name, int ranks)
    {
        var one = TrainingCase.Of(name);
        AssertOther(one, ranks, one.Train(ranks, change: inner => Mistakes.MissATerm(inner, one.Options.Sharding)));
    }

    /// <summary>Gradients that are means over shares, of which one has an example more than another, are not to be averaged.</summary>
    [Theory, InlineData(2), InlineData(3), InlineData(4)]
    public void A_mean_of_means_is_seen(int ranks)
    {
        var one = TrainingCase.Of("plain");
        AssertOther(one, ranks, one.Train(ranks, change: Mistakes.WeighSharesEqually));
    }

    [Theory, InlineData("statistics of all", 2), InlineData("statistics of all", 3), InlineData("statistics of all", 4), InlineData("statistics of all, 2 micro-batches", 2)]
    public void Statistics_of_ones_own_share_are_seen(string name, int ranks)
    {
        var one = TrainingCase.Of(name);
        AssertOther(one, ranks, one.Train(ranks, sync: false));
    }

    /// <summary>The weights differ by no more than sums in another order, and are not the same bits: whoever finds these has not divided the work.</summary>
    internal static void AssertSame(IReadOnlyDictionary<string, Tensor> alone, IReadOnlyDictionary<string, Tensor> together)
    {
        TestRuns.AssertClose(alone, together, TrainingCase.Tolerance);
        Assert.Contains(alone, w => !w.Value.RawBytes.SequenceEqual(together[w.Key].RawBytes));
    }

    private static void AssertOther(TrainingCase one, int ranks, IReadOnlyDictionary<string, Tensor> mistaken)
    {
        var difference = TestRuns.Difference(Answers.Alone(one, ranks), mistaken);
        Assert.True(difference > 1000 * TrainingCase.Tolerance, $"The mistake changes the weights by {difference} only.");
    }
}
