using Dunlin.Tensors;
using Dunlin.Training.Checkpoints;

namespace Dunlin.Cli.Tests;

/// <summary>Runs of the recipe <c>tiny</c> on several processes, each trained once for all tests that look at it.</summary>
public sealed class TrainedRuns : IDisposable
{
    /// <summary>Of all runs. They are plain descent: the update is the gradient, and errors in it are not made larger or smaller.</summary>
    public const int Steps = 100;

    private readonly Dictionary<string, byte[]> _models = [];

    /// <summary>Where all of them run.</summary>
    public string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("dunlin-").FullName;

    /// <summary>The weights after 100 steps, as the bytes of their file.</summary>
    /// <param name="processes">1 for the command alone.</param>
    /// <param name="options">More words.</param>
    public async Task<byte[]> Model(int processes, params string[] options)
    {
        var key = $"{processes} {string.Join(' ', options)}";
        if (_models.TryGetValue(key, out var model)) return model;
        var name = $"run{_models.Count}";
        string[] words = [.. Words(name), .. options];
        using var run = processes == 1 ? new Child(Directory, words) : new Child(Directory, RankedCommand.Start(processes, words));
        Assert.True(await run.ExitCode() == ExitCode.Done, run.Output);
        return _models[key] = ModelOf(name, Steps);
    }

    /// <summary>What trains in a directory of its own.</summary>
    public static string[] Words(string run) => ["train", "tiny", "--threads", "1", "--optimizer", "sgd", "--learning-rate", "0.1", "--epochs", "7", "--max-steps", $"{Steps}", "--run", run];

    /// <summary>The weights at a step.</summary>
    public byte[] ModelOf(string run, long step) => File.ReadAllBytes(Path.Combine(Directory, run, "checkpoints", $"step-{step:00000000}", "model.safetensors"));

    /// <summary>The last step that a run has saved.</summary>
    public long LastStep(string run) => new CheckpointStore(Path.Combine(Directory, run, "checkpoints"), new() { ReadOnly = true }).LoadLatest()!.State.Step;

    /// <summary>The weights differ by no more than sums of the same numbers in another order.</summary>
    public static void AssertClose(byte[] expected, byte[] actual, double tolerance = 2e-6)
    {
        var (a, b) = (Weights(expected), Weights(actual));
        Assert.Equal(a.Keys.Order(), b.Keys.Order());
        Assert.All(a, one => Assert.True(one.Value.Zip(b[one.Key]).All(pair => Math.Abs(pair.First - pair.Second) <= tolerance), $"{one.Key} differs by {one.Value.Zip(b[one.Key]).Max(pair => Math.Abs(pair.First - pair.Second))}"));
    }

    public void Dispose() => System.IO.Directory.Delete(Directory, recursive: true);

    private static Dictionary<string, float[]> Weights(byte[] file)
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, file);
            return Safetensors.Load(path).ToDictionary(one => one.Key, one => one.Value.ToArray<float>());
        }
        finally { File.Delete(path); }
    }
}
