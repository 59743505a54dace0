using System.Collections.Concurrent;
using Dunlin.Tensors;

namespace Dunlin.Strategies.Tests;

/// <summary>What was learnt in each case and way: each run once for all tests that look at it.</summary>
public sealed class Answers : IDisposable
{
    private static readonly ConcurrentDictionary<(TrainingCase, int, bool), Lazy<IReadOnlyDictionary<string, Tensor>>> Trained = new();

    private readonly Dictionary<(int, bool), (string Directory, string Output)> _jobs = [];

    /// <summary>Of one worker on the joined batch, as so many share it.</summary>
    internal static IReadOnlyDictionary<string, Tensor> Alone(TrainingCase one, int ranks) => Trained.GetOrAdd((one, ranks, true), _ => new(() => one.TrainAlone(ranks))).Value;

    /// <summary>Of workers that are threads of this process.</summary>
    internal static IReadOnlyDictionary<string, Tensor> Threads(TrainingCase one, int ranks) => Trained.GetOrAdd((one, ranks, false), _ => new(() => one.Train(ranks))).Value;

    /// <summary>Of workers that are processes, or threads of several, as each process has it.</summary>
    /// <param name="one">The case.</param>
    /// <param name="way">Where the workers are.</param>
    /// <param name="all">Whether from the run of all cases, not from another of few.</param>
    internal IReadOnlyList<IReadOnlyDictionary<string, Tensor>> Processes(TrainingCase one, Way way, bool all = true)
    {
        if (!_jobs.TryGetValue((way.Processes, all), out var job))
        {
            var directory = Directory.CreateTempSubdirectory("dunlin-").FullName;
            var (code, output) = Mpirun.Run(way.Processes, "dotnet", TestProgram.Path, SameAnswerProgram.Verb, directory, all ? "all" : "few");
            _jobs[(way.Processes, all)] = job = (directory, $"Exit code {code}:\n{output}");
        }
        string[] files = [.. Enumerable.Range(0, way.Processes).Select(process => SameAnswerProgram.FileOf(job.Directory, way, one, process))];
        Assert.True(files.All(File.Exists), job.Output);
        return [.. files.Select(Safetensors.Load)];
    }

    public void Dispose()
    {
        foreach (var (directory, _) in _jobs.Values) Directory.Delete(directory, recursive: true);
    }
}
