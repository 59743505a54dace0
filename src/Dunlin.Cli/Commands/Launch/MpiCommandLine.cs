using System.Globalization;

namespace Dunlin.Cli.Commands.Launch;

/// <summary>One start of all ranks.</summary>
/// <param name="Placement">Which host takes which ranks.</param>
/// <param name="Variables">What every rank finds in its environment, besides the launcher's own.</param>
/// <param name="Command">What every rank runs.</param>
internal sealed record MpiJob(Placement Placement, IReadOnlyList<(string Name, string Value)> Variables, IReadOnlyList<string> Command)
{
    /// <summary>Where the ranks' output goes besides the console, or null.</summary>
    public string? LogDirectory { get; init; }

    /// <summary>Whether ranks are bound to processors where there are enough.</summary>
    public bool Bind { get; init; } = true;

    /// <summary>Whether the user is root.</summary>
    public bool AsRoot { get; init; }

    /// <summary>The program that runs a command on another host; null for what MPI is set up for.</summary>
    public string? Shell { get; init; }

    /// <summary>More arguments for mpirun, before the command.</summary>
    public IReadOnlyList<string> More { get; init; } = [];
}

/// <summary>What mpirun is given. Nothing here depends on the machine: the same job gives the same words.</summary>
internal static class MpiCommandLine
{
    /// <summary>
    /// A host that is cut off is noticed within 10 + 5 · 2 s by the daemons on both sides, which then end their ranks; Open MPI would take some 8 minutes.
    /// </summary>
    private static readonly (string Name, string Value)[] Keepalive = [("oob_tcp_keepalive_time", "10"), ("oob_tcp_keepalive_intvl", "2"), ("oob_tcp_keepalive_probes", "5")];

    /// <summary>The arguments, without the program itself.</summary>
    public static IReadOnlyList<string> Of(MpiFamily family, MpiJob job) =>
    [
        .. family switch { MpiFamily.OpenMpi4 => OpenMpi4(job), MpiFamily.OpenMpi5 => OpenMpi5(job), _ => Mpich(job) },
        .. job.More,
        .. job.Command,
    ];

    private static IEnumerable<string> OpenMpi4(MpiJob job) =>
    [
        "-n", Number(job.Placement.Ranks), "--host", Hosts(job),
        .. job.Placement.IsOversubscribed ? ["--oversubscribe", "--bind-to", "none", "--mca", "mpi_yield_when_idle", "1"]
            : !job.Bind ? ["--bind-to", "none"]
            : (string[])["--use-hwthread-cpus", "--map-by", $"slot:PE={Number(job.Placement.Threads)}", "--bind-to", "hwthread"],
        .. job.LogDirectory is { } logs ? ["--output-filename", logs] : (string[])[],
        .. job.AsRoot ? ["--allow-run-as-root"] : (string[])[],
        .. job.Shell is { } shell ? ["--mca", "plm_rsh_agent", shell] : (string[])[],
        .. Keepalive.SelectMany(one => (string[])["--mca", one.Name, one.Value]),
        .. Variables(job).SelectMany(one => (string[])["-x", $"{one.Name}={one.Value}"]),
    ];

    private static IEnumerable<string> OpenMpi5(MpiJob job) =>
    [
        "-n", Number(job.Placement.Ranks), "--host", Hosts(job),
        .. job.Placement.IsOversubscribed ? ["--map-by", "slot:OVERSUBSCRIBE", "--bind-to", "none", "--mca", "mpi_yield_when_idle", "1"]
            : !job.Bind ? ["--bind-to", "none"]
            : (string[])["--map-by", $"slot:PE={Number(job.Placement.Threads)}:HWTCPUS", "--bind-to", "hwthread"],
        .. job.LogDirectory is { } logs ? ["--output", $"dir={logs}"] : (string[])[],
        .. job.AsRoot ? ["--allow-run-as-root"] : (string[])[],
        .. job.Shell is { } shell ? ["--prtemca", "plm_ssh_agent", shell] : (string[])[],
        .. Keepalive.SelectMany(one => (string[])["--prtemca", one.Name, one.Value]),
        .. Variables(job).SelectMany(one => (string[])["-x", $"{one.Name}={one.Value}"]),
    ];

    /// <summary>MPICH does not know oversubscription; its ranks spin, and yield after some polls at most.</summary>
    private static IEnumerable<string> Mpich(MpiJob job) =>
    [
        "-n", Number(job.Placement.Ranks), "-hosts", Hosts(job),
        "-bind-to", job.Placement.IsOversubscribed || !job.Bind ? "none" : $"hwthread:{Number(job.Placement.Threads)}",
        .. job.Placement.IsOversubscribed ? ["-genv", "MPIR_CVAR_POLLS_BEFORE_YIELD", "1"] : (string[])[],
        .. job.LogDirectory is { } logs ? ["-outfile-pattern", Path.Combine(logs, "rank-%r.out"), "-errfile-pattern", Path.Combine(logs, "rank-%r.err")] : (string[])[],
        .. job.Shell is { } shell ? ["-launcher", "ssh", "-launcher-exec", shell] : (string[])[],
        .. Variables(job).SelectMany(one => (string[])["-genv", one.Name, one.Value]),
    ];

    /// <summary>Kernels, and libraries that use OpenMP, take the rank's threads.</summary>
    private static IEnumerable<(string Name, string Value)> Variables(MpiJob job) =>
        [("DUNLIN_NUM_THREADS", Number(job.Placement.Threads)), ("OMP_NUM_THREADS", Number(job.Placement.Threads)), .. job.Variables];

    private static string Hosts(MpiJob job) => string.Join(',', job.Placement.Seats.Select(seats => $"{seats.Host.Name}:{Number(seats.Ranks)}"));

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
