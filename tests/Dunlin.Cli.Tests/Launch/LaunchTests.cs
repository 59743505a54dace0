using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Dunlin.Cli.Tests.Launch;

/// <summary>The loop around a real mpirun.</summary>
public sealed class LaunchTests : IDisposable
{
    private const int Interrupt = 2, KillSignal = 9, User1 = 10, Terminate = 15;

    /// <summary>A rank that ends takes the other with it, also one that has not begun.</summary>
    private const string BothHaveStarted = "until [ $(wc -l <started) -ge 2 ]; do sleep 0.02; done";

    /// <summary>What mpirun becomes: itself with Open MPI 4, PRRTE with Open MPI 5, Hydra with MPICH.</summary>
    private static readonly string[] Launchers = ["mpirun", "prterun", "mpiexec.hydra"];

    private readonly string _directory = Directory.CreateTempSubdirectory("dunlin-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [MpiTheory]
    [InlineData("exit 0", ExitCode.Done)]
    [InlineData("exit 1", ExitCode.Failed)]
    [InlineData("exit 2", ExitCode.Usage)]
    [InlineData("exit 75", ExitCode.StartAgain)]
    [InlineData("exit 3", ExitCode.PeerFailed)]
    [InlineData("kill -9 $$", ExitCode.PeerFailed)]
    public async Task The_exit_code_says_what_happened(string script, int code)
    {
        using var launch = Launch(["-n", "2"], $"echo x >>started; {BothHaveStarted}; {script}");
        Assert.Equal(code, await launch.ExitCode());
        Assert.Equal(2, Lines("started"));
        Assert.Equal(code == ExitCode.PeerFailed, launch.Output.Contains("a rank was lost (exit code", StringComparison.Ordinal));
    }

    [MpiFact]
    public async Task A_lost_rank_starts_the_run_again_and_tells_it_to_go_on()
    {
        using var launch = Launch(["-n", "2", "--max-restarts", "3"],
            $"echo \"resume=$DUNLIN__Run__Resume\" >>started; [ -n \"$DUNLIN__Run__Resume\" ] && exit 0; {BothHaveStarted}; [ ${{OMPI_COMM_WORLD_RANK:-$PMI_RANK}} = 1 ] && kill -9 $$; sleep 60");
        Assert.Equal(ExitCode.Done, await launch.ExitCode());
        Assert.Equal(["resume=", "resume=", "resume=true", "resume=true"], (await File.ReadAllLinesAsync(Path.Combine(_directory, "started"))).Order());
        Assert.Contains("start 1 of 4 has lost a rank (exit code 137: a rank ended by SIGKILL", launch.Output, StringComparison.Ordinal);
        Assert.Contains("start 2 of 4: 2 ranks on localhost", launch.Output, StringComparison.Ordinal);
    }

    /// <summary>Also with MPICH, whose launcher would wait for the other rank.</summary>
    [MpiFact]
    public async Task A_rank_that_ends_with_an_error_takes_the_others_with_it()
    {
        using var launch = Launch(["-n", "2"], $"echo x >>started; {BothHaveStarted}; [ ${{OMPI_COMM_WORLD_RANK:-$PMI_RANK}} = 1 ] && exit 1; sleep 50; echo x >>survived");
        Assert.Equal(ExitCode.Failed, await launch.ExitCode());
        Assert.False(File.Exists(Path.Combine(_directory, "survived")));
        await NobodyIsLeft();
    }

    [MpiFact]
    public async Task Restarts_are_counted()
    {
        using var launch = Launch(["-n", "1", "--max-restarts", "2"], "echo x >>started; exit 3");
        Assert.Equal(ExitCode.PeerFailed, await launch.ExitCode());
        Assert.Equal(3, Lines("started"));
        Assert.Contains("2 restarts did not help", launch.Output, StringComparison.Ordinal);
    }

    [MpiTheory]
    [InlineData(Interrupt), InlineData(Terminate), InlineData(User1)]
    public async Task A_signal_reaches_every_rank_once_and_is_no_reason_to_start_again(int signal)
    {
        using var launch = Launch(["-n", "2", "--max-restarts", "3"], "trap 'echo x >>asked; sleep 0.3; exit 75' USR1; echo ready; sleep 60 & wait");
        await launch.WaitFor("ready", times: 2);
        launch.Signal(signal);
        Assert.Equal(ExitCode.StartAgain, await launch.ExitCode());
        Assert.Equal(2, Lines("asked"));
    }

    [MpiFact]
    public async Task A_second_interrupt_ends_ranks_that_do_not_listen()
    {
        using var launch = Launch(["-n", "2"], "trap '' USR1; echo ready; while :; do sleep 60; done");
        await launch.WaitFor("ready", times: 2);
        launch.Signal(Interrupt);
        await launch.WaitFor("again to end them at once");
        launch.Signal(Interrupt);
        Assert.Equal(ExitCode.Interrupted, await launch.ExitCode());
        await NobodyIsLeft();
    }

    [MpiFact]
    public async Task After_the_grace_ranks_are_ended()
    {
        using var launch = Launch(["-n", "1", "--grace", "0.5"], "trap '' USR1; echo ready; while :; do sleep 60; done");
        await launch.WaitFor("ready");
        launch.Signal(Terminate);
        Assert.Equal(ExitCode.Failed, await launch.ExitCode());
        Assert.Contains("have not ended within", launch.Output, StringComparison.Ordinal);
        await NobodyIsLeft();
    }

    /// <summary>Also under nohup, which has it and all that it starts ignore a signal.</summary>
    [MpiFact]
    public async Task Nobody_is_left_behind_when_launch_is_killed()
    {
        await KillLaunch(Launch(["-n", "2"], "echo ready; sleep 300"));
        await KillLaunch(new(_directory, new ProcessStartInfo("nohup", [.. RankedCommand.Dunlin, "launch", "-n", "2", "--", "sh", "-c", "echo ready; sleep 300"])));
    }

    private async Task KillLaunch(Child started)
    {
        using var launch = started;
        await launch.WaitFor("ready", times: 2);
        launch.Signal(KillSignal);
        await launch.ExitCode();
        await NobodyIsLeft();
    }

    [MpiFact]
    public async Task Nobody_is_left_behind_when_mpirun_is_killed()
    {
        using var launch = Launch(["-n", "2"], "echo ready; sleep 60");
        await launch.WaitFor("ready", times: 2);
        Assert.Equal(0, Kill(Here().Single(process => Launchers.Contains(Name(process))), KillSignal));
        Assert.Equal(ExitCode.PeerFailed, await launch.ExitCode());
        await NobodyIsLeft();
    }

    /// <summary>One rank, so that it trains whatever strategies over processes there are.</summary>
    [MpiFact]
    public async Task Training_goes_on_from_its_checkpoint()
    {
        // Long enough that it still trains when its first checkpoint has been seen, also where this program gets no processor for a while.
        using var launch = new Child(_directory, "launch", "-n", "1", "--threads", "1", "--max-restarts", "1", "--", "dunlin", "train", "tiny", "--epochs", "120", "--keep-checkpoints", "2");
        var checkpoints = Path.Combine(_directory, "runs", "tiny-1", "checkpoints");
        for (var clock = Stopwatch.StartNew(); !Directory.Exists(checkpoints) || !Directory.EnumerateDirectories(checkpoints, "step-*").Any(); await Task.Delay(10))
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(60), $"No checkpoint came:\n{launch.Output}");
        Assert.Equal(0, Kill(Here().Single(process => Name(process) is "dotnet" or "dunlin" && Words(process).Contains("train") && !Words(process).Contains("launch")), KillSignal));
        Assert.True(await launch.ExitCode() == ExitCode.Done, launch.Output);
        Assert.Matches(@"start 2 of 2: 1 rank on localhost, 1 thread each, from step \d+ of .*tiny-1\.", launch.Output);
        Assert.False(Directory.Exists(Path.Combine(_directory, "runs", "tiny-2")));
    }

