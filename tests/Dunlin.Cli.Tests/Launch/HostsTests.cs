using System.Diagnostics;

namespace Dunlin.Cli.Tests.Launch;

/// <summary>Several hosts, by <c>eng/hosts</c>: networks, names and shared memory of their own. Needs root and MPI.</summary>
public sealed class HostsTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("dunlin-").FullName;

    private static bool CanHaveHosts => OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess
        && StartupEnvironment.Get("PATH")!.Split(':') is var folders && new[] { "mpirun", "ip", "nsenter" }.All(name => folders.Any(folder => File.Exists(Path.Combine(folder, name))));

    public void Dispose()
    {
        if (CanHaveHosts) Run("down");
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task A_run_goes_on_without_a_host_that_is_gone()
    {
        if (!CanHaveHosts) return;
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

    private ProcessStartInfo Start(params string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(CommandRunner.Repository, "eng", "hosts"), arguments);
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
