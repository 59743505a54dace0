using Dunlin.Training;
using Dunlin.Training.Data;
using Dunlin.Training.Layers;

namespace Dunlin.Strategies.Tests;

/// <summary>Workers that share the update compute what one worker does, whatever each holds only a piece of.</summary>
public class ShardingTests
{
    /// <summary>Without sharding: of no strategy, then of so many workers.</summary>
    private static readonly Lazy<TrainingResult>[] Whole = [.. Enumerable.Range(0, 5).Select(n => new Lazy<TrainingResult>(() => Train(n == 0 ? new SingleWorker() : Of(n, ShardingStage.None), 27)))];

    public static TheoryData<ShardingStage, int> Runs
    {
        get
        {
            var runs = new TheoryData<ShardingStage, int>();
            foreach (var sharding in new[] { ShardingStage.OptimizerState, ShardingStage.Gradients, ShardingStage.Parameters })
                for (var workers = 1; workers <= 4; workers++) runs.Add(sharding, workers);
            return runs;
        }
    }

    /// <summary>102 steps. 27 examples in batches of 10: the last batch of 7 is uneven for every number of workers. The sums are formed in the same order, so pieces have the bits of the whole.</summary>
    [Theory, MemberData(nameof(Runs))]
    public void Workers_compute_the_update_of_one_worker_on_the_joined_batch(ShardingStage sharding, int workers)
    {
        var together = Train(Of(workers, sharding), 27);
        TestRuns.AssertClose(Whole[0].Value.Weights, together.Weights, 2e-4);
        Assert.Equal(Whole[0].Value.Metrics["loss"], together.Metrics["loss"], 1e-3);
        TestRuns.AssertEqual(Whole[workers].Value.Weights, together.Weights);
    }

    /// <summary>Collectives that are waited for where they start: they bring the same.</summary>
    [Theory, InlineData(ShardingStage.OptimizerState), InlineData(ShardingStage.Gradients), InlineData(ShardingStage.Parameters)]
    public void Overlapping_communication_with_computation_changes_no_bit(ShardingStage sharding) =>
        TestRuns.AssertEqual(Whole[3].Value.Weights, Train(new CountingStrategy(Of(3, sharding), waits: true), 27).Weights);

    /// <summary>11 examples in batches of 10: of the last batch, three of the four workers get nothing.</summary>
    [Theory, InlineData(ShardingStage.OptimizerState), InlineData(ShardingStage.Gradients), InlineData(ShardingStage.Parameters)]
    public void A_worker_whose_share_is_empty_does_not_disturb_the_others(ShardingStage sharding) =>
        TestRuns.AssertEqual(Train(Of(4, ShardingStage.None), 11).Weights, Train(Of(4, sharding), 11).Weights);

    private static DataParallel Of(int workers, ShardingStage sharding) => new(workers, new() { BucketBytes = 4096, Sharding = sharding });

    private static TrainingResult Train(ITrainingStrategy strategy, int examples)
    {
        var model = new Sequential(new Conv2d(4, 3, padding: 1), new Relu(), new MaxPool2d(2), new Flatten(), new Linear(16), new Tanh(), new Linear(10));
        var recipe = new TrainingRecipe(model, Losses.SoftmaxCrossEntropy, Optimizers.AdamW(0.002), Metrics.Accuracy);
        var data = GeneratedDigits.Create(examples, 13, seed: 3);
        return new Trainer(recipe, TestRuns.Options(strategy, epochs: 34)).Fit(data.Train, data.Test);
    }
}
