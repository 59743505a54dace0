namespace Dunlin.Communication.Tests;

public sealed class AllReduceCostTests
{
    [Theory]
    [InlineData(1e-6, 1e-10, 16_000_000)]
    [InlineData(50e-6, 1e-9, 28_000_000)]
    [InlineData(1e-3, 8e-9, 500_000_000)]
    public void The_best_bucket_costs_less_than_a_power_of_four_more_or_less(double latency, double perByte, long total)
    {
        var cost = new AllReduceCost(latency, perByte);
        var best = cost.BestBucket(total);
        Assert.True(StepCost(best) <= StepCost(best / 4) && StepCost(best) <= StepCost(best * 4), $"{best}: {StepCost(best / 4)} {StepCost(best)} {StepCost(best * 4)}");

        double StepCost(long bucket) => (double)total / bucket * latency + perByte * bucket;
    }

    [Theory]
    [InlineData(1e-9, 1e-9, 1_000, 64 << 10)]
    [InlineData(1, 1e-12, long.MaxValue / 2, 64 << 20)]
    [InlineData(1e-6, 1e-9, 0, 64 << 10)]
    public void It_stays_within_what_is_worth_a_thought(double latency, double perByte, long total, long expected) =>
        Assert.Equal(expected, new AllReduceCost(latency, perByte).BestBucket(total));

    [Fact]
    public void A_line_through_two_measurements_gives_both_back()
    {
        var cost = AllReduceCost.Through((4096, 3e-6), (1 << 20, 120e-6));
        Assert.Equal(3e-6, cost.Of(4096), 12);
        Assert.Equal(120e-6, cost.Of(1 << 20), 12);
        // Noise can make the long message the faster one.
        Assert.True(AllReduceCost.Through((4096, 3e-6), (1 << 20, 2e-6)) is { Latency: > 0, SecondsPerByte: > 0 });
    }

    [Fact]
    public void All_ranks_measure_the_same()
    {
        var costs = LocalRanks.Run(3, AllReduceCost.Measure);
        Assert.All(costs, cost => Assert.Equal(costs[0], cost));
        Assert.True(costs[0] is { Latency: > 0, SecondsPerByte: > 0 });
    }
}
