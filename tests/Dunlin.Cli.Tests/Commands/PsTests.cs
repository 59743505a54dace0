using System.Net;
using System.Net.Sockets;

namespace Dunlin.Cli.Tests.Commands;

/// <summary>Parameter servers and workers that are processes.</summary>
public sealed class PsTests : IDisposable
{
    private const int Kill = 9, Terminate = 15;

    private readonly CommandRunner _dunlin = new();
    private readonly string _token;
    private readonly List<Child> _children = [];

    public PsTests() => _token = _dunlin.Write("token", "a token that tests share\n");

    public void Dispose()
    {
        foreach (var child in _children) child.Dispose();
        _dunlin.Dispose();
    }

    [Fact]
    public async Task Processes_train_as_threads_do()
    {
        string[] options = ["tiny", "--workers", "2", "--protocol", "synchronous"];
        _dunlin.Succeed(["train", .. options, "--strategy", "parameter-server", "--servers", "2", "--run", "threads"]);
        var addresses = FreeAddresses(2);
        var servers = Enumerable.Range(0, 2).Select(n => Start("serve", addresses, n, options)).ToList();
        // Of a rank that a launcher gives.
        var workers = Enumerable.Range(0, 2).Select(n => Start("work", addresses, n, [.. options, "--run", "processes"])).ToList();
        foreach (var child in servers.Concat(workers))
        {
            var code = await child.ExitCode();
            Assert.True(code == 0, child.Output);
        }
        Assert.Contains("all workers have ended", servers[1].Output, StringComparison.Ordinal);
        Assert.Contains("done after step", workers[1].Output, StringComparison.Ordinal);
        Assert.Equal(Weights("threads"), Weights("processes"));
        Assert.DoesNotContain("a token that tests share", string.Join("", _children.Select(c => c.Output)) + File.ReadAllText(Path.Combine(_dunlin.Directory, "processes", "config.resolved.json")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_killed_worker_is_not_missed_and_comes_back()
    {
        string[] options = ["tiny", "--workers", "2", "--epochs", "400", "--protocol", "synchronous"];
        var addresses = FreeAddresses(1);
        var server = Start("serve", addresses, 0, [.. options, "--lost-after", "0.5"]);
        var first = Start("work", addresses, 0, [.. options, "--run", "run"]);
        var second = Start("work", addresses, 1, options);
        await server.WaitFor("Worker 1 has come from");
        await first.WaitFor("epoch");
        second.Signal(Kill);
        await server.WaitFor("Worker 1 is lost: nobody waits for it any more.");
        var again = Start("work", addresses, 1, options);
        await server.WaitFor("Worker 1 has come from", 2);
        first.Signal(Terminate);
        Assert.Equal(ExitCode.StartAgain, await first.ExitCode());
        Assert.Equal(ExitCode.StartAgain, await again.ExitCode());
        Assert.Equal(0, await server.ExitCode());
        Assert.Contains("go on with the same command and --run", first.Output, StringComparison.Ordinal);
    }

    /// <summary>With a log, nothing is lost that a server has acknowledged, and nothing is done twice.</summary>
    [Theory, InlineData("tiny"), InlineData("classes.json")]
    public async Task A_killed_server_that_is_started_again_goes_on_to_the_same_bits(string recipe)
    {
        // Its servers compute the scores, in rounds between which they are killed, too.
        _dunlin.Write("classes.json", """
            { "data": { "name": "digits", "train": 512, "test": 128 }, "model": ["flatten", { "linear": 32 }, "relu", { "class-scores": 10 }], "loss": "cross-entropy", "metrics": ["accuracy"],
              "optimizer": { "name": "adam", "learningRate": 0.003 }, "training": { "epochs": 2, "batchSize": 32, "seed": 1 } }
            """);
        string[] options = [recipe, "--workers", "2", "--epochs", "150", "--protocol", "synchronous", "--set", "checkpoints.keep=1"];
        _dunlin.Succeed(["train", .. options, "--strategy", "parameter-server", "--run", "threads"]);
        var addresses = FreeAddresses(1);
        string[] logged = [.. options, "--log-directory", "log"];
        var server = Start("serve", addresses, 0, logged);
        var workers = Enumerable.Range(0, 2).Select(n => Start("work", addresses, n, [.. options, "--run", "processes"])).ToList();
        for (var kills = 0; kills < 2; kills++)
        {
            await server.WaitFor("Worker 0 has come from");
            await server.WaitFor("Worker 1 has come from");
            await Task.Delay(100 + 150 * kills);
            server.Signal(Kill);
            await server.ExitCode();
            server = Start("serve", addresses, 0, logged);
            await server.WaitFor("Server 0 goes on with the run in its log");
        }
        foreach (var child in workers.Append(server))
        {
            var code = await child.ExitCode();
            Assert.True(code == 0, child.Output);
        }
        Assert.Equal(Weights("threads"), Weights("processes"));
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(_dunlin.Directory, "log")));
    }

    [Fact]
    public void What_does_not_fit_is_said()
    {
        string[] work = ["ps", "work", "tiny", "--addresses", "127.0.0.1:1"];
        Assert.Contains("set DUNLIN_TOKEN, to what `openssl rand -hex 16` prints", _dunlin.Fail(ExitCode.Usage, [.. work, "--number", "0"]), StringComparison.Ordinal);
        _dunlin.Environment["DUNLIN_TOKEN"] = "a token that tests share";
        Assert.Contains("Which worker is this? Give --number", _dunlin.Fail(ExitCode.Usage, work), StringComparison.Ordinal);
        Assert.Contains("none is worker 5", _dunlin.Fail(ExitCode.Failed, [.. work, "--number", "5"]), StringComparison.Ordinal);
        Assert.Contains("can't be reached", _dunlin.Fail(ExitCode.PeerFailed, [.. work, "--number", "0", "--reconnect", "0.2"]), StringComparison.Ordinal);
        Assert.Contains("192.0.2.1:7070 is on another machine, so the connection must be encrypted", _dunlin.Fail(ExitCode.Failed, ["ps", "work", "tiny", "--addresses", "192.0.2.1:7070", "--number", "0"]), StringComparison.Ordinal);
        Assert.Contains("0.0.0.0:0 can be reached from other machines", _dunlin.Fail(ExitCode.Failed, ["ps", "serve", "tiny", "--addresses", "localhost:1", "--listen", "0.0.0.0:0", "--number", "0"]), StringComparison.Ordinal);
        Assert.Contains("Option '--addresses' is required", _dunlin.Fail(ExitCode.Usage, "ps", "serve", "tiny"), StringComparison.Ordinal);
        Assert.Contains("Try: dunlin ps serve --help", _dunlin.Error, StringComparison.Ordinal);
    }

    private static string FreeAddresses(int count)
    {
        var sockets = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToList();
        foreach (var socket in sockets) socket.Start();
        var addresses = string.Join(',', sockets.Select(s => $"127.0.0.1:{((IPEndPoint)s.LocalEndpoint).Port}"));
        foreach (var socket in sockets) socket.Stop();
        return addresses;
    }

    private byte[] Weights(string run) => File.ReadAllBytes(Directory.EnumerateFiles(Path.Combine(_dunlin.Directory, run, "checkpoints"), "model*.safetensors", SearchOption.AllDirectories).Order().Last());

    private Child Start(string verb, string addresses, int number, params string[] options)
    {
        var child = new Child(_dunlin.Directory, ["ps", verb, .. options, "--addresses", addresses, "--number", $"{number}", "--token-file", _token, "--threads", "1"]);
        _children.Add(child);
        return child;
    }
}
