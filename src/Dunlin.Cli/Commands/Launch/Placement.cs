using Dunlin.Cli.Configuration;

namespace Dunlin.Cli.Commands.Launch;

/// <summary>The ranks of one host.</summary>
/// <param name="Host">The host.</param>
/// <param name="Ranks">At least 1.</param>
/// <param name="Processors">Processors that the host has for us, at least 1.</param>
internal sealed record Seats(LaunchHost Host, int Ranks, int Processors);

/// <summary>Which host takes how many ranks, and how many threads a rank gets.</summary>
internal sealed record Placement(IReadOnlyList<Seats> Seats, int Threads)
{
    /// <summary>Ranks in all.</summary>
    public int Ranks => Seats.Sum(seats => seats.Ranks);

    /// <summary>Whether some host has more threads to run than processors: whoever waits must then give way instead of spinning.</summary>
    public bool IsOversubscribed => Seats.Any(seats => (long)seats.Ranks * Threads > seats.Processors);

    /// <summary>Places ranks on hosts that answer.</summary>
    /// <param name="settings">What was asked for.</param>
    /// <param name="hosts">Hosts in order of preference, at least one, with their processors; those beyond the most wanted are left out.</param>
    /// <remarks>
    /// A host's ranks depend on its place in the row alone and not on how many hosts there are, so a run that goes on with fewer hosts has fewer ranks, and no host more than before.
    /// </remarks>
    /// <exception cref="ConfigurationException">More ranks are wanted than hosts take.</exception>
    public static Placement Of(LaunchSettings settings, IReadOnlyList<(LaunchHost Host, int Processors)> hosts)
    {
        Seats[] seats = [.. hosts.Take(settings.MaxHosts).Select((host, place) => new Seats(host.Host, RanksOf(settings, host, place), host.Processors)).Where(one => one.Ranks > 0)];
        return new(seats, settings.Threads ?? Math.Max(1, seats.Min(one => one.Processors / one.Ranks)));
    }

    /// <summary>Refuses numbers that no hosts can satisfy.</summary>
    /// <inheritdoc cref="Of" path="/exception"/>
    public static void Check(LaunchSettings settings)
    {
        var hosts = settings.Hosts.Take(settings.MaxHosts).ToList();
        if (settings is { Ranks: { } ranks, RanksPerHost: { } each } && ranks != each * hosts.Count)
            throw new ConfigurationException($"-n {ranks} contradicts --nproc-per-node {each} on {Progress.Format.Count(hosts.Count, "host")}, which makes {each * hosts.Count}: say one of them.");
        foreach (var host in settings.Hosts.Where(host => settings.RanksPerHost > host.Slots))
            throw new ConfigurationException($"--nproc-per-node {settings.RanksPerHost}: {host.Name} takes {Progress.Format.Count(host.Slots!.Value, "rank")}; say {host.Name}:{settings.RanksPerHost}, or fewer ranks.");
        if (settings.Ranks is { } wanted && hosts.Sum(host => (long?)host.Slots) is { } slots && hosts[0].Slots is not null && wanted > slots)
            throw new ConfigurationException($"-n {wanted}: the hosts take {slots} ranks in all; give them more slots, or start fewer ranks.");
        if (settings.Ranks < settings.MinHosts)
            throw new ConfigurationException($"-n {settings.Ranks}: fewer ranks than the {settings.MinHosts} hosts that are to take part.");
    }

    private static int RanksOf(LaunchSettings settings, (LaunchHost Host, int Processors) host, int place) => settings switch
    {
        { RanksPerHost: { } each } => each,
        // As mpirun does: the first hosts are filled first.
        { Ranks: { } all } when host.Host.Slots is { } slots => Math.Clamp(all - settings.Hosts.Take(place).Sum(before => before.Slots ?? 0), 0, slots),
        { Ranks: { } all } => all / settings.MaxHosts + (place < all % settings.MaxHosts ? 1 : 0),
        _ => host.Host.Slots ?? host.Processors,
    };
}
