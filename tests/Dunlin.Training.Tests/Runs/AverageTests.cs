using Dunlin.Training.Checkpoints;

namespace Dunlin.Training.RunTests;

public class AverageTests
{
    private static TrainingRecipe Averaged { get; } = SmallRun.Recipe() with { Optimizer = Optimizers.Adam(0.01).Then(new AverageWeights(0.9)) };

    [Fact]
    public void A_run_with_averages_hands_them_out_validates_with_them_and_learns_as_without()
    {
        using var directory = new TemporaryDirectory();
        var plain = new Trainer(SmallRun.Recipe(), SmallRun.Options()).Fit(SmallRun.Data.Train, SmallRun.Data.Test);
        var averaged = new Trainer(Averaged, SmallRun.Options(directory.Path)).Fit(SmallRun.Data.Train, SmallRun.Data.Test);
        Assert.Equal(plain.Epochs.Select(e => e.Training["loss"]), averaged.Epochs.Select(e => e.Training["loss"]));
        Assert.NotEqual(plain.Metrics["loss"], averaged.Metrics["loss"]);
        Assert.Equal(plain.Weights.Keys.Order(), averaged.Weights.Keys.Order());
        using var predictor = new Predictor(Averaged.Model, SmallRun.Data.Test.Fields[0], new() { Threads = 1, Kernels = Tensors.Kernels.KernelSets.Managed });
        predictor.Load(directory.Path);
        Assert.Equal(averaged.Metrics["loss"], predictor.Evaluate(SmallRun.Data.Test, Averaged.Loss, [])["loss"], 1e-5);
        // Behind the averages stand the weights that a run without them has.
        var state = CheckpointStore.Open(averaged.LastCheckpoint!).Load("optimizer");
        foreach (var (name, tensor) in state.Where(s => s.Key.StartsWith("optimizer/weights/", StringComparison.Ordinal)))
            Assert.True(tensor.RawBytes.SequenceEqual(plain.Weights[name["optimizer/weights/".Length..]].RawBytes), name);
        Assert.Contains(state.Keys, k => k.StartsWith("optimizer/weights/", StringComparison.Ordinal));
    }

    [Fact]
    public void A_resumed_run_with_averages_ends_with_the_bits_of_one_that_was_not_stopped()
    {
        using var directory = new TemporaryDirectory();
        var options = SmallRun.Options(directory.Path);
        var whole = new Trainer(Averaged, SmallRun.Options()).Fit(SmallRun.Data.Train, SmallRun.Data.Test);
        new Trainer(Averaged, options with { MaxSteps = 8 }).Fit(SmallRun.Data.Train, SmallRun.Data.Test);
        var second = new Trainer(Averaged, options with { Resume = true }).Fit(SmallRun.Data.Train, SmallRun.Data.Test);
        SmallRun.AssertSame(whole.Weights, second.Weights);
        Assert.Equal(whole.Metrics["loss"], second.Metrics["loss"]);
    }
}
