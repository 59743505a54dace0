using System.Net;

namespace Dunlin.Communication.Tests;

public sealed class HostAddressesTests
{
    [Theory]
    [InlineData("a a", "127.0.0.1,127.0.0.1 127.0.0.1,127.0.0.1", "127.0.0.1 127.0.0.1")]
    // Rank 0 and its neighbour reach it within the machine; another host says where it is.
    [InlineData("a a b c", "127.0.0.1,127.0.0.1 127.0.0.1,127.0.0.1 10.0.0.2,10.0.0.1 10.0.0.3,10.0.0.1", "10.0.0.1 10.0.0.1 10.0.0.2 10.0.0.3")]
    [InlineData("a b a", "::1,::1 fd00::2,fd00::1 ::1,::1", "fd00::1 fd00::2 fd00::1")]
    public void Hosts_are_reached_where_they_reach_the_first(string hosts, string connections, string addresses) =>
        Assert.Equal(addresses.Split(' ').Select(IPAddress.Parse), HostAddresses.Of(hosts.Split(' '), [.. connections.Split(' ').Select(c => c.Replace(',', ' '))]));

    [Fact]
    public void A_process_alone_has_itself()
    {
        using var alone = Cluster.Alone();
        Assert.Equal([IPAddress.Loopback], alone.GatherAddresses());
        var token = SharedToken.Agree(alone);
        Assert.Equal(64, token.Length);
        Assert.NotEqual(token, SharedToken.Agree(alone));
    }
}
