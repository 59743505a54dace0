using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Dunlin.Tensors;

/// <content>
/// Several blocks at once: the four words of a block lie in 64-bit lanes, a block a lane. The multiplication reads a lane's lower half
/// only, so the upper halves may hold anything until the words are put together.
/// </content>
public static unsafe partial class Philox
{
    /// <summary>Writes as many whole groups of blocks as fit and returns how many words that were.</summary>
    private static int FillVectors(Span<uint> destination, PhiloxKey key, ulong block)
    {
        fixed (uint* target = destination)
        {
            if (Avx512F.IsSupported) return Fill512(target, destination.Length, key, block);
            return Avx2.IsSupported ? Fill256(target, destination.Length, key, block) : 0;
        }
    }

    internal static int Fill512(uint* target, int count, PhiloxKey key, ulong block)
    {
        // Unpacking takes even lanes, then odd ones: numbered so, the blocks come out in order.
        var order = Vector512.Create(0ul, 4, 1, 5, 2, 6, 3, 7);
        var (m0, m1) = (Vector512.Create((ulong)Multiplier0).AsUInt32(), Vector512.Create((ulong)Multiplier1).AsUInt32());
        var i = 0;
        for (; i + 32 <= count; i += 32, block += 8)
        {
            var c0 = Vector512.Create(block) + order;
            var c1 = c0 >>> 32;
            var (c2, c3) = (Vector512.Create((ulong)key.Step), Vector512.Create((ulong)key.Stream));
            var (k0, k1) = ((uint)key.Seed, (uint)(key.Seed >> 32));
            for (var round = 0; round < Rounds; round++)
            {
                var p0 = Avx512F.Multiply(c0.AsUInt32(), m0);
                var p1 = Avx512F.Multiply(c2.AsUInt32(), m1);
                c0 = (p1 >>> 32) ^ c1 ^ Vector512.Create((ulong)k0);
                c2 = (p0 >>> 32) ^ c3 ^ Vector512.Create((ulong)k1);
                (c1, c3) = (p1, p0);
                k0 += Weyl0;
                k1 += Weyl1;
            }
            var low = Vector512.Create((ulong)uint.MaxValue);
            var first = (c0 & low) | (c1 << 32);
            var second = (c2 & low) | (c3 << 32);
            Avx512F.UnpackLow(first, second).AsUInt32().Store(target + i);
            Avx512F.UnpackHigh(first, second).AsUInt32().Store(target + i + 16);
        }
        return i;
    }

    internal static int Fill256(uint* target, int count, PhiloxKey key, ulong block)
    {
        var order = Vector256.Create(0ul, 2, 1, 3);
        var (m0, m1) = (Vector256.Create((ulong)Multiplier0).AsUInt32(), Vector256.Create((ulong)Multiplier1).AsUInt32());
        var i = 0;
        for (; i + 16 <= count; i += 16, block += 4)
        {
            var c0 = Vector256.Create(block) + order;
            var c1 = c0 >>> 32;
            var (c2, c3) = (Vector256.Create((ulong)key.Step), Vector256.Create((ulong)key.Stream));
            var (k0, k1) = ((uint)key.Seed, (uint)(key.Seed >> 32));
            for (var round = 0; round < Rounds; round++)
            {
                var p0 = Avx2.Multiply(c0.AsUInt32(), m0);
                var p1 = Avx2.Multiply(c2.AsUInt32(), m1);
                c0 = (p1 >>> 32) ^ c1 ^ Vector256.Create((ulong)k0);
                c2 = (p0 >>> 32) ^ c3 ^ Vector256.Create((ulong)k1);
                (c1, c3) = (p1, p0);
                k0 += Weyl0;
                k1 += Weyl1;
            }
            var low = Vector256.Create((ulong)uint.MaxValue);
            var first = (c0 & low) | (c1 << 32);
            var second = (c2 & low) | (c3 << 32);
            Avx2.UnpackLow(first, second).AsUInt32().Store(target + i);
            Avx2.UnpackHigh(first, second).AsUInt32().Store(target + i + 8);
        }
        return i;
    }
}
