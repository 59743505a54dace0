using System.Net;

namespace Dunlin.Communication.Tests;

/// <summary>A process alone with the watch: its own server tells it what it has told the server.</summary>
public sealed class WatchClientTests
{
    /// <summary>Processes do not come out of MPI_Comm_dup at one time.</summary>
    [Fact]
    public void A_group_that_has_failed_before_it_began_here_fails_at_once()
    {
        var (host, patience, options) = (Dns.GetHostName(), new Patience(TimeSpan.FromSeconds(4)), new ClusterOptions());
        using var seats = new Seats(FlightRecorder.Create($"dunlin-{Guid.NewGuid():N}"), 0);
        using var server = new WatchServer(1, host, "secret", patience);
        var hello = new Hello(0, host, Environment.ProcessId, "secret", seats.RecorderPath);
        using var client = new WatchClient(new(WatchConnection.Connect(["127.0.0.1"], server.Port, TimeSpan.FromSeconds(5))), hello, hello, patience, seats.State, () => null, () => null, TextWriter.Null, options.Grace);
        var other = new ProcessWorld(1, client, options);

        client.Tell(new FailNotice(2, "rank 1 has had enough"));
        // Verdicts come in the order in which they were made.
        client.Tell(new FailNotice(other.Id, "and so has rank 0"));
        Assert.True(SpinWait.SpinUntil(() => other.Failed, TimeSpan.FromSeconds(30)));

        Assert.Equal("rank 1 has had enough", new ProcessWorld(2, client, options).Reason);
        Assert.False(new ProcessWorld(3, client, options).Failed);
    }
}
