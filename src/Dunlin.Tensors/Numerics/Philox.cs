using System.Runtime.CompilerServices;

namespace Dunlin.Tensors;

/// <summary>
/// Philox4x32-10, a counter-based generator (Salmon et al., Parallel Random Numbers: As Easy as 1, 2, 3, SC 2011): a number is a pure
/// function of its key and its index, so it depends on no other draw, and any split of the work over threads or ranks gives the same bits.
/// </summary>
public static partial class Philox
{
    private const uint Multiplier0 = 0xD2511F53, Multiplier1 = 0xCD9E8D57;
    private const uint Weyl0 = 0x9E3779B9, Weyl1 = 0xBB67AE85;
    private const int Rounds = 10;

    private static readonly uint ShuffleStream = PhiloxKey.StreamOf("shuffle");

    /// <summary>Ten rounds of Philox4x32 on a counter of 128 bits with a key of 64 bits.</summary>
    /// <returns>Four words of 32 random bits.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (uint X0, uint X1, uint X2, uint X3) Block(uint c0, uint c1, uint c2, uint c3, uint k0, uint k1)
    {
        for (var round = 0; round < Rounds; round++)
        {
            var p0 = (ulong)Multiplier0 * c0;
            var p1 = (ulong)Multiplier1 * c2;
            (c0, c1, c2, c3) = ((uint)(p1 >> 32) ^ c1 ^ k0, (uint)p1, (uint)(p0 >> 32) ^ c3 ^ k1, (uint)p0);
            k0 += Weyl0;
            k1 += Weyl1;
        }
        return (c0, c1, c2, c3);
    }

    /// <summary>The four words at one position of a key's sequence.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (uint X0, uint X1, uint X2, uint X3) Block(PhiloxKey key, ulong block) =>
        Block((uint)block, (uint)(block >> 32), key.Step, key.Stream, (uint)key.Seed, (uint)(key.Seed >> 32));

    /// <summary>The number at one index of what <see cref="FillUniform(Span{float}, PhiloxKey, ulong)"/> writes: uniform in [0, 1).</summary>
    public static float Uniform(PhiloxKey key, ulong index) => ToUniform(Word(key, index));

    /// <summary>A uniform integer in [0, <paramref name="bound"/>), without bias (Lemire, Fast Random Integer Generation in an Interval, 2019).</summary>
    /// <param name="bound">At least 1.</param>
    /// <param name="key">The sequence.</param>
    /// <param name="index">Which draw of the sequence; less than 2^56.</param>
    /// <exception cref="InvalidValueException">The bound is 0, or the index too large.</exception>
    public static ulong Below(ulong bound, PhiloxKey key, ulong index)
    {
        Require.AtLeast(nameof(Below), bound, 1ul);
        Require.Below(nameof(Below), index, 0ul, 1ul << 56);
        // The index's upper byte counts further attempts, so that a rejected draw never borrows its neighbour's numbers.
        for (var attempt = 0ul; ; attempt++)
        {
            var (x0, x1, x2, x3) = Block(key, index | attempt << 56);
            if (TryScale(x0 | (ulong)x1 << 32, bound, out var result) || TryScale(x2 | (ulong)x3 << 32, bound, out result)) return result;
        }
    }

    /// <summary>Writes a random order of 0 … n − 1 (Fisher and Yates), the same for the same seed, epoch and n.</summary>
    /// <param name="order">Receives the permutation; n is its length.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="epoch">Which permutation.</param>
    public static void Permutation(Span<int> order, ulong seed, uint epoch)
    {
        var key = new PhiloxKey(seed, ShuffleStream, epoch);
        for (var i = 0; i < order.Length; i++) order[i] = i;
        for (var i = order.Length - 1; i > 0; i--)
        {
            var other = (int)Below((ulong)i + 1, key, (ulong)i);
            (order[i], order[other]) = (order[other], order[i]);
        }
    }

    private static bool TryScale(ulong bits, ulong bound, out ulong result)
    {
        result = Math.BigMul(bits, bound, out var low);
        return low >= bound || low >= unchecked(0 - bound) % bound;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float ToUniform(uint bits) => (bits >> 8) * (1f / (1 << 24));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static double ToUniform(ulong bits) => (bits >> 11) * (1.0 / (1L << 53));
}
