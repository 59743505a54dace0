using System.Text.Json;
using Dunlin.Communication;
using Dunlin.Tensors;
using Dunlin.Training;
using Dunlin.Training.Checkpoints;
using Dunlin.Training.Data;
using Dunlin.Training.Layers;

namespace Dunlin.Strategies.Tests;

/// <summary>Checkpoints that workers write together: what they hold does not depend on who wrote them, and whoever fails lets nobody wait.</summary>
public sealed class ShardedCheckpointTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("dunlin-").FullName;

    public static TheoryData<ShardingStage, ShardingStage> Pairs => new()
    {
        { ShardingStage.None, ShardingStage.Parameters },
        { ShardingStage.Parameters, ShardingStage.None },
        { ShardingStage.Parameters, ShardingStage.Parameters },
        { ShardingStage.OptimizerState, ShardingStage.Gradients },
    };

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    /// <summary>Four steps, a checkpoint, and three more by 1 to 4 workers each: with as many as before the bits of a run that was not interrupted, else the numbers of one worker.</summary>
    [Theory, MemberData(nameof(Pairs))]
    public void A_run_goes_on_with_other_workers_and_another_sharding(ShardingStage before, ShardingStage after)
    {
        var alone = Train(new SingleWorker(), 7).Weights;
        for (var first = 1; first <= 4; first++)
        {
            var uninterrupted = Train(Of(first, ShardingStage.None), 7).Weights;
            var saved = Path.Combine(_directory, $"{first}");
            Train(Of(first, before), 4, saved);
            for (var then = 1; then <= 4; then++)
            {
                var run = Path.Combine(_directory, $"{first}-{then}");
                CopyTo(saved, run);
                var resumed = Train(Of(then, after), 7, run).Weights;
                TestRuns.AssertClose(alone, resumed, 2e-5);
                if (then == first) TestRuns.AssertEqual(uninterrupted, resumed);
            }
        }
    }

    [Theory, InlineData(ShardingStage.OptimizerState), InlineData(ShardingStage.Parameters)]
    public void Files_are_those_of_other_libraries_and_every_reader_takes_them(ShardingStage sharding)
    {
        var result = Train(Of(3, sharding), 4, _directory, Optimizers.Adam(0.01).Then(new AverageWeights()));
        var checkpoint = CheckpointStore.Open(result.LastCheckpoint!);
        string[] parts = [.. Enumerable.Range(1, 3).Select(i => $"-0000{i}-of-00003.safetensors"), ".safetensors.index.json"];
        Assert.Equal(["manifest.json", .. parts.Select(p => "model" + p), .. parts.Select(p => "optimizer" + p), "state.json"], Directory.GetFiles(checkpoint.Directory).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        using var index = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(checkpoint.Directory, "model.safetensors.index.json")));
        Assert.Equal(result.Weights.Sum(w => w.Value.Bytes), index.RootElement.GetProperty("metadata").GetProperty("total_size").GetInt64());
        foreach (var (name, tensor) in result.Weights)
        {
            var file = Path.Combine(checkpoint.Directory, index.RootElement.GetProperty("weight_map").GetProperty(name).GetString()!);
            Assert.True(Safetensors.Load(file)[name].RawBytes.SequenceEqual(tensor.RawBytes));
        }
        TestRuns.AssertEqual(result.Weights, checkpoint.Load("model"));
        Assert.Equal(5 * 7, checkpoint.Load("optimizer")["optimizer/moment1/linear/weight"].ElementCount);
        var inputs = Tensor.From([1f, 2, 3, 4, 5, 6, 7], [1, 7]);
        var predictions = new[] { _directory, checkpoint.Directory, Path.Combine(checkpoint.Directory, "model.safetensors.index.json") }.Select(path =>
        {
            using var predictor = new Predictor(Model, Data.Fields[0]);
            predictor.Load(path);
            return predictor.Predict(inputs).ToArray<float>();
        }).ToList();
        using var known = new Predictor(Model, Data, result.Weights);
        Assert.All(predictions, p => Assert.Equal(known.Predict(inputs).ToArray<float>(), p));
    }

    /// <summary>What every worker has whole anyway is one file, as without sharding.</summary>
    [Fact]
    public void A_model_that_is_not_cut_is_one_file()
    {
        var checkpoint = Train(Of(3, ShardingStage.Gradients), 4, _directory).LastCheckpoint!;
        Assert.Equal(["model.safetensors"], Directory.GetFiles(checkpoint, "model*").Select(Path.GetFileName));
    }

    [Fact]
    public void A_part_that_is_damaged_or_missing_is_noticed()
    {
        var checkpoint = Train(Of(2, ShardingStage.Parameters), 4, _directory).LastCheckpoint!;
        var part = Path.Combine(checkpoint, "model-00002-of-00002.safetensors");
        var bytes = File.ReadAllBytes(part);
        bytes[^1] ^= 1;
        File.WriteAllBytes(part, bytes);
        using var predictor = new Predictor(Model, Data.Fields[0]);
        Assert.Contains("model-00002-of-00002", Assert.Throws<CheckpointException>(() => predictor.Load(Path.Combine(checkpoint, "model.safetensors.index.json"))).Message, StringComparison.Ordinal);
        File.Delete(part);
        Assert.Contains("model-00002-of-00002", Assert.Throws<CheckpointException>(() => CheckpointStore.Open(checkpoint)).Message, StringComparison.Ordinal);
    }

    /// <summary>A disk that is full for one worker, at its first file or at its second; or for worker 0 when it writes the manifest.</summary>
    [Theory, InlineData(1, 1, "Worker 1: "), InlineData(2, 2, "Worker 2: "), InlineData(0, 1, ""), InlineData(0, 6, "")]
    public void A_worker_that_cannot_write_is_known_to_all_and_nothing_is_left(int rank, int file, string who)
    {
        var tensors = Enumerable.Range(0, 6).Select(i => ($"t{i}", 40L)).ToList();
        var errors = LocalRanks.Run(3, communicator =>
        {
            var full = false;
            var count = 0;
            var store = new CheckpointStore(_directory, new() { ReadOnly = communicator.Rank != 0 })
            {
                CreateFile = path => full && communicator.Rank == rank && ++count == file ? throw new IOException("No space left on device") : new FileStream(path, FileMode.CreateNew, FileAccess.Write),
            };
            var groups = new[] { "model", "optimizer" }.ToDictionary(g => g, g => new Placement(g, tensors, 3));
            string Save(long step) => new JointCheckpoint(communicator, store).Save(new() { Step = step }, groups, group =>
                tensors.Where((_, i) => groups[group].Owners[i] == communicator.Rank).ToDictionary(t => t.Item1, t => Tensor.From(new float[10])));
            Save(1);
            full = true;
            var error = Assert.Throws<CheckpointException>(() => Save(2));
            full = false;
            return (Error: error.Message, Steps: string.Join(",", store.Steps), Last: Save(3));
        });
        Assert.All(errors, e => Assert.StartsWith($"{who}Can't save the checkpoint of step 2 in {_directory}: No space left on device. ", e.Error, StringComparison.Ordinal));
        Assert.All(errors, e => Assert.Equal(("1", Path.Combine(_directory, "step-00000003")), (e.Steps, e.Last)));
        Assert.Equal(["latest", "step-00000001", "step-00000003"], Directory.GetFileSystemEntries(_directory).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(6, CheckpointStore.Open(errors[0].Last).Load("optimizer").Count);
    }

    /// <summary>
    /// Communicators know addresses only: what they read has to stay, however often garbage is collected and its memory used again meanwhile. Where compiled code lets go of what is not read any more
    /// (at once with DOTNET_TieredCompilation=0), this fails if nothing keeps it.
    /// </summary>
    [Fact]
    public void What_travels_stays_until_it_has_arrived()
    {
        using var done = new CancellationTokenSource();
        var collector = new Thread(() =>
        {
            while (!done.IsCancellationRequested)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                foreach (var length in new[] { 1, 200, 600 }) Tensor.Zeros(DType.UInt8, [length]).Span<byte>().Fill(0xEE);
            }
        });
        collector.Start();
        try
        {
            Placement[] groups = [new("model", [("a", 40), ("b", 40)], 2)];
            LocalRanks.Run(2, communicator =>
            {
                var store = new CheckpointStore(_directory, new() { ReadOnly = communicator.Rank != 0 });
                for (var step = 1; step <= 40; step++)
                    new JointCheckpoint(communicator, store).Save(new() { Step = step }, groups.ToDictionary(_ => "model"), _ => new Dictionary<string, Tensor> { [communicator.Rank == 0 ? "a" : "b"] = Tensor.From(new float[10]) });
            });
        }
        finally
        {
            done.Cancel();
            collector.Join();
        }
    }

    [Fact]
    public void A_run_whose_checkpoints_can_not_be_saved_goes_on_with_a_warning()
    {
        // A file stands where the directory of checkpoints was.
        var breaker = new Breaker(Path.Combine(_directory, "checkpoints"));
        var result = Train(Of(3, ShardingStage.Parameters), 7, _directory, observers: breaker);
        Assert.Equal(7, result.Steps);
        Assert.Contains(breaker.Warnings, w => w.Contains("Training goes on", StringComparison.Ordinal));
        TestRuns.AssertEqual(Train(Of(3, ShardingStage.None), 7).Weights, result.Weights);
    }

    /// <summary>As on machines that do not share the directory.</summary>
    [Fact]
    public void Workers_that_see_other_checkpoints_do_not_go_on_from_other_places()
    {
        Train(Of(2, ShardingStage.Parameters), 4, _directory);
        var error = Assert.ThrowsAny<DunlinException>(() => Of(2, ShardingStage.Parameters).Run(worker =>
        {
            var elsewhere = Path.Combine(_directory, worker.Rank == 0 ? "" : "elsewhere");
            var options = TestRuns.Options(Of(2, ShardingStage.Parameters), epochs: 1) with { RunDirectory = elsewhere, Resume = true };
            using var run = new TrainingRun(new(Model, Losses.Squared, Optimizers.Adam(0.01)), options, worker, Data, null, null, default);
            run.Execute();
        }));
        Assert.Contains("has to be one that all workers see", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_worker_writes_about_as_much()
    {
        var placement = new Placement("model", [("a", 100), ("b", 60), ("c", 50), ("d", 40), ("e", 0)], 3);
        Assert.Equal([0, 1, 2, 2, 1], placement.Owners);
        Assert.Equal("model-00003-of-00003.safetensors", placement.Files["d"]);
        // No file without a tensor.
        var few = new Placement("model", [("a", 1), ("b", 1)], 4);
        Assert.Equal(["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", null, null], Enumerable.Range(0, 4).Select(few.FileOf));
        Assert.Equal(("model.safetensors", null), (new Placement("model", [("a", 1)], 4).FileOf(0), new Placement("model", [("a", 1)], 4).Index));
    }

    private static Layer Model => new Sequential(new Linear(5), new Tanh(), new Linear(3));

    private static InMemoryDataset Data => new(
        Column.Of("x", Tensor.From(Enumerable.Range(0, 23 * 7).Select(i => MathF.Sin(i * i)).ToArray(), [23, 7])),
        Column.Of("y", Tensor.From(Enumerable.Range(0, 23 * 3).Select(i => MathF.Cos(i)).ToArray(), [23, 3])));

    private static DataParallel Of(int workers, ShardingStage sharding) => new(workers, new() { BucketBytes = 4096, Sharding = sharding });

    /// <summary>Steps of 10, 10 and 3 examples; goes on where the directory holds a checkpoint.</summary>
    private static TrainingResult Train(ITrainingStrategy strategy, int steps, string? directory = null, Optimizer? optimizer = null, params ITrainingObserver[] observers)
    {
        var options = TestRuns.Options(strategy, epochs: 9) with { MaxSteps = steps, RunDirectory = directory, Resume = true, CheckpointEvery = 2, Observers = observers };
        return new Trainer(new(Model, Losses.Squared, optimizer ?? Optimizers.Adam(0.01)), options).Fit(Data);
    }

    private static void CopyTo(string from, string to)
    {
        foreach (var file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }

    private sealed class Breaker(string directory) : ITrainingObserver
    {
        public List<string> Warnings { get; } = [];

        public void Stepped(in StepReport report)
        {
            if (report.Step != 5) return;
            Directory.Delete(directory, recursive: true);
            File.WriteAllText(directory, "");
        }

        public void Warned(string message) => Warnings.Add(message);
    }
}
