namespace Dunlin.Strategies;

/// <summary>A machine's connection to the network: it sends one message after the other, and receives them so.</summary>
/// <param name="bandwidth">Bytes per second, each way.</param>
internal sealed class SimulatedPort(double bandwidth)
{
    public double Bandwidth => bandwidth;

    /// <summary>When all that is to be sent will be.</summary>
    public double SentAt { get; set; }

    /// <summary>When all that is under way will be here.</summary>
    public double ReceivedAt { get; set; }
}

/// <summary>Carries messages on virtual time, and loses some.</summary>
internal sealed class SimulatedNetwork(VirtualTime time, SimulatedCluster cluster)
{
    /// <summary>What a message has besides its tensors.</summary>
    private const double HeaderBytes = 64;

    private readonly Draws _draws = new(cluster.Seed, "network", 0);

    public long Messages { get; private set; }

    public long Lost { get; private set; }

    public double Bytes { get; private set; }

    /// <summary>Sends a message.</summary>
    /// <param name="from">The sender's connection.</param>
    /// <param name="to">The receiver's.</param>
    /// <param name="bytes">Of its tensors.</param>
    /// <param name="deliver">Gives it to the receiver: once, never or twice.</param>
    public void Send(SimulatedPort from, SimulatedPort to, long bytes, Action deliver)
    {
        var size = bytes * cluster.BytesScale + HeaderBytes;
        Messages++;
        Bytes += size;
        var begin = Math.Max(time.Now, from.SentAt);
        from.SentAt = begin + size / from.Bandwidth;
        var failures = cluster.Failures;
        if (failures is not null && _draws.Happens(failures.Loss))
        {
            Lost++;
            return;
        }
        // It comes in while it goes out, and the slower of both ends says how fast.
        var end = Math.Max(Math.Max(begin + cluster.Latency, to.ReceivedAt) + size / to.Bandwidth, from.SentAt + cluster.Latency);
        to.ReceivedAt = end;
        if (failures is not null && _draws.Happens(failures.Delay)) end += _draws.Exponential(failures.DelaySeconds);
        time.At(end, deliver);
        if (failures is not null && _draws.Happens(failures.Duplication)) time.At(end + _draws.Exponential(failures.DelaySeconds), deliver);
    }
}
