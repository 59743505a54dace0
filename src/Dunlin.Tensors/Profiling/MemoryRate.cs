namespace Dunlin.Tensors;

/// <summary>
/// Bytes a second between a team and its memory, for working sets from the first-level cache to main memory: the faster of reading alone (a sum) and McCalpin's triad
/// a = b + s · c, whose three arrays count as read and written once each.
/// </summary>
internal static class MemoryRate
{
    /// <summary>Bytes of a thread's working set: the first fits into any first-level cache, the last into no cache that a core has to itself.</summary>
    private static readonly long[] Sets = [16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20, 64 << 20];

    /// <summary>All threads together take no more than this.</summary>
    private const long MostBytes = 512 << 20;

    private const int Rounds = 3;

    /// <summary>A run takes at least about this many bytes from each thread, so that starting the team does not count.</summary>
    private const long BytesPerRun = 4 << 20;

    /// <summary>For each size of a thread's working set, a thread's bytes a second while all threads do the same; a larger set is never faster.</summary>
    public static IReadOnlyList<(long Bytes, double Rate)> Measure(ThreadTeam threads)
    {
        var most = Sets.Where((set, i) => i == 0 || set * threads.Size <= MostBytes).Max();
        var memory = NativeBuffer.Rent(most * threads.Size);
        // Each thread touches its own part first, so that on machines of several memories it lies near it.
        Rates.Fastest(threads, (worker, _) => Part(memory, most, worker).Fill(1), seconds: 0);
        var rates = Sets.Where(set => set <= most).Select(set => (Bytes: set, Rate: 0.0)).ToArray();
        // In rounds, so that what disturbs one for a moment does not disturb all runs of a size.
        for (var round = 0; round < Rounds; round++)
            foreach (ref var one in rates.AsSpan())
                one.Rate = Math.Max(one.Rate, Math.Max(Reads(threads, memory, most, one.Bytes), Triads(threads, memory, most, one.Bytes)));
        for (var i = rates.Length - 2; i >= 0; i--) rates[i].Rate = Math.Max(rates[i].Rate, rates[i + 1].Rate);
        GC.KeepAlive(memory);
        return rates;
    }

    private static double Reads(ThreadTeam threads, NativeBuffer memory, long most, long set) =>
        Rate(threads, set, worker => Sink = MemoryLoops.Sum(Part(memory, most, worker)[..(int)(set / sizeof(float))]));

    private static double Triads(ThreadTeam threads, NativeBuffer memory, long most, long set)
    {
        var third = (int)(set / 3 / sizeof(float)) & -MemoryLoops.Grain;
        return Rate(threads, 3L * third * sizeof(float), worker => MemoryLoops.Triad(Part(memory, most, worker)[..(3 * third)]));
    }

    private static double Rate(ThreadTeam threads, long bytes, Action<int> pass)
    {
        var passes = (int)Math.Max(1, BytesPerRun / bytes);
        return passes * bytes / Rates.Fastest(threads, (worker, _) =>
        {
            for (var i = 0; i < passes; i++) pass(worker);
        }, seconds: 0.008);
    }

    /// <summary>Read by nobody; keeps results from being left out.</summary>
    private static float Sink { get; set; }

    private static unsafe Span<float> Part(NativeBuffer memory, long bytes, int worker) => new((void*)(memory.Address + (nint)(worker * bytes)), (int)(bytes / sizeof(float)));
}
