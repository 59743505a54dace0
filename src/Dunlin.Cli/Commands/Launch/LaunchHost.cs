using System.Globalization;
using System.Text.RegularExpressions;
using Dunlin.Cli.Configuration;

namespace Dunlin.Cli.Commands.Launch;

/// <summary>A machine that ranks run on.</summary>
/// <param name="Name">A name or an IPv4 address.</param>
/// <param name="Slots">How many ranks it takes, or null where nothing is said.</param>
internal sealed partial record LaunchHost(string Name, int? Slots = null)
{
    /// <summary>This machine, for runs that name no host.</summary>
    public static LaunchHost Here { get; } = new("localhost");

    /// <summary>Whether it is the machine that this process runs on: nobody needs a remote shell to get there.</summary>
    public bool IsHere => Name is "localhost" or "127.0.0.1" || FirstLabel(Name).Equals(FirstLabel(Environment.MachineName), StringComparison.OrdinalIgnoreCase);

    /// <summary>Reads <c>a:2,b:2</c> or <c>a,b</c>.</summary>
    /// <exception cref="ConfigurationException">An entry is none, or a host is named twice.</exception>
    public static IReadOnlyList<LaunchHost> ParseList(string list) =>
        Distinct(list.Split(',').Select(entry => Parse(entry.Trim(), "--hosts")), "--hosts");

    /// <summary>Reads a host file of Open MPI (<c>a slots=2</c>) or of MPICH (<c>a:2</c>); <c>#</c> begins a comment.</summary>
    /// <inheritdoc cref="ParseList" path="/exception"/>
    public static IReadOnlyList<LaunchHost> ParseFile(IEnumerable<string> lines, string name) => Distinct(
        lines.Select((line, i) => (Text: line.Split('#')[0].Trim(), Place: $"{name}:{i + 1}")).Where(line => line.Text.Length > 0).Select(line => Parse(line.Text, line.Place)), name);

    private static LaunchHost Parse(string entry, string source)
    {
        var match = Entry().Match(entry);
        if (!match.Success) throw new ConfigurationException($"{source}: \"{entry}\" is no host; expected a name, or a name and how many ranks it takes: a:2, or in a host file also a slots=2.");
        var slots = match.Groups["slots"];
        if (!slots.Success) return new(match.Groups["name"].Value);
        return int.TryParse(slots.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count is >= 1 and <= 65536
            ? new(match.Groups["name"].Value, count)
            : throw new ConfigurationException($"{source}: \"{entry}\": expected from 1 to 65536 ranks.");
    }

    private static LaunchHost[] Distinct(IEnumerable<LaunchHost> hosts, string source)
    {
        LaunchHost[] all = [.. hosts];
        if (all.Length == 0) throw new ConfigurationException($"{source}: names no host.");
        if (all.GroupBy(host => host.Name, StringComparer.OrdinalIgnoreCase).FirstOrDefault(same => same.Count() > 1) is { } twice)
            throw new ConfigurationException($"{source}: names {twice.Key} twice; say {twice.Key}:{twice.Sum(host => host.Slots ?? 1)} for more ranks on it.");
        if (all.Any(host => host.Slots is null) && all.Any(host => host.Slots is not null))
            throw new ConfigurationException($"{source}: says for {all.First(host => host.Slots is not null).Name} how many ranks it takes but not for {all.First(host => host.Slots is null).Name}: say it for all or for none.");
        return all;
    }

    private static string FirstLabel(string name) => name.Split('.')[0];

    [GeneratedRegex(@"^(?<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?::(?<slots>\d+)|\s+slots\s*=\s*(?<slots>\d+)(?:\s+max[-_]slots\s*=\s*\d+)?)?$")]
    private static partial Regex Entry();
}
