using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Dunlin.Communication;

namespace Dunlin.Strategies;

/// <summary>
/// What processes that a launcher has started know of each other's servers: MPI has carried addresses, a token and the fingerprints of certificates that were made for this run, so nobody writes any of them down. The first
/// processes are the workers, in the order of their ranks, so that rank 0 reports and saves here, too; the last ones are the servers.
/// </summary>
/// <param name="cluster">All processes of the run.</param>
/// <param name="listener">Of a server: where it listens already.</param>
/// <param name="certificate">Of a server, where it is reached from other hosts.</param>
/// <param name="fingerprints">Of each server's certificate; empty where all is on one host.</param>
internal sealed class ServerMeeting(Cluster cluster, Socket? listener, X509Certificate2? certificate, IReadOnlyList<string> fingerprints)
{
    /// <summary>All processes of the run.</summary>
    public Cluster Cluster => cluster;

    /// <summary>Of a server: where it listens already.</summary>
    public Socket? Listener => listener;

    /// <summary>What a server shows who it is with.</summary>
    public ConnectionSecurity Own(string token) => new(token, null, certificate);

    /// <summary>What a worker checks that it has reached a server with.</summary>
    public ConnectionSecurity Of(int server, string token) => new(token, fingerprints.Count == 0 ? null : new() { Fingerprint = fingerprints[server] });

    /// <summary>Lets all processes say where they are. All come here.</summary>
    /// <returns>What this process is.</returns>
    public static ServerProcesses Hold(Cluster cluster, int workers, ParameterServerOptions options)
    {
        var addresses = cluster.GatherAddresses();
        var token = SharedToken.Agree(cluster);
        var isServer = cluster.Rank >= workers;
        var certificate = isServer && !IPAddress.IsLoopback(addresses[0]) ? ConnectionSecurity.CreateCertificate() : null;
        var at = $"{addresses[cluster.Rank]}";
        var listener = isServer ? FrameListener.Open(new Endpoint(at, 0), new(token, null, certificate)) : null;
        var said = cluster.GatherTexts(listener is null ? "" : $"{new Endpoint(at, ((IPEndPoint)listener.LocalEndPoint!).Port)} {(certificate is null ? "" : ConnectionSecurity.FingerprintOf(certificate))}");
        var servers = said[workers..].Select(one => one.Split(' ')).ToList();
        if (cluster.Rank == 0) options.Log?.Invoke($"Servers are the ranks from {workers} on: {string.Join(", ", servers.Select((one, i) => $"{one[0]} on {cluster.Hosts[workers + i]}"))}{(cluster.Hosts.Distinct().Count() > 1 ? ", encrypted" : "")}.");
        return new()
        {
            Role = isServer ? ServerProcessRole.Server : ServerProcessRole.Worker,
            Number = isServer ? cluster.Rank - workers : cluster.Rank,
            Servers = [.. servers.Select(one => one[0])],
            Token = token,
            // One that is dead is noticed by the cluster: what is waited for here is only slow.
            Reconnect = cluster.Options.Timeout,
            Log = options.Log,
            Meeting = new(cluster, listener, certificate, [.. servers.Select(one => one[1]).Where(fingerprint => fingerprint.Length > 0)]),
        };
    }
}
