using System.Globalization;
using Dunlin.Cli.Configuration;

namespace Dunlin.Cli.Commands.Launch;

/// <summary>What <c>dunlin launch</c> was asked for.</summary>
internal sealed record LaunchSettings
{
    /// <summary>More than any cluster has: a larger number is a mistake.</summary>
    public const int MostRanks = 1 << 20;

    /// <summary>The machines, in order of preference.</summary>
    public IReadOnlyList<LaunchHost> Hosts { get; init; } = [LaunchHost.Here];

    /// <summary>Ranks in all (<c>-n</c>), or null.</summary>
    public int? Ranks { get; init; }

    /// <summary>Ranks on each host (<c>--nproc-per-node</c>), or null.</summary>
    public int? RanksPerHost { get; init; }

    /// <summary>With fewer hosts than this a run does not start.</summary>
    public required int MinHosts { get; init; }

    /// <summary>More hosts than this are spare ones.</summary>
    public required int MaxHosts { get; init; }

    /// <summary>How many times a run that lost a rank is started again.</summary>
    public int MaxRestarts { get; init; }

    /// <summary>Where the ranks' output goes besides the console, or null.</summary>
    public string? LogDirectory { get; init; }

    /// <summary>Threads of each rank, or null: an equal share of the processors.</summary>
    public int? Threads { get; init; }

    /// <summary>Whether ranks are bound to processors where there are enough.</summary>
    public bool Bind { get; init; } = true;

    /// <summary>How long ranks may take to end after a signal, before they are ended.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The program that runs a command on another host, with its arguments; null for what MPI is set up for, else ssh.</summary>
    public string? Shell { get; init; }

    /// <summary>More arguments for mpirun.</summary>
    public IReadOnlyList<string> MpiArguments { get; init; } = [];

    /// <summary>What every rank runs.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>Reads <c>MIN:MAX</c> or a single number.</summary>
    /// <exception cref="ConfigurationException">It is neither, or more than there are.</exception>
    public static (int Min, int Max) ParseHostCounts(string? text, int hosts)
    {
        if (text is null) return (hosts, hosts);
        var parts = text.Split(':');
        if (parts.Length > 2 || !Parse(parts[0], out var min) || !Parse(parts[^1], out var max) || min < 1 || max < min)
            throw new ConfigurationException($"--nnodes {text}: expected a number of hosts, or MIN:MAX such as 1:4.");
        if (min > hosts) throw new ConfigurationException($"--nnodes {text}: {(hosts == 1 ? "there is one host" : $"there are {hosts} hosts")}; name more by --hosts or --hostfile.");
        return (min, Math.Min(max, hosts));
    }

    /// <summary>Reads <c>--nproc-per-node</c>: a number, or <c>auto</c> for null.</summary>
    /// <exception cref="ConfigurationException">It is neither.</exception>
    public static int? ParseRanksPerHost(string? text) => text is null or "auto" ? null
        : Parse(text, out var ranks) && ranks is >= 1 and <= MostRanks ? ranks
        : throw new ConfigurationException($"--nproc-per-node {text}: expected a number of ranks, at least 1, or auto.");

    private static bool Parse(string text, out int number) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
