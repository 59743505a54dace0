using Dunlin.Cli.Commands.Launch;
using Dunlin.Cli.Configuration;

namespace Dunlin.Cli.Tests.Launch;

public class PlacementTests
{
    private static LaunchSettings Settings(string? hosts, int? ranks = null, int? each = null, int? min = null, int? max = null, int? threads = null)
    {
        var all = hosts is null ? [LaunchHost.Here] : LaunchHost.ParseList(hosts);
        return new() { Hosts = all, Ranks = ranks, RanksPerHost = each, MinHosts = min ?? all.Count, MaxHosts = max ?? all.Count, Threads = threads, Command = ["true"] };
    }

    /// <summary>Places on hosts of eight processors; those named have gone.</summary>
    private static Placement Place(LaunchSettings settings, params string[] gone)
    {
        Placement.Check(settings);
        return Placement.Of(settings, [.. settings.Hosts.Where(host => !gone.Contains(host.Name)).Select(host => (host, 8))]);
    }

    private static string Text(Placement placement) => $"{string.Join(' ', placement.Seats.Select(seats => $"{seats.Host.Name}:{seats.Ranks}"))} x{placement.Threads}{(placement.IsOversubscribed ? " over" : "")}";

    [Fact]
    public void Ranks_are_spread_as_asked_and_share_the_processors()
    {
        Assert.Equal("localhost:8 x1", Text(Place(Settings(null))));
        Assert.Equal("localhost:2 x4", Text(Place(Settings(null, ranks: 2))));
        Assert.Equal("localhost:12 x1 over", Text(Place(Settings(null, ranks: 12))));
        Assert.Equal("localhost:3 x2", Text(Place(Settings(null, ranks: 3))));
        Assert.Equal("localhost:3 x3 over", Text(Place(Settings(null, ranks: 3, threads: 3))));
        Assert.Equal("a:2 b:6 x1", Text(Place(Settings("a:2,b:6"))));
        Assert.Equal("a:2 b:1 x4", Text(Place(Settings("a:2,b:6", ranks: 3))));
        Assert.Equal("a:2 x4", Text(Place(Settings("a:2,b:6", ranks: 2, min: 1))));
        Assert.Equal("a:3 b:2 c:2 x2", Text(Place(Settings("a,b,c", ranks: 7))));
        Assert.Equal("a:4 b:4 x2", Text(Place(Settings("a,b", each: 4))));
    }

    /// <summary>Whoever stays keeps no more ranks than before, and spare hosts step in.</summary>
    [Fact]
    public void Hosts_that_are_gone_take_their_ranks_with_them()
    {
        Assert.Equal("b:4 x2", Text(Place(Settings("a,b", each: 4, min: 1), gone: "a")));
        Assert.Equal("a:3 c:2 x2", Text(Place(Settings("a,b,c", ranks: 7, min: 1), gone: "b")));
        Assert.Equal("b:6 x1", Text(Place(Settings("a:2,b:6", min: 1), gone: "a")));
        Assert.Equal("a:2 c:2 x4", Text(Place(Settings("a,b,c", ranks: 4, min: 1, max: 2), gone: "b")));
        Assert.Equal("a:2 b:2 x4", Text(Place(Settings("a,b,c", ranks: 4, min: 1, max: 2))));
    }

    [Fact]
    public void The_smallest_host_decides_the_threads_of_all() =>
        Assert.Equal("a:2 b:2 x2", Text(Placement.Of(Settings("a,b", each: 2), [(new("a"), 16), (new("b"), 4)])));

    [Fact]
    public void What_no_hosts_can_satisfy_is_refused()
    {
        Assert.Contains("-n 5 contradicts --nproc-per-node 2 on 2 hosts, which makes 4", Refusal(Settings("a,b", ranks: 5, each: 2)), StringComparison.Ordinal);
        Assert.Contains("a takes 2 ranks; say a:3", Refusal(Settings("a:2,b:3", each: 3)), StringComparison.Ordinal);
        Assert.Contains("the hosts take 4 ranks in all", Refusal(Settings("a:2,b:2", ranks: 5)), StringComparison.Ordinal);
        Assert.Contains("fewer ranks than the 3 hosts", Refusal(Settings("a,b,c", ranks: 2)), StringComparison.Ordinal);
    }

    private static string Refusal(LaunchSettings settings) => Assert.Throws<ConfigurationException>(() => Placement.Check(settings)).Message;
}
