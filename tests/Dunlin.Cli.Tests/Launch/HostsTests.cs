using System.Diagnostics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Dunlin.Cli.Tests.Launch;

/// <summary>Several hosts, by <c>eng/hosts</c>: networks, names and shared memory of their own. Needs root and MPI.</summary>
[Collection(nameof(Processes))]
public sealed class HostsTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("dunlin-").FullName;

    public void Dispose()
    {
        if (RankedCommand.MissingForHosts is null) Run("down");
        Directory.Delete(_directory, recursive: true);
    }

    [HostsFact]
    public async Task A_run_goes_on_without_a_host_that_is_gone()
    {
        Run("up");
        using var launch = new Child(_directory, Start("exec", "a", "dotnet", typeof(DunlinCommand).Assembly.Location, "launch", "--hosts", "a:2,b:1", "--nnodes", "1:2", "--max-restarts", "1", "--",
            "sh", "-c", "echo on $(hostname): $OMPI_COMM_WORLD_RANK of $OMPI_COMM_WORLD_SIZE; [ \"$DUNLIN__Run__Resume\" = true ] && exit 0; sleep 60"));
        await launch.WaitFor("on b: 2 of 3");
        Run("kill", "b");
        Assert.True(await launch.ExitCode() == ExitCode.Done, launch.Output);
        Assert.Contains("start 1 of 2 has lost a rank (", launch.Output, StringComparison.Ordinal);
        Assert.Contains("b is left out: no answer within 10 s.", launch.Output, StringComparison.Ordinal);
        Assert.Contains("start 2 of 2: 2 ranks on a, 1 thread each.", launch.Output, StringComparison.Ordinal);
        Assert.Contains("on a: 1 of 2", launch.Output, StringComparison.Ordinal);
    }

    [HostsFact]
    public async Task Ranks_on_two_hosts_train_as_one_process_does()
    {
        Run("up");
        using (var one = new Child(_directory, TrainedRuns.Words("one"))) Assert.True(await one.ExitCode() == ExitCode.Done, one.Output);
        using (var four = Ranks(TrainedRuns.Words("four"))) Assert.True(await four.ExitCode() == ExitCode.Done, four.Output);
        TrainedRuns.AssertClose(Model("one"), Model("four"));
    }

    [HostsFact]
    public async Task A_rank_that_is_killed_or_stopped_is_named_with_its_host()
    {
        Run("up");
        foreach (var (signal, fate, limit) in new[] { (RankProcess.Kill, "died", 5), (RankProcess.Stop, "has given no sign for ", 6) })
        {
            using var run = Ranks("train", "tiny", "--threads", "1", "--epochs", "100000", "--run", $"run{signal}");
            await run.WaitFor("epoch=2/");
            var process = RankProcess.Find(_directory, 3);
            RankProcess.Signal(process, signal);
            await Within(limit, () => run.Output.Contains($"Rank 3 (process {process} on b) {fate}", StringComparison.Ordinal), run);
            Assert.NotEqual(ExitCode.Done, await run.ExitCode());
        }
    }

    /// <summary>mpirun itself would wait for minutes; <c>dunlin launch</c> does not.</summary>
    [HostsFact]
    public async Task A_cut_link_is_noticed_on_both_sides()
    {
        Run("up");
        using var run = Ranks("train", "tiny", "--threads", "1", "--epochs", "100000", "--run", "cut");
        await run.WaitFor("epoch=2/");
        Run("cut", "b");
        await Within(6, () => run.Output.Contains(" on b) has given no sign for ", StringComparison.Ordinal) && Log(3).Contains(" on a) has given no sign for ", StringComparison.Ordinal), run);
        // Nobody trains on alone.
        await Within(10, () => !RankProcess.All(_directory).Any(), run);
    }

    /// <summary>The worker's host is the first, so that the server is on the other one.</summary>
    [HostsFact]
    public async Task Parameter_servers_and_workers_on_two_hosts_find_each_other_and_notice_a_cut_link()
    {
        Run("up");
        string[] train = ["train", "tiny", "--threads", "1", "--strategy", "parameter-server", "--servers", "2", "--workers", "2", "--protocol", "synchronous"];
        using (var threads = new Child(_directory, [.. train, "--epochs", "2", "--run", "threads"])) Assert.True(await threads.ExitCode() == ExitCode.Done, threads.Output);
        using (var whole = Ranks([.. train, "--epochs", "2", "--run", "whole"]))
        {
            Assert.True(await whole.ExitCode() == ExitCode.Done, whole.Output);
            Assert.Matches(@"Servers are the ranks from 2 on: 10\.77\.0\.2:\d+ on b, 10\.77\.0\.2:\d+ on b, encrypted\.", whole.Output);
        }
        Assert.Equal(Model("threads", 32), Model("whole", 32));
        using var run = Ranks([.. train, "--epochs", "100000", "--run", "cut"]);
        await run.WaitFor("epoch=2/");
        Run("cut", "b");
        await Within(6, () => run.Output.Contains(" on b) has given no sign for ", StringComparison.Ordinal) && Log(3).Contains(" on a) has given no sign for ", StringComparison.Ordinal), run);
        await Within(10, () => !RankProcess.All(_directory).Any(), run);
    }

    /// <summary>Without a launcher each side finds out by itself: nothing of what it sends is acknowledged.</summary>
    [HostsFact]
    public async Task A_server_and_a_worker_that_are_cut_off_from_each_other_notice()
    {
        Run("up");
        using var key = ECDsa.Create();
        using var certificate = new CertificateRequest("CN=a", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var (token, pem) = (Path.Combine(_directory, "token"), Path.Combine(_directory, "a.pem"));
        File.WriteAllText(token, "a token that tests share");
        File.WriteAllText(pem, certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem());
        string[] all = ["tiny", "--workers", "1", "--addresses", "a:7070", "--number", "0", "--token-file", token, "--epochs", "100000", "--threads", "1"];
        using var server = new Child(_directory, Start(["exec", "a", .. RankedCommand.Dunlin, "ps", "serve", .. all, "--certificate", pem, "--lost-after", "1"]));
        using var worker = new Child(_directory, Start(["exec", "b", .. RankedCommand.Dunlin, "ps", "work", .. all, "--fingerprint", certificate.GetCertHashString(HashAlgorithmName.SHA256), "--reconnect", "1"]));
        await worker.WaitFor("epoch=2/");
        Run("cut", "b");
        await Within(12, () => server.Output.Contains("Worker 0 is lost", StringComparison.Ordinal) && worker.Output.Contains("Worker 0 has lost server 0 at a:7070: ", StringComparison.Ordinal), worker);
        Assert.Equal(ExitCode.PeerFailed, await worker.ExitCode());
        Assert.Contains("server 0 at a:7070 can't be reached: ", worker.Output, StringComparison.Ordinal);
    }

    private Child Ranks(params string[] arguments) => new(_directory, Start(["exec", "a", "mpirun", "-np", "4", .. RankedCommand.Dunlin, .. arguments]));

    private byte[] Model(string run, int step = TrainedRuns.Steps) => File.ReadAllBytes(Path.Combine(_directory, run, "checkpoints", $"step-{step:00000000}", "model.safetensors"));

    private string Log(int rank)
    {
        var path = Path.Combine(_directory, "cut", "logs", $"rank-{rank:0000}.log");
        return File.Exists(path) ? File.ReadAllText(path) : "";
    }

    private static async Task Within(double seconds, Func<bool> condition, Child run)
    {
        for (var clock = Stopwatch.StartNew(); !condition(); await Task.Delay(20)) Assert.True(clock.Elapsed.TotalSeconds < seconds, $"It did not come within {seconds} s:\n{run.Output}");
    }

    private ProcessStartInfo Start(params string[] arguments)
    {
        var start = Mpirun.Clean(new(Path.Combine(CommandRunner.Repository, "eng", "hosts"), arguments));
        start.Environment["DUNLIN_HOSTS"] = Path.Combine(_directory, "hosts");
        start.Environment["OMP_NUM_THREADS"] = "1";
        return start;
    }

    private void Run(params string[] arguments)
    {
        using var process = Process.Start(Start(arguments))!;
        Assert.True(process.WaitForExit(TimeSpan.FromSeconds(60)), $"eng/hosts {string.Join(' ', arguments)} has not ended within 60 s");
        Assert.Equal(0, process.ExitCode);
    }
}
