using System.Diagnostics;

namespace Dunlin.Cli.Tests;

/// <summary>The command as the ranks of a job.</summary>
internal static class Mpirun
{
    /// <summary>What is missing for tests of several processes; null where nothing is.</summary>
    public static string? Missing { get; } = !OperatingSystem.IsLinux() ? "mpirun is looked for on Linux alone" : Has("mpirun") ? null : "mpirun is not installed (Debian: openmpi-bin)";

    /// <summary>What is missing for tests of several hosts; null where nothing is.</summary>
    public static string? MissingForHosts { get; } = Missing
        ?? (!Environment.IsPrivilegedProcess ? "eng/hosts needs root" : !Has("ip") ? "ip is not installed (Debian: iproute2)" : !Has("nsenter") ? "nsenter is not installed (Debian: util-linux)" : null);

    /// <summary>The command itself, as words.</summary>
    public static IReadOnlyList<string> Dunlin { get; } = ["dotnet", typeof(DunlinCommand).Assembly.Location];

    /// <summary>Describes the start of the command on several ranks of this machine.</summary>
    public static ProcessStartInfo Start(int ranks, params IEnumerable<string> arguments) => Clean(new("mpirun", [.. Options(ranks), .. Dunlin, .. arguments]));

    /// <summary>Describes the start of a shell's words around the command, which is its <c>"$@"</c>, on several ranks of this machine.</summary>
    public static ProcessStartInfo StartBy(string script, int ranks, params IEnumerable<string> arguments) => Clean(new("mpirun", [.. Options(ranks), "sh", "-c", script, "sh", .. Dunlin, .. arguments]));

    /// <summary>Takes out what may have started the tests themselves.</summary>
    public static ProcessStartInfo Clean(ProcessStartInfo start)
    {
        foreach (var variable in start.Environment.Keys.Where(name => name.StartsWith("OMPI_", StringComparison.Ordinal) || name.StartsWith("PMI", StringComparison.Ordinal)).ToList()) start.Environment.Remove(variable);
        // Ranks that wait give way: there are more of them than processors.
        start.Environment["OMPI_MCA_mpi_yield_when_idle"] = "1";
        return start;
    }

    private static string[] Options(int ranks) => ["--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "-np", $"{ranks}"];

    private static bool Has(string program) => (StartupEnvironment.Get("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));
}

/// <summary>A test that needs mpirun.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class MpiFactAttribute : FactAttribute
{
    public MpiFactAttribute() => Skip = Mpirun.Missing;
}

/// <summary>A test with several sets of data that needs mpirun.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class MpiTheoryAttribute : TheoryAttribute
{
    public MpiTheoryAttribute() => Skip = Mpirun.Missing;
}

/// <summary>A test that needs several hosts.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class HostsFactAttribute : FactAttribute
{
    public HostsFactAttribute() => Skip = Mpirun.MissingForHosts;
}

/// <summary>Tests that start many processes: the others, with their time-outs, do not run beside them.</summary>
[CollectionDefinition(nameof(Processes), DisableParallelization = true)]
public sealed class Processes;
