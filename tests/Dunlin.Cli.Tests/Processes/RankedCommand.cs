using System.Diagnostics;

namespace Dunlin.Cli.Tests;

/// <summary>The command as the ranks of a job.</summary>
internal static class RankedCommand
{
    /// <summary>What is missing for tests of several hosts; null where nothing is.</summary>
    public static string? MissingForHosts { get; } = Mpirun.Missing
        ?? (!Environment.IsPrivilegedProcess ? "eng/hosts needs root" : !Mpirun.Has("ip") ? "ip is not installed (Debian: iproute2)" : !Mpirun.Has("nsenter") ? "nsenter is not installed (Debian: util-linux)" : null);

    /// <summary>The command itself, as words.</summary>
    public static IReadOnlyList<string> Dunlin { get; } = ["dotnet", typeof(DunlinCommand).Assembly.Location];

    /// <summary>Describes the start of the command on several ranks of this machine.</summary>
    public static ProcessStartInfo Start(int ranks, params IEnumerable<string> arguments) => Mpirun.Start(ranks, [.. Dunlin, .. arguments]);

    /// <summary>Describes the start of a shell's words around the command, which is its <c>"$@"</c>, on several ranks of this machine.</summary>
    public static ProcessStartInfo StartBy(string script, int ranks, params IEnumerable<string> arguments) => Mpirun.Start(ranks, ["sh", "-c", script, "sh", .. Dunlin, .. arguments]);
}

/// <summary>A test that needs several hosts.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class HostsFactAttribute : FactAttribute
{
    public HostsFactAttribute() => Skip = RankedCommand.MissingForHosts;
}
