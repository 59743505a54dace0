namespace Dunlin.Cli.Tests;

/// <summary>A run on several processes that is asked to stop, and goes on later.</summary>
[Collection(nameof(Processes))]
public sealed class StopTests(TrainedRuns runs) : IClassFixture<TrainedRuns>
{
    private const int User1 = 10;

    /// <summary>Without an end of its own.</summary>
    private static readonly string[] Long = ["--epochs", "100000"];

    [MpiFact]
    public async Task A_signal_to_mpirun_stops_all_ranks_at_one_step_and_the_run_goes_on_to_the_same_bits()
    {
        // The shell outlives the signal, and notes how its rank has ended.
        using (var run = new Child(runs.Directory, RankedCommand.StartBy("trap : USR1 TERM; \"$@\" & rank=$!; while wait $rank; code=$?; kill -0 $rank 2>/dev/null; do :; done; echo $code >>codes; exit $code", 2,
            ["train", "tiny", "--threads", "1", "--run", "stopped", .. Long])))
        {
            await run.WaitFor("epoch=1/");
            run.Signal(User1);
            Assert.True(Mpirun.IsCode(ExitCode.StartAgain, await run.ExitCode()), run.Output);
            Assert.Contains("dunlin: saved; go on with the same command and --run ", run.Output, StringComparison.Ordinal);
        }
        Assert.Equal(["75", "75"], await File.ReadAllLinesAsync(Path.Combine(runs.Directory, "codes")));
        var step = runs.LastStep("stopped");
        var copied = Copy("stopped", "other");

        string[] rest = ["train", "tiny", "--threads", "1", .. Long, "--max-steps", $"{step + 40}"];
        foreach (var (name, processes, resume) in new[] { ("whole", 2, false), ("stopped", 2, true), (copied, 3, true) })
        {
            using var run = new Child(runs.Directory, RankedCommand.Start(processes, [.. rest, "--run", name, .. resume ? ["--resume"] : Array.Empty<string>()]));
            Assert.True(await run.ExitCode() == ExitCode.Done, run.Output);
        }
        var whole = runs.ModelOf("whole", step + 40);
        Assert.Equal(whole, runs.ModelOf("stopped", step + 40));
        TrainedRuns.AssertClose(whole, runs.ModelOf(copied, step + 40), tolerance: 2e-4);
    }

    private string Copy(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(Path.Combine(runs.Directory, from), "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(runs.Directory, to, Path.GetRelativePath(Path.Combine(runs.Directory, from), file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
        return to;
    }
}
