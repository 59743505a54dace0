using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Dunlin.Tensors.Kernels.Managed;

namespace Dunlin.Tensors;

/// <summary>
/// Fused multiply-adds of Float32 that wait for nothing but each other: what a processor's vector units do at most. Twelve chains cover the latency of 4 to 6 cycles on two units.
/// </summary>
internal static unsafe class VectorRate
{
    private const int Chains = 12, Rounds = 500_000;

    /// <summary>Floating-point operations a second of all threads together; a multiply-add is two.</summary>
    public static double Measure(ThreadTeam threads)
    {
        var rate = Best(threads, Vector256<float>.Count, Run<Vector256<float>, Lanes256<float>>);
        // Where both widths are there, neither is always the faster: wide vectors may lower the clock. Asked of the instruction set, since .NET prefers 256 bits on some processors.
        return Avx512F.IsSupported ? Math.Max(rate, Best(threads, Vector512<float>.Count, Run<Vector512<float>, Lanes512<float>>)) : rate;
    }

    private static double Best(ThreadTeam threads, int lanes, Func<int, float> run) =>
        2.0 * lanes * Chains * Rounds * threads.Size / Rates.Fastest(threads, (_, _) => Sink = run(Rounds), seconds: 0.06);

    /// <summary>Read by nobody; keeps results from being left out.</summary>
    private static float Sink { get; set; }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Run<TVector, TLanes>(int rounds) where TVector : struct where TLanes : ILanes<float, TVector>
    {
        // Towards a fixed point, so that no number grows or becomes denormal.
        TVector m = TLanes.Broadcast(0.5f), c = TLanes.Broadcast(0.25f);
        TVector a0 = c, a1 = c, a2 = c, a3 = c, a4 = c, a5 = c, a6 = c, a7 = c, a8 = c, a9 = c, a10 = c, a11 = c;
        for (var i = 0; i < rounds; i++)
        {
            a0 = TLanes.MultiplyAdd(a0, m, c);
            a1 = TLanes.MultiplyAdd(a1, m, c);
            a2 = TLanes.MultiplyAdd(a2, m, c);
            a3 = TLanes.MultiplyAdd(a3, m, c);
            a4 = TLanes.MultiplyAdd(a4, m, c);
            a5 = TLanes.MultiplyAdd(a5, m, c);
            a6 = TLanes.MultiplyAdd(a6, m, c);
            a7 = TLanes.MultiplyAdd(a7, m, c);
            a8 = TLanes.MultiplyAdd(a8, m, c);
            a9 = TLanes.MultiplyAdd(a9, m, c);
            a10 = TLanes.MultiplyAdd(a10, m, c);
            a11 = TLanes.MultiplyAdd(a11, m, c);
        }
        var sums = stackalloc float[TLanes.Count];
        TLanes.Store(TLanes.Add(TLanes.Add(TLanes.Add(TLanes.Add(a0, a1), TLanes.Add(a2, a3)), TLanes.Add(TLanes.Add(a4, a5), TLanes.Add(a6, a7))), TLanes.Add(TLanes.Add(a8, a9), TLanes.Add(a10, a11))), sums);
        return sums[0];
    }
}
