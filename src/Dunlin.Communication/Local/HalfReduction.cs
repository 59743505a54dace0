using System.Numerics.Tensors;
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
            Widen(type, At(sources[0], begin), sum);
            foreach (var source in sources[1..])
            {
                Widen(type, At(source, begin), term);
                Reduction.Combine<float>(op, sum, term, sum);
            }
            Narrow(type, sum, At(target, begin));
        }
    }

    private static ushort* At(nint address, int element) => (ushort*)address + element;

    private static void Widen(DType type, ushort* source, Span<float> target)
    {
        if (type == DType.Float16) TensorPrimitives.ConvertToSingle(new ReadOnlySpan<Half>(source, target.Length), target);
        else BFloat16Conversion.Widen(new(source, target.Length), target);
    }

    private static void Narrow(DType type, ReadOnlySpan<float> source, ushort* target)
    {
        if (type == DType.Float16) TensorPrimitives.ConvertToHalf(source, new Span<Half>(target, source.Length));
        else BFloat16Conversion.Narrow(source, new(target, source.Length));
    }
}
