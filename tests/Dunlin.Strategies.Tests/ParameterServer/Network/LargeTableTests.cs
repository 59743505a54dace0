using System.Diagnostics;
using System.Globalization;
using Dunlin.Graphs;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;
using Dunlin.Training;
using Dunlin.Training.Data;
using Dunlin.Training.Layers;

namespace Dunlin.Strategies.Tests;

/// <summary>Tables that may be larger than what a worker has of memory.</summary>
public sealed class LargeTableTests : IDisposable
{
    /// <summary>Has this assembly be worker 0 of a run, which says how much memory it took.</summary>
    public const string Verb = "large-tables";

    private const int Mebi = 1 << 20, Words = Mebi, Classes = Mebi / 2;

    private readonly string _directory = Directory.CreateTempSubdirectory("dunlin-tables").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    /// <summary>It makes first rows, brings them, learns, measures, saves, and goes on from that.</summary>
    [Fact]
    public void Worker_0_has_little_of_tables_in_memory()
    {
        if (!OperatingSystem.IsLinux()) return;
        for (var epochs = 1; epochs <= 2; epochs++)
        {
            var (anonymous, mapped, steps) = MeasureWorker0(epochs);
            Assert.Equal(2 * epochs, steps);
            // 64 MiB of words, 34 of classes, and as much of momentum; in memory, what any run takes.
            Assert.Equal(196, mapped);
            Assert.True(anonymous < 45, $"{anonymous} MiB");
        }
    }

    [Fact]
    public void Variables_in_files_have_the_same_bits()
    {
        var plain = Learn("plain", null);
        var mapped = Learn("mapped", new(_directory) { FromBytes = 1 });
        Assert.Equal(plain.Steps, mapped.Steps);
        foreach (var (name, weights) in plain.Weights) Assert.Equal(weights.RawBytes, mapped.Weights[name].RawBytes);
        foreach (var file in (string[])["model.safetensors", "optimizer.safetensors"])
            Assert.Equal(File.ReadAllBytes(Path.Combine(plain.LastCheckpoint!, file)), File.ReadAllBytes(Path.Combine(mapped.LastCheckpoint!, file)));

        // The first epochs, and the rest in a run that goes on from their checkpoint.
        TrainingResult Learn(string name, LargeVariables? large)
        {
            TrainerOptions Options(TrainerOptions options) => options with { RunDirectory = Path.Combine(_directory, name), LargeVariables = large };
            NetworkRuns.Run(2, 2, new ServerProtocol.Synchronous(), o => Options(o) with { Epochs = 2 });
            return NetworkRuns.Run(2, 2, new ServerProtocol.Synchronous(), o => Options(o) with { Resume = true });
        }
    }

    [Fact]
    public void A_directory_that_is_not_there_ends_the_run_by_name()
    {
        var address = NetworkRuns.FreeAddresses(1);
        var results = NetworkRuns.All(
            () => NetworkRuns.Train(NetworkRuns.Member(address, 1, ServerProcessRole.Server, 0)),
            () => NetworkRuns.Train(NetworkRuns.Member(address, 1, ServerProcessRole.Worker, 0), o => o with { LargeVariables = new(Path.Combine(_directory, "missing")) { FromBytes = 1000 } }));
        var message = $"The variable embedding/weight Float32[60, 6]: A file of 1,440 bytes, to be mapped into memory, can't be made in {Path.Combine(_directory, "missing")}: there is no such directory.";
        Assert.StartsWith(message, results[1].Error!.Message, StringComparison.Ordinal);
        Assert.Contains(message, results[0].Error!.Message, StringComparison.Ordinal);
    }

    public static int Run(string address, string directory, int epochs)
    {
        var (began, most) = (Anonymous(), 0L);
        using var done = new CancellationTokenSource();
        var watch = new Thread(() =>
        {
            while (!done.IsCancellationRequested)
            {
                most = Math.Max(most, Anonymous() - began);
                Thread.Sleep(5);
            }
        });
        watch.Start();
        var result = Train(NetworkRuns.Member([address], 1, ServerProcessRole.Worker, 0), epochs, directory);
        done.Cancel();
        watch.Join();
        Console.WriteLine($"{most / Mebi} {Mapped() / Mebi} {result.Steps}");
        GC.KeepAlive(result);
        return 0;
    }

    private (long Anonymous, long Mapped, long Steps) MeasureWorker0(int epochs)
    {
        var address = NetworkRuns.FreeAddresses(1)[0];
        var output = "";
        var results = NetworkRuns.All(
            () => Train(NetworkRuns.Member([address], 1, ServerProcessRole.Server, 0), epochs, null),
            () =>
            {
                using var process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, ["exec", TestProgram.Path, Verb, address, _directory, $"{epochs}"]) { RedirectStandardOutput = true })!;
                output = process.StandardOutput.ReadToEnd();
                process.WaitForExit();
                return null!;
            });
        foreach (var (_, error) in results) Assert.True(error is null, $"{error}");
        long[] numbers = [.. output.Split(' ').Select(n => long.Parse(n, CultureInfo.InvariantCulture))];
        return (numbers[0], numbers[1], numbers[2]);
    }

    private static TrainingResult Train(ITrainingStrategy strategy, int epochs, string? directory)
    {
        var model = new Sequential(new Embedding(Words, 16), new Flatten(), new Linear(16), new ClassScores(Classes));
        var data = new InMemoryDataset(
            Column.Of("words", Tensor.From(Enumerable.Range(0, 16).Select(i => (long)i * i * 6007 % Words).ToArray(), [8, 2])), Column.Of("class", Tensor.From(Enumerable.Range(0, 8).Select(i => i * 60_007L).ToArray())));
        var options = new TrainerOptions { Epochs = epochs, BatchSize = 4, ValidationBatchSize = 1, Strategy = strategy, Kernels = KernelSets.Managed, ThreadsPerWorker = 1 };
        if (directory is not null) options = options with { RunDirectory = Path.Combine(directory, "run"), Resume = epochs > 1, LargeVariables = new(directory) { FromBytes = 16 * Mebi } };
        return new Trainer(new(model, Losses.SoftmaxCrossEntropy, Optimizers.Momentum(0.01)), options).Fit(data, data);
    }

    /// <summary>Bytes of this process's memory that are no file's.</summary>
    private static long Anonymous() => 1024 * long.Parse(File.ReadLines("/proc/self/status").First(l => l.StartsWith("RssAnon:", StringComparison.Ordinal))[8..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);

    /// <summary>Bytes of files without names that are mapped.</summary>
    private static long Mapped() =>
        File.ReadLines("/proc/self/maps").Where(l => l.EndsWith(".memory (deleted)", StringComparison.Ordinal)).Select(l => l.Split(' ')[0].Split('-')).Sum(r => Convert.ToInt64(r[1], 16) - Convert.ToInt64(r[0], 16));
}
