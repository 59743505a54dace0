using System.Diagnostics;
using Dunlin.Tensors.Kernels;
using Dunlin.Training;
using Dunlin.Training.Checkpoints;
using Dunlin.Training.Data;
using Dunlin.Training.Layers;

namespace Dunlin.Strategies.Tests;

/// <summary>
/// A run that is killed with SIGKILL again and again, at any moment, and resumed each time ends with the bits of a run that was not.
/// The killed runs are this assembly, started as a program.
/// </summary>
public class KillAndResumeTests
{
    internal const string Verb = "train-until-killed";

    [Theory, InlineData(1, ShardingStage.None), InlineData(2, ShardingStage.None), InlineData(2, ShardingStage.OptimizerState), InlineData(3, ShardingStage.Parameters)]
    public async Task A_killed_and_resumed_run_ends_with_the_bits_of_an_uninterrupted_one(int workers, ShardingStage sharding)
    {
        var directory = Directory.CreateTempSubdirectory("dunlin-").FullName;
        try
        {
            var expected = Train(workers, ShardingStage.None, null).Weights;
            var random = new Random(workers);
            var kills = 0;
            for (var attempt = 0; attempt < 40; attempt++)
            {
                using var process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, ["exec", TestProgram.Path, Verb, directory, $"{workers}", $"{sharding}"])
                {
                    RedirectStandardOutput = true,
                })!;
                async Task<string?> NextLine() => await process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(60));
                Assert.Equal("started", await NextLine());
                if (kills < 6)
                {
                    // However slow the machine is, two of three runs are killed after checkpoints of their own; no line is left where the run has ended.
                    for (var saved = 0; saved < kills % 3; saved++) Assert.Contains(await NextLine(), (string?[])["saved", null]);
                    await Task.Delay(random.Next(20, 400));
                    process.Kill();
                    await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
                    kills++;
                    continue;
                }
                await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(120));
                Assert.Equal(0, process.ExitCode);
                break;
            }
            var last = new CheckpointStore(Path.Combine(directory, "checkpoints"), new() { ReadOnly = true }).LoadLatest()!;
            Assert.Equal(150, last.State.Step);
            var actual = last.Load("model");
            Assert.Equal(expected.Keys.Order(), actual.Keys.Order());
            foreach (var (name, tensor) in expected) Assert.True(tensor.RawBytes.SequenceEqual(actual[name].RawBytes), $"{name} differs after {kills} kills");
        }
        finally { Directory.Delete(directory, recursive: true); }
    }

    /// <summary>The killed program.</summary>
    internal static int Run(string[] arguments)
    {
        if (arguments is not [var directory, var workers, var sharding]) return 2;
        Train(int.Parse(workers), Enum.Parse<ShardingStage>(sharding), directory);
        return 0;
    }

    /// <summary>50 epochs of 3 steps, a checkpoint after each.</summary>
    private static TrainingResult Train(int workers, ShardingStage sharding, string? directory)
    {
        var model = new Sequential(new Conv2d(4, 3, padding: 1), new Relu(), new MaxPool2d(2), new Flatten(), new Dropout(0.2), new Linear(10));
        var recipe = new TrainingRecipe(model, Losses.SoftmaxCrossEntropy, Optimizers.Adam(0.003), Metrics.Accuracy);
        var options = new TrainerOptions
        {
            Epochs = 50,
            BatchSize = 10,
            Seed = 11,
            Strategy = new DataParallel(workers, new() { Sharding = sharding }),
            Kernels = KernelSets.Managed,
            ThreadsPerWorker = 1,
            RunDirectory = directory,
            CheckpointEvery = 1,
            Resume = true,
            Augmentations = [Augmentation.RandomShift("image", 2)],
            Observers = directory is null ? [] : [new Announcer()],
        };
        return new Trainer(recipe, options).Fit(GeneratedDigits.Create(27, 1, seed: 2).Train);
    }

    private sealed class Announcer : ITrainingObserver
    {
        public void Started(TrainingPlan plan) => Console.WriteLine("started");

        public void CheckpointSaved(string directory, long step) => Console.WriteLine("saved");
    }
}
