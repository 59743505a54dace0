using System.IO.Compression;
using System.Text.Json.Nodes;
using Dunlin.Graphs.Profiling;

namespace Dunlin.Training.RunTests;

public class ProfileTests
{
    [Fact]
    public void Some_steps_of_a_run_leave_a_trace_and_tables()
    {
        using var directory = new TemporaryDirectory();
        var result = new Trainer(SmallRun.Recipe(), SmallRun.Options(directory.Path) with { Epochs = 6, CheckpointEvery = 1, Profile = new() { Skip = 2, Steps = 3 } }).Fit(SmallRun.Data.Train, SmallRun.Data.Test);
        var profile = result.Profile!;
        Assert.Equal(["trace-rank-0000.json.gz", "profile-rank-0000.txt"], profile.Files.Select(Path.GetFileName));
        var events = Events(profile.Files[0]).Where(e => (string)e["ph"]! == "X").ToLookup(e => (int)e["tid"]!);
        Assert.Equal([3, 4, 5], events[TraceLane.Step].Where(e => (string)e["name"]! == "step").Select(e => (int)e["args"]!["number"]!));
        Assert.True(events[TraceLane.Kernels].Count() >= 3 * 5);
        Assert.InRange(events[TraceLane.Loader].Count(), 3, 5);
        Assert.NotEmpty(events[TraceLane.Checkpoint]);
        var text = File.ReadAllText(profile.Files[1]);
        Assert.StartsWith("3 steps of ", text, StringComparison.Ordinal);
        Assert.Contains("MatMul", text, StringComparison.Ordinal);
        Assert.Contains("Peak of intermediate values", text, StringComparison.Ordinal);
        Assert.Equal(profile.Lines(), File.ReadAllLines(profile.Files[1]));
    }

    [Fact]
    public void A_profile_changes_nothing_that_is_learned()
    {
        var plain = new Trainer(SmallRun.Recipe(), SmallRun.Options() with { Profile = null }).Fit(SmallRun.Data.Train, SmallRun.Data.Test);
        var profiled = new Trainer(SmallRun.Recipe(), SmallRun.Options() with { Profile = new() { Steps = 4 } }).Fit(SmallRun.Data.Train, SmallRun.Data.Test);
        Assert.Null(plain.Profile);
        Assert.Empty(profiled.Profile!.Files);
        Assert.Equal(4, profiled.Profile.Operations.Kernels.Max(k => k.Calls));
        foreach (var (name, weights) in plain.Weights) Assert.Equal(weights.ToArray<float>(), profiled.Weights[name].ToArray<float>());
    }

    /// <summary>Nothing is skipped of a run that would end before.</summary>
    [Theory, InlineData(1, 1), InlineData(3, 3)]
    public void A_short_run_is_profiled_as_far_as_it_goes(long steps, int profiled)
    {
        var result = new Trainer(SmallRun.Recipe(), SmallRun.Options() with { MaxSteps = steps, Profile = new() }).Fit(SmallRun.Data.Train);
        Assert.Equal(profiled, result.Profile!.Operations.Kernels.Max(k => k.Calls));
    }

    [Fact]
    public void A_directory_that_takes_no_files_is_a_warning()
    {
        using var directory = new TemporaryDirectory();
        Directory.CreateDirectory(Path.Combine(directory.Path, "trace-rank-0000.json.gz"));
        var warned = new Warnings();
        var result = new Trainer(SmallRun.Recipe(), SmallRun.Options(directory.Path) with { Profile = new() { Steps = 1 }, Observers = [warned] }).Fit(SmallRun.Data.Train);
        Assert.Empty(result.Profile!.Files);
        Assert.Contains("The profile of worker 0 could not be written", Assert.Single(warned.Messages), StringComparison.Ordinal);
    }

    private static IEnumerable<JsonNode> Events(string file)
    {
        using var zip = new GZipStream(File.OpenRead(file), CompressionMode.Decompress);
        return JsonNode.Parse(zip)!["traceEvents"]!.AsArray()!;
    }

    private sealed class Warnings : ITrainingObserver
    {
        public List<string> Messages { get; } = [];

        public void Warned(string message) => Messages.Add(message);
    }
}
