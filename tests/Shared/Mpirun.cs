using System.Diagnostics;
using System.Text;

namespace Dunlin.Tests;

/// <summary>Starts programs as the ranks of a job on this machine; for all test projects that do.</summary>
internal static class Mpirun
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private static readonly Lazy<bool> s_isMpich = new(() => Missing is null && Run(new ProcessStartInfo("mpirun", ["--version"])).Output.Contains("HYDRA", StringComparison.Ordinal));

    /// <summary>MPICH's launcher kills all others when a rank's connection closes; a shell around the rank holds it for a while, as in <c>dunlin launch</c>.</summary>
    private static readonly string[] Hold = ["sh", "-c", "trap : USR1 TERM; \"$@\"; code=$?; [ $code = 0 ] || [ $code = 2 ] || sleep 2; exit $code", "sh"];

    /// <summary>What is missing for tests of several processes; null where nothing is.</summary>
    public static string? Missing { get; } = !OperatingSystem.IsLinux() ? "mpirun is looked for on Linux alone" : Has("mpirun") ? null : "mpirun is not installed (Debian: openmpi-bin)";

    /// <summary>Whether mpirun is MPICH's.</summary>
    public static bool IsMpich => s_isMpich.Value;

    /// <summary>Whether an exit code of mpirun is what it has to be. MPICH's joins those of all ranks and the signals by which it ended them itself, and sometimes gives 0: it can say anything.</summary>
    public static bool IsCode(int expected, int code) => IsMpich || code == expected;

    /// <summary>Where a process finds its rank.</summary>
    public static string RankVariable => IsMpich ? "PMI_RANK" : "OMPI_COMM_WORLD_RANK";

    /// <summary>Whether a program is on the path.</summary>
    public static bool Has(string program) => (StartupEnvironment.Get("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));

    /// <summary>Describes the start of a program on several ranks: more than there are processors, also as root.</summary>
    public static ProcessStartInfo Start(int ranks, params IEnumerable<string> words) =>
        Clean(new("mpirun", [.. IsMpich ? [] : (string[])["--allow-run-as-root", "--oversubscribe", "--bind-to", "none"], "-np", $"{ranks}", .. IsMpich ? Hold : [], .. words]));

    /// <summary>Takes out what may have started the tests themselves.</summary>
    public static ProcessStartInfo Clean(ProcessStartInfo start)
    {
        foreach (var variable in start.Environment.Keys.Where(name => name.StartsWith("OMPI_", StringComparison.Ordinal) || name.StartsWith("PMI", StringComparison.Ordinal)).ToList()) start.Environment.Remove(variable);
        // Ranks that wait give way: there are more of them than processors.
        start.Environment["OMPI_MCA_mpi_yield_when_idle"] = "1";
        start.Environment["MPIR_CVAR_POLLS_BEFORE_YIELD"] = "1";
        return start;
    }

    /// <summary>Runs a program on several ranks to its end.</summary>
    /// <returns>mpirun's exit code, and all that was written.</returns>
    /// <exception cref="TimeoutException">It did not end within two minutes.</exception>
    public static (int ExitCode, string Output) Run(int ranks, params IEnumerable<string> words) => Run(Start(ranks, words));

    private static (int ExitCode, string Output) Run(ProcessStartInfo start)
    {
        (start.RedirectStandardOutput, start.RedirectStandardError) = (true, true);
        using var process = Process.Start(start)!;
        var output = new StringBuilder();
        process.OutputDataReceived += Add;
        process.ErrorDataReceived += Add;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        if (!process.WaitForExit(Limit))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"mpirun {string.Join(' ', start.ArgumentList)} did not end within {Limit.TotalMinutes} minutes:\n{output}");
        }
        // Until all that it wrote has come.
        process.WaitForExit();
        return (process.ExitCode, output.ToString());

        void Add(object sender, DataReceivedEventArgs line)
        {
            lock (output) output.AppendLine(line.Data);
        }
    }
}

/// <summary>What this machine has left.</summary>
internal static class FreeMemory
{
    /// <summary>What is missing for tests that take so much, with a quarter more for all else; null where nothing is.</summary>
    public static string? Missing(int gibibytes)
    {
        var needed = gibibytes + (gibibytes + 3) / 4;
        return Bytes() >> 30 >= needed ? null : $"needs {needed} GiB of free memory";
    }

    /// <summary>Of the machine, as long as the container may have it.</summary>
    private static long Bytes()
    {
        var most = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        var line = OperatingSystem.IsLinux() ? File.ReadLines("/proc/meminfo").FirstOrDefault(l => l.StartsWith("MemAvailable:", StringComparison.Ordinal)) : null;
        return line is null ? most : Math.Min(most, long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]) << 10);
    }
}

/// <summary>A test that needs mpirun.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class MpiFactAttribute : FactAttribute
{
    /// <param name="gibibytes">How much memory all ranks take together, if it is much.</param>
    public MpiFactAttribute(int gibibytes = 0) => Skip = Mpirun.Missing ?? (gibibytes > 0 ? FreeMemory.Missing(gibibytes) : null);
}

/// <summary>A test with several sets of data that needs mpirun.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class MpiTheoryAttribute : TheoryAttribute
{
    public MpiTheoryAttribute() => Skip = Mpirun.Missing;
}

/// <summary>Tests that start many processes: the others, with their time-outs, do not run beside them.</summary>
[CollectionDefinition(nameof(Processes), DisableParallelization = true)]
public sealed class Processes;
