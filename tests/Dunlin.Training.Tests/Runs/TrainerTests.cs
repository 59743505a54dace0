using Dunlin.Tensors;
using Dunlin.Training.Data;
using Dunlin.Training.Layers;
using Dunlin.Training.Reports;
using static Dunlin.Graphs.Ops.Operations;
using NonFiniteException = Dunlin.Graphs.Ops.NonFiniteException;

namespace Dunlin.Training.RunTests;

public class TrainerTests
{
    [Fact]
    public void A_run_learns_and_leaves_metrics_curves_and_checkpoints()
    {
        using var directory = new TemporaryDirectory();
        var observer = new Recorder();
        var options = SmallRun.Options(directory.Path) with { Epochs = 12, Augmentations = [], Observers = [observer], KeepCheckpoints = 2 };
        var result = new Trainer(SmallRun.Recipe(), options).Fit(SmallRun.Data.Train, SmallRun.Data.Test);
        Assert.True(observer.Epochs[^1].Training["loss"] < observer.Epochs[0].Training["loss"] / 3);
        Assert.Equal(12, MetricsLog.Read(Path.Combine(directory.Path, "metrics.jsonl")).Count);
        Assert.Contains("</svg>", File.ReadAllText(Path.Combine(directory.Path, "curves.svg")), StringComparison.Ordinal);
        Assert.Equal(12, observer.Checkpoints.Count);
        Assert.InRange(Directory.GetDirectories(Path.Combine(directory.Path, "checkpoints"), "step-*").Length, 2, 3);
        Assert.NotNull(result.BestCheckpoint);
    }

    [Fact]
    public void A_trained_model_predicts_what_the_run_measured()
    {
        using var directory = new TemporaryDirectory();
        var result = new Trainer(SmallRun.Recipe(), SmallRun.Options(directory.Path)).Fit(SmallRun.Data.Train, SmallRun.Data.Test);
        using var predictor = new Predictor(SmallRun.Recipe().Model, SmallRun.Data.Test.Fields[0], new() { Threads = 1 });
        predictor.Load(directory.Path);
        var measured = predictor.Evaluate(SmallRun.Data.Test, Losses.SoftmaxCrossEntropy, [Metrics.Accuracy], batchSize: 7);
        Assert.Equal(result.Metrics["loss"], measured["loss"], 1e-5);
        Assert.Equal(result.Metrics["accuracy"], measured["accuracy"], 1e-6);
        Assert.Equal<Shape>([20, 10], predictor.Predict(SmallRun.Data.Test.ToBatch().Tensors[0]).Shape);
    }

