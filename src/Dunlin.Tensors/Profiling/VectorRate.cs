using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Dunlin.Tensors;

/// <summary>
/// Fused multiply-adds of Float32 that wait for nothing but each other: what a processor's vector units do at most. Twelve chains cover the latency of 4 to 6 cycles on two units.
/// </summary>
internal static class VectorRate
{
    private const int Chains = 12, Rounds = 500_000;

    /// <summary>Floating-point operations a second of all threads together; a multiply-add is two.</summary>
    public static double Measure(ThreadTeam threads)
    {
        var rate = Best(threads, Vector256<float>.Count, Vectors256);
        // Where both widths are there, neither is always the faster: wide vectors may lower the clock. Asked of the instruction set, since .NET prefers 256 bits on some processors.
        return Avx512F.IsSupported ? Math.Max(rate, Best(threads, Vector512<float>.Count, Vectors512)) : rate;
    }

    private static double Best(ThreadTeam threads, int lanes, Func<int, float> run) =>
        2.0 * lanes * Chains * Rounds * threads.Size / Rates.Fastest(threads, (_, _) => Sink = run(Rounds), seconds: 0.06);

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
