using System.Net;

namespace Dunlin.Cli.Tests;

/// <summary>A rank is killed in the middle of training; <c>eng/kills</c> does the same many times, at random.</summary>
[Collection(nameof(Processes))]
public sealed class KilledRankTests : IDisposable
{
    private const int Steps = 400;

    private readonly string _directory = Directory.CreateTempSubdirectory("dunlin-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [MpiFact]
    public async Task The_run_starts_again_and_ends_with_the_bits_of_an_undisturbed_one()
    {
        using (var whole = new Child(_directory, RankedCommand.Start(2, Train("whole")))) Assert.True(await whole.ExitCode() == ExitCode.Done, whole.Output);
        foreach (var rank in new[] { 0, 1 })
        {
            using var run = Launch($"killed{rank}", restarts: 3);
            var process = await Kill(run, $"killed{rank}", rank);
            Assert.True(await run.ExitCode() == ExitCode.Done, run.Output);
            AssertNamed(rank, process, run);
            Assert.Contains("dunlin launch: start 1 of 4 has lost a rank (exit code ", run.Output, StringComparison.Ordinal);
            Assert.Matches(@"start 2 of 4: 2 ranks on localhost, 1 thread each, from step \d+ of ", run.Output);
            Assert.Equal(Model("whole"), Model($"killed{rank}"));
        }
    }

    [MpiFact]
    public async Task Without_restarts_the_launch_ends_with_3()
    {
        using var run = Launch("killed", restarts: 0);
        var process = await Kill(run, "killed", 1);
        Assert.Equal(ExitCode.PeerFailed, await run.ExitCode());
        AssertNamed(1, process, run);
        Assert.Contains("dunlin launch: a rank was lost (exit code ", run.Output, StringComparison.Ordinal);
    }

    private static string[] Train(string run) => ["train", "tiny", "--epochs", "25", "--checkpoint-every", "5", "--threads", "1", "--run", run];

    private static void AssertNamed(int rank, int process, Child run) => Assert.Matches($@"Rank {rank} \(process {process} on {Dns.GetHostName()}\) died; it last was at step \d+, ", run.Output);

    private Child Launch(string run, int restarts) => new(_directory, Mpirun.Clean(new(RankedCommand.Dunlin[0],
        [.. RankedCommand.Dunlin.Skip(1), "launch", "-n", "2", "--threads", "1", "--no-bind", "--max-restarts", $"{restarts}", "--", "dunlin", .. Train(run)])));

    private async Task<int> Kill(Child run, string name, int rank)
    {
        await RankProcess.FirstCheckpoint(Path.Combine(_directory, name), run);
        var process = RankProcess.Find(_directory, rank);
        RankProcess.Signal(process, RankProcess.Kill);
        return process;
    }

    private byte[] Model(string run) => File.ReadAllBytes(Path.Combine(_directory, run, "checkpoints", $"step-{Steps:00000000}", "model.safetensors"));
}
