using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;
using Dunlin.Training;
using Dunlin.Training.Data;
using Dunlin.Training.Layers;

namespace Dunlin.Strategies.Tests;

public class DataParallelTests
{
    public static TheoryData<int, string> Runs => new()
    {
        { 2, "managed" }, { 3, "managed" }, { 4, "managed" }, { 2, "onednn" },
    };

    /// <summary>27 examples in batches of 10: the last batch of 7 is uneven for every number of workers.</summary>
    [Theory, MemberData(nameof(Runs))]
    public void Workers_compute_the_update_of_one_worker_on_the_joined_batch(int workers, string kernels)
    {
        var alone = Train(new SingleWorker(), 27, kernels);
        var together = Train(new DataParallel(workers, new() { BucketBytes = 4096 }), 27, kernels);
        TestRuns.AssertClose(alone.Weights, together.Weights, 2e-5);
        Assert.Equal(alone.Metrics["loss"], together.Metrics["loss"], 1e-4);
    }

    /// <summary>What is rounded to 16 bits depends on how examples are shared out only as far as sums in Float32 do: an element may round the other way.</summary>
    [Theory, InlineData("managed"), InlineData("onednn")]
    public void Workers_in_mixed_precision_compute_the_update_of_one_worker(string kernels) => TestRuns.AssertClose(
        Train(new SingleWorker(), 27, kernels, DType.BFloat16).Weights, Train(new DataParallel(2, new() { BucketBytes = 4096 }), 27, kernels, DType.BFloat16).Weights, 5e-3);

    /// <summary>11 examples in batches of 10: of the last batch, three of the four workers get nothing.</summary>
    [Fact]
    public void A_worker_whose_share_is_empty_does_not_disturb_the_others() =>
        TestRuns.AssertClose(Train(new SingleWorker(), 11, "managed").Weights, Train(new DataParallel(4), 11, "managed").Weights, 2e-5);

    [Fact]
    public void A_run_is_repeatable_bit_for_bit()
    {
        var first = Train(new DataParallel(3), 27, "managed").Weights;
        var second = Train(new DataParallel(3), 27, "managed").Weights;
        foreach (var (name, tensor) in first) Assert.True(tensor.RawBytes.SequenceEqual(second[name].RawBytes), name);
    }

    [Fact]
    public void A_worker_that_fails_ends_the_run_with_its_error()
    {
        var error = Assert.ThrowsAny<DunlinException>(() => new DataParallel(3).Run(worker =>
        {
            if (worker.Rank == 1) throw new DunlinException("the disk is on fire");
            worker.Communicator.StartBarrier().Wait();
        }));
        Assert.Contains("Rank 1", error.Message, StringComparison.Ordinal);
        Assert.Contains("the disk is on fire", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_worker_alone_fails_with_its_own_error() =>
        Assert.Equal("no luck", Assert.Throws<DunlinException>(() => new DataParallel(1).Run(_ => throw new DunlinException("no luck"))).Message);

    private static TrainingResult Train(ITrainingStrategy strategy, int examples, string kernels, DType precision = DType.Float32)
    {
        var model = new Sequential(new Conv2d(4, 3, padding: 1), new Relu(), new MaxPool2d(2), new Flatten(), new Linear(16), new Tanh(), new Linear(10));
        var recipe = new TrainingRecipe(model, Losses.SoftmaxCrossEntropy, Optimizers.Momentum(0.05, 0.9), Metrics.Accuracy);
        var data = GeneratedDigits.Create(examples, 10, seed: 3);
        var options = new TrainerOptions { Epochs = 3, BatchSize = 10, Seed = 5, Strategy = strategy, Kernels = KernelSets.Resolve(kernels), Precision = precision, ThreadsPerWorker = 1 };
        return new Trainer(recipe, options).Fit(data.Train, data.Test);
    }
}
