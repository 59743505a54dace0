using System.Diagnostics;
using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>What an all-reduce costs between the ranks of a group: T(n) = α + β n (Hockney, 1994). α and β are those of the whole collective, not of one message.</summary>
/// <param name="Latency">α, seconds, above 0.</param>
/// <param name="SecondsPerByte">β, above 0.</param>
public sealed record AllReduceCost(double Latency, double SecondsPerByte)
{
    private const int Small = 4 << 10, Large = 1 << 20, Turns = 5, Calls = 4;

    /// <summary>The least and the largest bucket that is worth a thought: below, calls cost more than bytes everywhere; above, nothing is left to overlap.</summary>
    private const long LeastBucket = 64 << 10, LargestBucket = 64 << 20;

    /// <summary>Seconds of one all-reduce.</summary>
    /// <param name="bytes">Of each rank, at least 0.</param>
    public double Of(long bytes) => Latency + SecondsPerByte * bytes;

    /// <summary>
    /// The bucket size that costs a step least: total / b calls of α each, and the last bucket's β b, which nothing is left to hide behind. Their sum is least at b = √(total · α / β). Rounded to
    /// a power of four, so that measurements that differ a little lead to the same buckets.
    /// </summary>
    /// <param name="total">Bytes of all gradients, at least 0.</param>
    public long BestBucket(long total)
    {
        var best = Math.Sqrt(total * Latency / SecondsPerByte);
        if (double.IsNaN(best)) return LeastBucket;
        var rounded = Math.Pow(4, Math.Round(Math.Log(Math.Clamp(best, LeastBucket, LargestBucket), 4)));
        return Math.Clamp((long)rounded, LeastBucket, LargestBucket);
    }

    /// <summary>Measures it, in a few milliseconds. All ranks call, and all get the same numbers: those of the slowest.</summary>
    public static AllReduceCost Measure(ICommunicator communicator)
    {
        var buffer = (communicator.Rent ?? NativeBuffer.Rent)(Large);
        var (small, large) = (double.MaxValue, double.MaxValue);
        for (var turn = 0; turn < Turns; turn++)
        {
            // The first turn wakes everybody up.
            small = Math.Min(small, Time(communicator, buffer, Small));
            large = Math.Min(large, Time(communicator, buffer, Large));
        }
        GC.KeepAlive(buffer);
        var slowest = Tensor.From([small, large]);
        communicator.AllReduce(slowest, ReduceOp.Max);
        var times = slowest.ToArray<double>();
        return Through((Small, times[0]), (Large, times[1]));
    }

    /// <summary>The cost that goes through two measurements.</summary>
    internal static AllReduceCost Through((long Bytes, double Seconds) small, (long Bytes, double Seconds) large)
    {
        const double Least = 1e-13;
        var perByte = Math.Max(Least, (large.Seconds - small.Seconds) / (large.Bytes - small.Bytes));
        return new(Math.Max(1e-9, small.Seconds - perByte * small.Bytes), perByte);
    }

    private static unsafe double Time(ICommunicator communicator, NativeBuffer buffer, int bytes)
    {
        new Span<byte>((void*)buffer.Address, bytes).Clear();
        var part = new CommBuffer(buffer.Address, bytes / sizeof(float), DType.Float32);
        communicator.Barrier();
        var begin = Stopwatch.GetTimestamp();
        for (var call = 0; call < Calls; call++) communicator.StartAllReduce(part, ReduceOp.Sum).Wait();
        return Stopwatch.GetElapsedTime(begin).TotalSeconds / Calls;
    }
}
