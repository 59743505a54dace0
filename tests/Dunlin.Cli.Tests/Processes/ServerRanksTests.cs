using System.Net;
using System.Net.Sockets;

namespace Dunlin.Cli.Tests;

/// <summary>Parameter servers and workers as the ranks of one command.</summary>
[Collection(nameof(Processes))]
public sealed class ServerRanksTests : IDisposable
{
    private const int Steps = 192, User1 = 10;

    private readonly string _directory = Directory.CreateTempSubdirectory("dunlin-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [MpiFact]
    public async Task A_killed_server_is_named_and_the_run_starts_again_and_ends_with_the_bits_of_threads()
    {
        const int rank = 3;
        using (var threads = new Child(_directory, Train("threads"))) Assert.True(await threads.ExitCode() == ExitCode.Done, threads.Output);
        using var run = new Child(_directory, Mpirun.Clean(new(RankedCommand.Dunlin[0],
            [.. RankedCommand.Dunlin.Skip(1), "launch", "-n", "4", "--threads", "1", "--no-bind", "--max-restarts", "3", "--", "dunlin", .. Train("killed")])));
        await RankProcess.FirstCheckpoint(Path.Combine(_directory, "killed"), run);
        var process = RankProcess.Find(_directory, rank);
        RankProcess.Signal(process, RankProcess.Kill);
        Assert.True(await run.ExitCode() == ExitCode.Done, run.Output);
        Assert.Matches($@"Rank {rank} \(process {process} on {Dns.GetHostName()}\) died; it last was at step \d+, ", run.Output);
        Assert.Matches(@"start 2 of 4: 4 ranks on localhost, 1 thread each, from step \d+ of ", run.Output);
        Assert.Equal(Model("threads"), Model("killed"));
    }

    [MpiFact]
    public async Task One_command_trains_reports_once_and_stops_on_request()
    {
        using var run = new Child(_directory, RankedCommand.Start(4, ["train", "tiny", "--strategy", "parameter-server", "--servers", "2", "--threads", "1", "--epochs", "100000", "--run", "run"]));
        await run.WaitFor("epoch=2/");
        run.Signal(User1);
        Assert.True(Mpirun.IsCode(ExitCode.StartAgain, await run.ExitCode()), run.Output);
        // Who is no server is a worker.
        foreach (var once in new[] { "2 workers of 1 thread", "Servers are the ranks from 2 on: 127.0.0.1:", "stopped on request after", "curves: " }) Assert.Equal(2, run.Output.Split(once).Length);
        Assert.Contains("dunlin: saved; go on with the same command and --run ", run.Output, StringComparison.Ordinal);
        Assert.Contains("Server 1 of 2 listens on 127.0.0.1, port ", await File.ReadAllTextAsync(Path.Combine(_directory, "run", "logs", "rank-0003.log")), StringComparison.Ordinal);
    }

    [MpiTheory]
    [InlineData(3, ExitCode.Usage, "4 workers and 2 servers are 6 processes, but this run has 3 (", "--servers", "2", "--workers", "4")]
    // Not 3: it would fail again.
    [InlineData(4, ExitCode.Failed, "dunlin: Step 2: In CheckFinite: the loss is NaN.", "--servers", "2", "--protocol", "synchronous", "--optimizer", "sgd", "--learning-rate", "1e30")]
    public async Task What_goes_wrong_is_said_and_has_its_exit_code(int ranks, int code, string message, params string[] options)
    {
        using var run = new Child(_directory, RankedCommand.Start(ranks, ["train", "tiny", "--threads", "1", "--strategy", "parameter-server", .. options]));
        Assert.True(Mpirun.IsCode(code, await run.ExitCode()), run.Output);
        Assert.Contains(message, run.Output, StringComparison.Ordinal);
        if (code == ExitCode.Usage && !Mpirun.IsMpich) Assert.Equal(2, run.Output.Split(message).Length);
    }

    [Fact]
    public void A_launch_of_another_number_of_ranks_is_refused_before_it_starts()
    {
        using var dunlin = new CommandRunner();
        string[] train = ["--", "dunlin", "train", "tiny", "--strategy", "parameter-server", "--servers", "2"];
        Assert.Contains("4 workers and 2 servers are 6 processes, but 8 ranks are to be started", dunlin.Fail(ExitCode.Usage, ["slurm", "--nodes", "2", "--ntasks-per-node", "4", .. train, "--workers", "4"]), StringComparison.Ordinal);
        dunlin.Succeed(["slurm", "--nodes", "2", "--ntasks-per-node", "4", .. train]);
    }

    /// <summary>The number of each is its rank.</summary>
    [MpiFact]
    public async Task Servers_and_workers_may_be_started_by_launchers_of_their_own()
    {
        using var free = new TcpListener(IPAddress.Loopback, 0);
        free.Start();
        var address = $"{free.LocalEndpoint}";
        free.Stop();
        string[] options = ["tiny", "--workers", "2", "--epochs", "1", "--threads", "1", "--addresses", address];
        using var server = Start(1, ["ps", "serve", .. options]);
        using var workers = Start(2, ["ps", "work", .. options]);
        Assert.True(await workers.ExitCode() == ExitCode.Done, workers.Output + server.Output);
        Assert.True(await server.ExitCode() == ExitCode.Done, server.Output);
        Assert.Equal(2, workers.Output.Split("curves: ").Length);
        Assert.DoesNotContain('\u001b', workers.Output + server.Output);
    }

    private static string[] Train(string run) => ["train", "tiny", "--strategy", "parameter-server", "--workers", "2", "--servers", "2", "--protocol", "synchronous", "--epochs", "12", "--checkpoint-every", "8", "--threads", "1", "--run", run];

    private Child Start(int ranks, string[] words)
    {
        var start = RankedCommand.Start(ranks, words);
        start.Environment["DUNLIN_TOKEN"] = "a token that tests share";
        return new(_directory, start);
    }

    private byte[] Model(string run) => File.ReadAllBytes(Path.Combine(_directory, run, "checkpoints", $"step-{Steps:00000000}", "model.safetensors"));
}