    [Fact]
    public void A_class_is_the_place_of_the_largest_score()
    {
        using var predictor = new Predictor(new Lambda(x => x), new Dunlin.Training.Data.Field("x", new(DType.Float32, [3])), new() { Threads = 1 });
        Assert.Equal([2, 0, 1], predictor.Classify(Tensor.From([1f, 2, 3, 5, 5, -1, -3, -1, -2], [3, 3])));
        using var wide = new Predictor(new Lambda(x => x), new Dunlin.Training.Data.Field("x", new(DType.Float32, [3, 2])), new() { Threads = 1 });
        Assert.Contains("Classify", Assert.Throws<ShapeException>(() => wide.Classify(Tensor.Zeros(DType.Float32, [1, 3, 2]))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_epoch_is_printed_with_what_was_validated_or_else_trained()
    {
        using var output = new StringWriter();
        var printer = new EpochPrinter(output);
        Dictionary<string, double> trained = new() { ["loss"] = 0.5 }, validated = new() { ["loss"] = 0.4123, ["accuracy"] = 0.85714 };
        printer.EpochEnded(new EpochReport(0, 10, trained, validated, 12.06, 100, true));
        printer.EpochEnded(new EpochReport(1, 20, trained, new Dictionary<string, double>(), 1, 100, false));
        printer.Warned("the disk is full");
        Assert.Equal(["Epoch 1: loss 0.4123, accuracy 0.8571 (12.1 s)", "Epoch 2: loss 0.5000 (1.0 s)", "Warning: the disk is full"], output.ToString().Trim().Split(Environment.NewLine));
    }

    [Fact]
    public void Early_stopping_ends_a_run_that_gets_no_better()
    {
        var options = SmallRun.Options() with { Epochs = 50, EarlyStopPatience = 2 };
        var result = new Trainer(SmallRun.Recipe(rate: 0.0), options).Fit(SmallRun.Data.Train, SmallRun.Data.Test);
        Assert.Equal(EndReason.EarlyStop, result.Reason);
        Assert.True(result.Epochs.Count < 10);
    }

    [Fact]
    public void A_loss_that_is_not_finite_stops_the_run_with_step_and_operation_and_without_touching_the_weights()
    {
        using var directory = new TemporaryDirectory();
        var model = new Sequential(new Flatten(), new Linear(10) { Name = "head" }, new Lambda(x => (x * 1000).Exp()) { Name = "explode" });
        var recipe = new TrainingRecipe(model, Losses.Squared, Optimizers.Sgd(0.1));
        var ones = Tensor.From(Enumerable.Repeat(0.5f, 20 * 4).ToArray(), [20, 4]);
        var data = new InMemoryDataset(Column.Of("x", ones), Column.Of("y", Tensor.Zeros(DType.Float32, [20, 10])));
        var error = Assert.Throws<NonFiniteException>(() => new Trainer(recipe, SmallRun.Options(directory.Path) with { Augmentations = [] }).Fit(data));
        Assert.Contains("Step 1: In CheckFinite: the loss is", error.Message, StringComparison.Ordinal);
        Assert.Contains("explode", error.Message, StringComparison.Ordinal);
        Assert.Contains("Exp", error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetDirectories(Path.Combine(directory.Path, "checkpoints"), "step-*"));
    }

    [Fact]
    public void Data_that_are_not_finite_are_blamed_themselves()
    {
        var images = Tensor.Zeros(DType.Float32, [20, 4]);
        images.Span<float>()[5] = float.NaN;
        var data = new InMemoryDataset(Column.Of("x", images), Column.Of("y", Tensor.Zeros(DType.Float32, [20, 1])));
        var recipe = new TrainingRecipe(new Linear(1), Losses.Squared, Optimizers.Sgd(0.1));
        var error = Assert.Throws<NonFiniteException>(() => new Trainer(recipe, SmallRun.Options() with { Augmentations = [], BatchSize = 20 }).Fit(data));
        Assert.Contains("The data are not finite", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_disk_that_is_full_does_not_end_the_run()
    {
        using var directory = new TemporaryDirectory();
        var observer = new BreakDisk(directory.Path);
        var result = new Trainer(SmallRun.Recipe(), SmallRun.Options(directory.Path) with { Observers = [observer] }).Fit(SmallRun.Data.Train);
        Assert.Equal(EndReason.Completed, result.Reason);
        Assert.EndsWith("step-00000006", result.LastCheckpoint, StringComparison.Ordinal);
        Assert.Equal(2, observer.Warnings.Count(w => w.Contains("Training goes on", StringComparison.Ordinal) && w.Contains("step-00000006", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_model_that_does_not_fit_the_data_is_an_error_that_names_the_layer()
    {
        var recipe = SmallRun.Recipe() with { Model = new Sequential(new Flatten(), new Conv2d(4, 3) { Name = "stem" }) };
        var error = Assert.Throws<ShapeException>(() => new Trainer(recipe, SmallRun.Options()).Fit(SmallRun.Data.Train));
        Assert.Contains("stem", error.Message, StringComparison.Ordinal);
    }

    /// <summary>After the first checkpoint nothing more can be created beside it: a file stands where directories would go.</summary>
    private sealed class BreakDisk(string run) : ITrainingObserver
    {
        public List<string> Warnings { get; } = [];

        public void CheckpointSaved(string directory, long step)
        {
            // The store writes through a path that no longer is a directory, as on a disk that refuses.
            var checkpoints = Path.Combine(run, "checkpoints");
            Directory.Move(checkpoints, checkpoints + "-kept");
            File.WriteAllText(checkpoints, "");
        }

        public void Warned(string message) => Warnings.Add(message);
    }
}
