using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Dunlin.Cli.Commands.Launch;

/// <summary>
/// mpirun and all that it has started on this machine. It runs in a session of its own, so that Ctrl-C reaches it through us alone and nothing of it stays behind unseen, below a shell that
/// guards it: if this process dies, the guard ends mpirun, and mpirun its ranks everywhere.
/// </summary>
internal sealed partial class RunningJob : IDisposable
{
    /// <summary>SIGUSR1 on Linux, x64 and arm64, and on macOS.</summary>
    private static readonly int User1 = OperatingSystem.IsMacOS() ? 30 : 10;

    private const int Kill = 9, Terminate = 15;

    /// <summary>
    /// Hands signals on, and ends with the code of what it guards. USR2 says that our process is gone; HUP would not, under nohup, since what is ignored from the beginning can't be trapped. The kernel says so once for each of its threads, and Open MPI takes a second SIGTERM within five seconds
    /// as a wish to leave at once, without its ranks: so mpirun gets one alone. A wait that a signal ends says nothing of the job; one too many gives 127.
    /// </summary>
    private const string Guard = """
        "$@" &
        job=$! code=127
        trap 'trap "" USR2; passed=1; kill -TERM $job' USR2
        trap 'passed=1; kill -TERM $job' TERM
        trap 'passed=1; kill -USR1 $job' USR1
        while passed=; wait $job; now=$?; [ $now = 127 ] || code=$now; [ $now -gt 128 ] && [ -n "$passed" ]; do :; done
        exit $code
        """;

    /// <summary>mpirun waits for its ranks a second after SIGTERM before it kills them.</summary>
    private static readonly TimeSpan Last = TimeSpan.FromSeconds(10);

    private readonly Process _process;
    private readonly Lock _gate = new();

    /// <summary>Starts it. The thread that calls has to live as long as the job: when it ends, the kernel takes this process for dead.</summary>
    public RunningJob(CliHost host, IReadOnlyList<string> words)
    {
        string[] DieWithParent(string signal) => Programs.Find(host, "setpriv") is { } setpriv ? [setpriv, "--pdeathsig", signal, "--"] : [];
        string[] before = [.. DieWithParent("USR2"), .. Programs.Find(host, "setsid") is { } setsid ? [setsid] : (string[])[], "/bin/sh", "-c", Guard, "guard", .. DieWithParent("TERM")];
        _process = Process.Start(Programs.Start(host, [.. before, .. words])) ?? throw new DunlinException($"{words[0]} can't be started.");
        _process.StandardInput.Close();
    }

    /// <summary>Its exit code, when it has ended within a time.</summary>
    public int? WaitForExit(TimeSpan time) => _process.WaitForExit(time) ? _process.ExitCode : null;

    /// <summary>
    /// Asks all ranks for an orderly end, by SIGUSR1: mpirun hands it on to every rank, on all hosts. It would answer SIGTERM and SIGINT by ending the ranks a second later.
    /// </summary>
    public void AskToStop() => Signal(User1);

    /// <summary>Ends all ranks: mpirun first, who reaches other hosts too, then whatever is left here.</summary>
    public void End()
    {
        Signal(Terminate);
        if (!_process.WaitForExit(Last)) Signal(Kill);
        _process.WaitForExit(Last);
    }

    /// <summary>Nothing of the session stays behind, also if mpirun was killed and could not see to that.</summary>
    public void Dispose()
    {
        if (!_process.HasExited) End();
        // Whoever is killed may have started another one meanwhile.
        for (var began = Environment.TickCount64; Environment.TickCount64 - began < Last.TotalMilliseconds && Session(_process.Id).ToList() is { Count: > 0 } left;)
        {
            foreach (var process in left) _ = Send(process, Kill);
            Thread.Yield();
        }
        lock (_gate) _process.Dispose();
    }

    private void Signal(int signal)
    {
        lock (_gate)
        {
            // Its number is its own until it has been waited for.
            if (!_process.HasExited) _ = Send(_process.Id, signal);
        }
    }

    /// <summary>Processes of a session that have not ended, as Linux tells.</summary>
    private static IEnumerable<int> Session(int session) => !OperatingSystem.IsLinux() ? [] :
        from folder in Directory.EnumerateDirectories("/proc")
        let name = Path.GetFileName(folder)
        where name.All(char.IsAsciiDigit) && SessionOf(folder) == session
        select int.Parse(name, CultureInfo.InvariantCulture);

    /// <summary>The sixth field of <c>/proc/N/stat</c>, unless the third says that it has ended; the second is a name in brackets that may hold anything (proc(5)).</summary>
    private static int? SessionOf(string folder)
    {
        try
        {
            var text = File.ReadAllText(Path.Combine(folder, "stat"));
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is "Z" or "X" ? null : int.Parse(fields[3], CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // It has ended meanwhile, or is nobody of ours.
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Send(int process, int signal);
}
