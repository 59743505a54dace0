using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Dunlin.Tensors;

/// <content>Four blocks at once, one in each lane of 64 bits.</content>
public static partial class Philox
{
    /// <summary>Writes groups of four blocks and returns how many words that were; none where the processor lacks AVX2.</summary>
    private static int FillBlocksWide(Span<uint> destination, PhiloxKey key, ulong block)
    {
        const int group = 16;
        if (!Avx2.IsSupported) return 0;
        var (step, stream) = (Vector256.Create((ulong)key.Step), Vector256.Create((ulong)key.Stream));
        var (key0, key1) = (Vector256.Create(key.Seed & uint.MaxValue), Vector256.Create(key.Seed >> 32));
        var (multiplier0, multiplier1) = (Vector256.Create((ulong)Multiplier0).AsUInt32(), Vector256.Create((ulong)Multiplier1).AsUInt32());
        var (weyl0, weyl1) = (Vector256.Create((ulong)Weyl0), Vector256.Create((ulong)Weyl1));
        var counter = Vector256.Create(block) + Vector256.Create(0ul, 1, 2, 3);
        var words = MemoryMarshal.Cast<uint, ulong>(destination[..(destination.Length / group * group)]);
        for (var at = 0; at < words.Length; at += 8, counter += Vector256.Create(4ul))
        {
            // A lane's lower half is a word; its upper half may hold anything, for the multiplication does not read it.
            var (c0, c1, c2, c3, k0, k1) = (counter, counter >> 32, step, stream, key0, key1);
            for (var round = 0; round < Rounds; round++)
            {
                var p0 = Avx2.Multiply(c0.AsUInt32(), multiplier0);
                var p1 = Avx2.Multiply(c2.AsUInt32(), multiplier1);
                c0 = (p1 >> 32) ^ c1 ^ k0;
                c1 = p1;
                c2 = (p0 >> 32) ^ c3 ^ k1;
                c3 = p0;
                k0 += weyl0;
                k1 += weyl1;
            }
            var first = (c0 & Vector256.Create((ulong)uint.MaxValue)) | (c1 << 32);
            var second = (c2 & Vector256.Create((ulong)uint.MaxValue)) | (c3 << 32);
            var (even, odd) = (Avx2.UnpackLow(first, second), Avx2.UnpackHigh(first, second));
            Avx2.Permute2x128(even, odd, 0x20).CopyTo(words[at..]);
            Avx2.Permute2x128(even, odd, 0x31).CopyTo(words[(at + 4)..]);
        }
        return words.Length * 2;
    }
}
