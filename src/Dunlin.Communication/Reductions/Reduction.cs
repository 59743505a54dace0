using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>Combines one chunk of all ranks' elements, in the order of the ranks.</summary>
internal static unsafe class Reduction
{
    /// <param name="type">The element type.</param>
    /// <param name="op">How to combine. Bool: Sum and Max are "or", Product and Min are "and".</param>
    /// <param name="sources">Each rank's first element.</param>
    /// <param name="target">Where the result goes; may be one of the sources.</param>
    /// <param name="length">Elements; at most <see cref="ChunkPlan.ChunkBytes"/> of bytes.</param>
    public static void Reduce(DType type, ReduceOp op, ReadOnlySpan<nint> sources, nint target, int length)
    {
        switch (type)
        {
            case DType.Float32: Numbers<float>(op, sources, target, length); break;
            case DType.Float64: Numbers<double>(op, sources, target, length); break;
            case DType.Int64: Numbers<long>(op, sources, target, length); break;
            case DType.Int32: Numbers<int>(op, sources, target, length); break;
            case DType.UInt8: Numbers<byte>(op, sources, target, length); break;
            case DType.Bool: Bits(op, sources, target, length); break;
            case DType.BFloat16 or DType.Float16: HalfReduction.Reduce(type, op, sources, target, length); break;
            default: throw new CommunicationException($"{type} has no reductions.");
        }
    }

    public static void Combine<T>(ReduceOp op, ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> target) where T : unmanaged, INumber<T>
    {
        switch (op)
        {
            case ReduceOp.Sum: TensorPrimitives.Add(a, b, target); break;
            case ReduceOp.Product: TensorPrimitives.Multiply(a, b, target); break;
            case ReduceOp.Min: TensorPrimitives.Min(a, b, target); break;
            case ReduceOp.Max: TensorPrimitives.Max(a, b, target); break;
            default: throw new CommunicationException($"{op} is no reduction.");
        }
    }

    [SkipLocalsInit]
    private static void Numbers<T>(ReduceOp op, ReadOnlySpan<nint> sources, nint target, int length) where T : unmanaged, INumber<T>
    {
        var result = new Span<T>((void*)target, length);
        // In place in a third or later rank's buffer, that rank's elements would be gone before their turn.
        var isLate = sources.Length > 2 && sources[2..].Contains(target);
        if (isLate)
        {
            var scratch = stackalloc byte[ChunkPlan.ChunkBytes];
            result = new Span<T>(scratch, length);
        }
        Combine(op, Elements<T>(sources[0], length), Elements<T>(sources[1], length), result);
        for (var rank = 2; rank < sources.Length; rank++) Combine(op, result, Elements<T>(sources[rank], length), result);
        if (isLate) result.CopyTo(new Span<T>((void*)target, length));
    }

    private static void Bits(ReduceOp op, ReadOnlySpan<nint> sources, nint target, int length)
    {
        var or = op is ReduceOp.Sum or ReduceOp.Max;
        Numbers<byte>(or ? ReduceOp.Max : ReduceOp.Min, sources, target, length);
    }

    private static ReadOnlySpan<T> Elements<T>(nint address, int length) where T : unmanaged => new((void*)address, length);
}
