using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;
using Dunlin.Training.Checkpoints;
using Dunlin.Training.Data;

namespace Dunlin.Training.RunTests;

/// <summary>Training in mixed precision.</summary>
public class PrecisionTests
{
    private static TrainTest Data { get; } = GeneratedDigits.Create(400, 100, seed: 1);

    [Fact]
    public void A_run_learns_as_in_Float32()
    {
        var options = SmallRun.Options() with { Kernels = KernelSets.Default, Epochs = 4, BatchSize = 20 };
        var (expected, actual) = (Fit(options), Fit(options with { Precision = DType.BFloat16 }));
        foreach (var (wide, narrow) in expected.Epochs.Zip(actual.Epochs))
        {
            Assert.NotEqual(wide.Training["loss"], narrow.Training["loss"]);
            Assert.Equal(wide.Training["loss"], narrow.Training["loss"], 0.02 + 0.1 * wide.Training["loss"]);
        }
        Assert.Equal(expected.Metrics["accuracy"], actual.Metrics["accuracy"], 0.04);
    }

    [Fact]
    public void Weights_state_and_statistics_of_a_checkpoint_are_Float32_and_a_run_goes_on_from_it_bit_by_bit()
    {
        using var directory = new TemporaryDirectory();
        var options = SmallRun.Options(directory.Path) with { Precision = DType.BFloat16 };
        var whole = new Trainer(SmallRun.Recipe(), options with { RunDirectory = null }).Fit(SmallRun.Data.Train);
        new Trainer(SmallRun.Recipe(), options with { MaxSteps = 9 }).Fit(SmallRun.Data.Train);
        var checkpoint = new CheckpointStore(Path.Combine(directory.Path, "checkpoints"), new CheckpointOptions { ReadOnly = true }).LoadLatest()!;
        Assert.All(checkpoint.Load("model"), t => Assert.Equal(DType.Float32, t.Value.Type));
        Assert.All(checkpoint.Load("optimizer").Where(t => t.Value.Type.IsFloat()), t => Assert.Equal(DType.Float32, t.Value.Type));
        SmallRun.AssertSame(whole.Weights, new Trainer(SmallRun.Recipe(), options with { Resume = true }).Fit(SmallRun.Data.Train).Weights);
    }

    private static TrainingResult Fit(TrainerOptions options) => new Trainer(SmallRun.Recipe(), options).Fit(Data.Train, Data.Test);
}
