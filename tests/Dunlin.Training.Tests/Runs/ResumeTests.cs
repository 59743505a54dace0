namespace Dunlin.Training.RunTests;

public class ResumeTests
{
    /// <summary>Six steps an epoch: 1 stops within the first, 6 at its end, 13 within the third.</summary>
    [Theory, InlineData(1), InlineData(6), InlineData(13)]
    public void A_run_that_was_stopped_and_resumed_ends_with_the_bits_of_one_that_was_not(int steps)
    {
        var whole = new Trainer(SmallRun.Recipe(), SmallRun.Options()).Fit(SmallRun.Data.Train, SmallRun.Data.Test);
        using var directory = new TemporaryDirectory();
        var options = SmallRun.Options(directory.Path);
        var first = new Trainer(SmallRun.Recipe(), options with { MaxSteps = steps }).Fit(SmallRun.Data.Train, SmallRun.Data.Test);
        Assert.Equal(steps, first.Steps);
        var second = new Trainer(SmallRun.Recipe(), options with { Resume = true }).Fit(SmallRun.Data.Train, SmallRun.Data.Test);
        Assert.Equal(whole.Steps, second.Steps);
        SmallRun.AssertSame(whole.Weights, second.Weights);
        Assert.Equal(whole.Metrics["loss"], second.Metrics["loss"]);
    }

    [Fact]
    public void A_request_to_stop_finishes_the_step_and_leaves_a_checkpoint()
    {
        using var directory = new TemporaryDirectory();
        using var stop = new CancellationTokenSource();
        var observer = new StopAfter(4, stop);
        var result = new Trainer(SmallRun.Recipe(), SmallRun.Options(directory.Path) with { Observers = [observer] }).Fit(SmallRun.Data.Train, stop: stop.Token);
        Assert.Equal(EndReason.Stopped, result.Reason);
        Assert.Equal(5, result.Steps);
        Assert.EndsWith("step-00000005", result.LastCheckpoint, StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_checkpoint_is_passed_over_and_reported()
    {
        using var directory = new TemporaryDirectory();
        var options = SmallRun.Options(directory.Path);
        var last = new Trainer(SmallRun.Recipe(), options with { Epochs = 2 }).Fit(SmallRun.Data.Train).LastCheckpoint!;
        var file = Path.Combine(last, "model.safetensors");
        var bytes = File.ReadAllBytes(file);
        bytes[^1] ^= 1;
        File.WriteAllBytes(file, bytes);
        var observer = new Recorder();
        var result = new Trainer(SmallRun.Recipe(), options with { Resume = true, Observers = [observer] }).Fit(SmallRun.Data.Train);
        Assert.Contains("step-00000012", Assert.Single(observer.Warnings, w => w.Contains("Skipped", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.EndsWith("step-00000006", observer.Plan!.ResumedFrom, StringComparison.Ordinal);
        SmallRun.AssertSame(new Trainer(SmallRun.Recipe(), SmallRun.Options()).Fit(SmallRun.Data.Train).Weights, result.Weights);
    }

    [Fact]
    public void A_run_with_nothing_to_resume_says_that_it_begins_anew()
    {
        using var directory = new TemporaryDirectory();
        var observer = new Recorder();
        new Trainer(SmallRun.Recipe(), SmallRun.Options(directory.Path) with { MaxSteps = 1, Resume = true, Observers = [observer] }).Fit(SmallRun.Data.Train);
        Assert.Contains("begins anew", Assert.Single(observer.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void An_old_run_is_not_overwritten_by_accident()
    {
        using var directory = new TemporaryDirectory();
        var options = SmallRun.Options(directory.Path) with { MaxSteps = 2 };
        new Trainer(SmallRun.Recipe(), options).Fit(SmallRun.Data.Train);
        Assert.Contains("resume", Assert.Throws<DunlinException>(() => new Trainer(SmallRun.Recipe(), options).Fit(SmallRun.Data.Train)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_batch_size_is_refused_in_the_middle_of_an_epoch_and_taken_where_one_ends()
    {
        using var directory = new TemporaryDirectory();
        var options = SmallRun.Options(directory.Path);
        var other = options with { BatchSize = options.BatchSize / 2, Resume = true };
        new Trainer(SmallRun.Recipe(), options with { MaxSteps = 2 }).Fit(SmallRun.Data.Train);
        var message = Assert.Throws<DunlinException>(() => new Trainer(SmallRun.Recipe(), other).Fit(SmallRun.Data.Train)).Message;
        Assert.Contains($"in the middle of epoch 0, after 2 batches of {options.BatchSize} examples", message, StringComparison.Ordinal);
        Assert.Contains($"resume with a batch size of {options.BatchSize}", message, StringComparison.Ordinal);
        // Six steps of the old size end the epoch.
        new Trainer(SmallRun.Recipe(), options with { MaxSteps = 6, Resume = true }).Fit(SmallRun.Data.Train);
        Assert.Equal(8, new Trainer(SmallRun.Recipe(), other with { MaxSteps = 8 }).Fit(SmallRun.Data.Train).Steps);
    }

    [Fact]
    public void A_checkpoint_of_another_model_is_refused_by_the_name_of_the_tensor()
    {
        using var directory = new TemporaryDirectory();
        var options = SmallRun.Options(directory.Path) with { MaxSteps = 2 };
        new Trainer(SmallRun.Recipe(), options).Fit(SmallRun.Data.Train);
        var other = SmallRun.Recipe() with { Model = new Layers.Sequential(new Layers.Flatten(), new Layers.Linear(12)) };
        var message = Assert.Throws<DunlinException>(() => new Trainer(other, options with { Resume = true, MaxSteps = 4 }).Fit(SmallRun.Data.Train)).Message;
        Assert.Contains("linear/weight", message, StringComparison.Ordinal);
        Assert.Contains("[12, 784]", message, StringComparison.Ordinal);
    }

    private sealed class StopAfter(long step, CancellationTokenSource stop) : ITrainingObserver
    {
        public void Stepped(in StepReport report)
        {
            if (report.Step == step) stop.Cancel();
        }
    }
}

/// <summary>Remembers what it was told.</summary>
internal sealed class Recorder : ITrainingObserver
{
    public TrainingPlan? Plan { get; private set; }

    public List<string> Warnings { get; } = [];

    public List<string> Checkpoints { get; } = [];

    public List<EpochReport> Epochs { get; } = [];

    public void Started(TrainingPlan plan) => Plan = plan;

    public void Warned(string message) => Warnings.Add(message);

    public void CheckpointSaved(string directory, long step) => Checkpoints.Add(directory);

    public void EpochEnded(EpochReport report) => Epochs.Add(report);
}
