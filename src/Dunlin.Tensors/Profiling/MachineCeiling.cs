namespace Dunlin.Tensors;

/// <summary>
/// What this machine can do at most, measured: Float32 operations of its vector units, and bytes from its caches and its memory. A kernel takes at least as long as the slower of the two
/// (Williams et al., "Roofline", 2009; for caches Ilic et al., 2014).
/// </summary>
public sealed class MachineCeiling
{
    private readonly double _flopsPerThread;
    private readonly IReadOnlyList<(long Bytes, double Rate)> _memoryPerThread;

    /// <summary>Ceilings that are known.</summary>
    /// <param name="threads">Threads that are busy at once.</param>
    /// <param name="flopsPerThread">Float32 operations a second of each of them.</param>
    /// <param name="memoryPerThread">For working sets of rising size, a thread's bytes a second; at least one.</param>
    public MachineCeiling(int threads, double flopsPerThread, IReadOnlyList<(long Bytes, double Rate)> memoryPerThread) =>
        (Threads, _flopsPerThread, _memoryPerThread) = (threads, flopsPerThread, memoryPerThread);

    /// <summary>Measures, for about half a second, with so many threads at once.</summary>
    /// <param name="threads">At least 1.</param>
    public static MachineCeiling Measure(int threads)
    {
        using var team = Kernels.KernelSets.Managed.CreateTeam(Require.AtLeast(nameof(MachineCeiling), threads, 1));
        return new(threads, VectorRate.Measure(team) / threads, MemoryRate.Measure(team));
    }

    /// <summary>Measures the vector units alone.</summary>
    /// <param name="threads">At least 1.</param>
    /// <returns>Float32 operations a second of all threads; a multiply-add is two.</returns>
    public static double MeasureFlops(int threads)
    {
        using var team = Kernels.KernelSets.Managed.CreateTeam(Require.AtLeast(nameof(MachineCeiling), threads, 1));
        return VectorRate.Measure(team);
    }

    /// <summary>How many threads this is the ceiling of.</summary>
    public int Threads { get; }

    /// <summary>Float32 operations a second; a multiply-add is two.</summary>
    public double Flops => _flopsPerThread * Threads;

    /// <summary>Bytes a second of main memory.</summary>
    public double MemoryBytes => _memoryPerThread[^1].Rate * Threads;

    /// <summary>For working sets of rising size, bytes of one thread and bytes a second of all.</summary>
    public IReadOnlyList<(long Bytes, double Rate)> Caches => [.. _memoryPerThread.Select(m => (m.Bytes, m.Rate * Threads))];

    /// <summary>The part of some of the threads, while the others are as busy.</summary>
    public MachineCeiling Of(int threads) => new(threads, _flopsPerThread, _memoryPerThread);

    /// <summary>Seconds that work takes at least.</summary>
    /// <param name="flops">Its floating-point operations.</param>
    /// <param name="bytes">What it reads and writes; the fewer, the nearer the cache that may hold it.</param>
    public double LeastSeconds(long flops, long bytes) => Math.Max(flops / Flops, bytes / (RateOf(bytes / Threads) * Threads));

    /// <summary>The rate of the largest set measured that is no larger, so that it is no less than the true one.</summary>
    private double RateOf(long bytes)
    {
        var rate = _memoryPerThread[0].Rate;
        foreach (var (size, measured) in _memoryPerThread)
            if (size <= bytes) rate = measured;
        return rate;
    }
}
