using System.Runtime.CompilerServices;
using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>Reductions of the two 16-bit float types: in Float32, rounded once at the end.</summary>
internal static unsafe class HalfReduction
{
    /// <summary>Two tiles of floats that stay in the first-level cache.</summary>
    private const int Tile = 2048;

    [SkipLocalsInit]
    public static void Reduce(DType type, ReduceOp op, ReadOnlySpan<nint> sources, nint target, int length)
    {
        Span<float> sums = stackalloc float[Tile];
        Span<float> terms = stackalloc float[Tile];
        for (var begin = 0; begin < length; begin += Tile)
        {
            var count = Math.Min(Tile, length - begin);
            var sum = sums[..count];
            var term = terms[..count];
            HalfPrecision.Widen(type, At(sources[0], begin), sum);
            foreach (var source in sources[1..])
            {
                HalfPrecision.Widen(type, At(source, begin), term);
                Reduction.Combine<float>(op, sum, term, sum);
            }
            HalfPrecision.Narrow(type, sum, At(target, begin));
        }
    }

    private static nint At(nint address, int element) => address + element * sizeof(ushort);
}
