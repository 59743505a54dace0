using System.Net;
using System.Net.Sockets;

namespace Dunlin.Communication;

/// <summary>
/// By which addresses the hosts of a run reach each other. A host may have many, and names that others can't resolve; but every process has a connection to rank 0's, and what carried that one carries others.
/// </summary>
internal static class HostAddresses
{
    /// <summary>Both ends of a process's connection to rank 0.</summary>
    public static string Describe(Socket toFirst) => $"{Plain(toFirst.LocalEndPoint)} {Plain(toFirst.RemoteEndPoint)}";

    /// <summary>Each process's address.</summary>
    /// <param name="hosts">Their hosts' names.</param>
    /// <param name="connections">What <see cref="Describe"/> says of each.</param>
    public static IReadOnlyList<IPAddress> Of(IReadOnlyList<string> hosts, IReadOnlyList<string> connections)
    {
        var distant = Enumerable.Range(0, hosts.Count).FirstOrDefault(i => hosts[i] != hosts[0], -1);
        if (distant < 0) return [.. hosts.Select(_ => IPAddress.Loopback)];
        // Rank 0's host is reached where a process of another one has reached it.
        return [.. hosts.Select((host, i) => IPAddress.Parse(host == hosts[0] ? connections[distant].Split(' ')[1] : connections[i].Split(' ')[0]))];
    }

    private static IPAddress Plain(EndPoint? end)
    {
        var address = ((IPEndPoint)end!).Address;
        return address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
    }
}
