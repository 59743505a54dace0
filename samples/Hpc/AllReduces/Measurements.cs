using System.Diagnostics;
using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Samples.Hpc.AllReduces;

/// <summary>Times of this machine.</summary>
public static class Measurements
{
    /// <summary>Rounds that are timed together, of which the fastest counts: others only add to it.</summary>
    private const int Batches = 5;

    /// <summary>Seconds of one all-reduce of n bytes by one algorithm, or by the communicator's own where none is given.</summary>
    public static double AllReduce(int ranks, Algorithm? algorithm, long bytes, int rounds) => Time(ranks, bytes, rounds, (communicator, buffer) =>
    {
        if (algorithm is null) communicator.AllReduce(buffer);
        else algorithm.Run(new Port(communicator), buffer);
    });

    /// <summary>α and β of messages between two ranks: half of a round trip, for a small and a large one; γ from additions alone.</summary>
    public static Cost PointToPoint(int rounds)
    {
        const long small = 8, large = 4 << 20;
        double OneWay(long bytes) => Time(2, bytes, rounds, (ranks, buffer) =>
        {
            var port = new Port(ranks);
            if (ranks.Rank == 0) port.Send(buffer, 1);
            else port.Receive(buffer, 0);
            if (ranks.Rank == 0) port.Receive(buffer, 1);
            else port.Send(buffer, 0);
        }) / 2;
        var (alpha, slow) = (OneWay(small), OneWay(large));
        var other = Tensor.Zeros(DType.Float32, [(int)(large / sizeof(float))]);
        var add = Time(1, large, rounds, (ranks, buffer) => new Port(ranks).Add(buffer, other));
        GC.KeepAlive(other);
        return new(alpha, Math.Max(0, slow - alpha) / large, add / large);
    }

    private static double Time(int ranks, long bytes, int rounds, Action<ICommunicator, CommBuffer> body) => Team.Run(ranks, communicator =>
    {
        var buffer = Tensor.Zeros(DType.Float32, [(int)(bytes / sizeof(float))]);
        var fastest = double.PositiveInfinity;
        for (var batch = 0; batch <= Batches; batch++)
        {
            communicator.Barrier();
            var begin = Stopwatch.GetTimestamp();
            for (var round = 0; round < rounds; round++) body(communicator, buffer);
            communicator.Barrier();
            // The first batch warms up.
            if (batch > 0) fastest = Math.Min(fastest, Stopwatch.GetElapsedTime(begin).TotalSeconds / rounds);
        }
        GC.KeepAlive(buffer);
        return fastest;
    }).Max();
}