    [Fact]
    public void Without_MPI_one_sentence_says_what_to_install()
    {
        using var dunlin = new CommandRunner();
        Assert.Equal("dunlin: dunlin launch starts ranks by MPI, and neither mpirun nor mpiexec is in PATH: apt-get install openmpi-bin (or mpich), or say --mpirun FILE.\n",
            dunlin.Fail(ExitCode.Usage, "launch", "-n", "2", "--", "true"));
    }

    [Theory]
    [InlineData("expected a whole number from 1 to", "-n", "0")]
    [InlineData("expected a number of ranks", "--nproc-per-node", "many")]
    [InlineData("there is no such file", "--hostfile", "nowhere")]
    [InlineData("give one of them", "--hosts", "a", "--hostfile", "b")]
    [InlineData("did you mean \"--max-restarts\"", "--max-restart", "1")]
    public void What_does_not_fit_is_refused(string message, params string[] arguments)
    {
        using var dunlin = new CommandRunner();
        Assert.Contains(message, dunlin.Fail(ExitCode.Usage, ["launch", .. arguments, "--", "true"]), StringComparison.Ordinal);
    }

    private Child Launch(string[] options, string script) => new(_directory, ["launch", .. options, "--", "sh", "-c", script]);

    private int Lines(string file) => File.ReadLines(Path.Combine(_directory, file)).Count();

    /// <summary>Processes that run in this test's directory, which nobody else does.</summary>
    private IEnumerable<int> Here() =>
        from folder in Directory.EnumerateDirectories("/proc")
        where Path.GetFileName(folder).All(char.IsAsciiDigit) && Target(Path.Combine(folder, "cwd")) == _directory
        select int.Parse(Path.GetFileName(folder));

    private static string? Target(string link)
    {
        try { return File.ResolveLinkTarget(link, returnFinalTarget: false)?.FullName; }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { return null; }
    }

    private static string[] Words(int process)
    {
        try { return File.ReadAllText($"/proc/{process}/cmdline").Split('\0'); }
        catch (IOException) { return []; }
    }

    private static string Name(int process) => Path.GetFileName(Words(process).FirstOrDefault() ?? "");

    private async Task NobodyIsLeft()
    {
        for (var clock = Stopwatch.StartNew(); Here().Any(); await Task.Delay(20))
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), $"Left behind: {string.Join("; ", Here().Select(process => $"{process} {string.Join(' ', Words(process))}"))}");
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int process, int signal);
}
