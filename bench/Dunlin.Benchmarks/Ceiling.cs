using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Dunlin.Benchmarks;

/// <summary>
/// What the machine can do at most: fused multiply-adds of Float32 that wait for nothing but each other. Twelve chains cover the latency of 4 to 6 cycles on two units.
/// </summary>
internal static class Ceiling
{
    private const int Chains = 12, Rounds = 1_000_000, Repeats = 7;

    /// <summary>10⁹ operations a second, the best of some runs on so many threads at once; a multiply-add is two.</summary>
    /// <param name="threads">At least 1.</param>
    public static double GigaFlops(int threads)
    {
        var best = Measure(threads, 8, Vectors256);
        // Where both widths are there, neither is always the faster: wide vectors may lower the clock. Asked of the instruction set, since .NET prefers 256 bits on some processors.
        return Avx512F.IsSupported ? Math.Max(best, Measure(threads, 16, Vectors512)) : best;
    }

    private static double Measure(int threads, int lanes, Func<int, float> run)
    {
        var best = 0.0;
        for (var i = 0; i < Repeats; i++)
        {
            using var start = new Barrier(threads + 1);
            using var end = new Barrier(threads + 1);
            var workers = Enumerable.Range(0, threads).Select(_ => new Thread(() =>
            {
                start.SignalAndWait();
                Sink = run(Rounds);
                end.SignalAndWait();
            })).ToList();
            foreach (var worker in workers) worker.Start();
            start.SignalAndWait();
            var begin = Stopwatch.GetTimestamp();
            end.SignalAndWait();
            best = Math.Max(best, 2.0 * lanes * Chains * Rounds * threads / Stopwatch.GetElapsedTime(begin).TotalSeconds / 1e9);
            foreach (var worker in workers) worker.Join();
        }
        return best;
    }

    /// <summary>Read by nobody; keeps results from being left out.</summary>
    private static float Sink { get; set; }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Vectors512(int rounds)
    {
        // Towards a fixed point, so that no number grows or becomes denormal.
        Vector512<float> m = Vector512.Create(0.5f), c = Vector512.Create(0.25f);
        Vector512<float> a0 = c, a1 = c, a2 = c, a3 = c, a4 = c, a5 = c, a6 = c, a7 = c, a8 = c, a9 = c, a10 = c, a11 = c;
        for (var i = 0; i < rounds; i++)
        {
            a0 = Avx512F.FusedMultiplyAdd(a0, m, c);
            a1 = Avx512F.FusedMultiplyAdd(a1, m, c);
            a2 = Avx512F.FusedMultiplyAdd(a2, m, c);
            a3 = Avx512F.FusedMultiplyAdd(a3, m, c);
            a4 = Avx512F.FusedMultiplyAdd(a4, m, c);
            a5 = Avx512F.FusedMultiplyAdd(a5, m, c);
            a6 = Avx512F.FusedMultiplyAdd(a6, m, c);
            a7 = Avx512F.FusedMultiplyAdd(a7, m, c);
            a8 = Avx512F.FusedMultiplyAdd(a8, m, c);
            a9 = Avx512F.FusedMultiplyAdd(a9, m, c);
            a10 = Avx512F.FusedMultiplyAdd(a10, m, c);
            a11 = Avx512F.FusedMultiplyAdd(a11, m, c);
        }
        return Vector512.Sum(a0 + a1 + a2 + a3 + a4 + a5 + a6 + a7 + a8 + a9 + a10 + a11);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Vectors256(int rounds)
    {
        Vector256<float> m = Vector256.Create(0.5f), c = Vector256.Create(0.25f);
        Vector256<float> a0 = c, a1 = c, a2 = c, a3 = c, a4 = c, a5 = c, a6 = c, a7 = c, a8 = c, a9 = c, a10 = c, a11 = c;
        for (var i = 0; i < rounds; i++)
        {
            a0 = Vector256.FusedMultiplyAdd(a0, m, c);
            a1 = Vector256.FusedMultiplyAdd(a1, m, c);
            a2 = Vector256.FusedMultiplyAdd(a2, m, c);
            a3 = Vector256.FusedMultiplyAdd(a3, m, c);
            a4 = Vector256.FusedMultiplyAdd(a4, m, c);
            a5 = Vector256.FusedMultiplyAdd(a5, m, c);
            a6 = Vector256.FusedMultiplyAdd(a6, m, c);
            a7 = Vector256.FusedMultiplyAdd(a7, m, c);
            a8 = Vector256.FusedMultiplyAdd(a8, m, c);
            a9 = Vector256.FusedMultiplyAdd(a9, m, c);
            a10 = Vector256.FusedMultiplyAdd(a10, m, c);
            a11 = Vector256.FusedMultiplyAdd(a11, m, c);
        }
        return Vector256.Sum(a0 + a1 + a2 + a3 + a4 + a5 + a6 + a7 + a8 + a9 + a10 + a11);
    }
}
