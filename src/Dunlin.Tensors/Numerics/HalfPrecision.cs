using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Dunlin.Tensors;

/// <summary>Rows of 16-bit floats to and from Float32, which computes for them.</summary>
public static unsafe class HalfPrecision
{
    /// <summary>Whether the type is one of the two 16-bit floats.</summary>
    public static bool IsHalf(this DType type) => type is DType.Float16 or DType.BFloat16;

    /// <summary>Exact.</summary>
    /// <param name="from">Float16 or BFloat16.</param>
    /// <param name="source">As many elements as the target has.</param>
    /// <param name="target">Takes the elements.</param>
    public static void Widen(DType from, nint source, Span<float> target)
    {
        if (from == DType.Float16) TensorPrimitives.ConvertToSingle(new ReadOnlySpan<Half>((void*)source, target.Length), target);
        else WidenBFloat16(new((void*)source, target.Length), target);
    }

    /// <summary>Rounds to nearest, ties to even; NaN stays NaN.</summary>
    /// <param name="to">Float16 or BFloat16.</param>
    /// <param name="source">The elements.</param>
    /// <param name="target">Has room for as many.</param>
    public static void Narrow(DType to, ReadOnlySpan<float> source, nint target)
    {
        if (to == DType.Float16) TensorPrimitives.ConvertToHalf(source, new Span<Half>((void*)target, source.Length));
        else NarrowBFloat16(source, new((void*)target, source.Length));
    }

    private static void WidenBFloat16(ReadOnlySpan<ushort> source, Span<float> target)
    {
        var bits = MemoryMarshal.Cast<float, uint>(target);
        var i = 0;
        if (Vector512.IsHardwareAccelerated)
            for (; i <= source.Length - Vector512<ushort>.Count; i += Vector512<ushort>.Count)
            {
                var (low, high) = Vector512.Widen(Vector512.Create(source[i..]));
                (low << 16).CopyTo(bits[i..]);
                (high << 16).CopyTo(bits[(i + Vector512<uint>.Count)..]);
            }
        for (; i <= source.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
        {
            Vector.Widen(new Vector<ushort>(source[i..]), out var low, out var high);
            (low << 16).CopyTo(bits[i..]);
            (high << 16).CopyTo(bits[(i + Vector<uint>.Count)..]);
        }
        for (; i < source.Length; i++) target[i] = BFloat16.FromBits(source[i]);
    }

    private static void NarrowBFloat16(ReadOnlySpan<float> source, Span<ushort> target)
    {
        var bits = MemoryMarshal.Cast<float, uint>(source);
        var i = 0;
        if (Vector512.IsHardwareAccelerated)
            for (; i <= source.Length - Vector512<ushort>.Count; i += Vector512<ushort>.Count)
                Vector512.Narrow(RoundWide(Vector512.Create(bits[i..])), RoundWide(Vector512.Create(bits[(i + Vector512<uint>.Count)..]))).CopyTo(target[i..]);
        for (; i <= source.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
            Vector.Narrow(Round(new(bits[i..])), Round(new(bits[(i + Vector<uint>.Count)..]))).CopyTo(target[i..]);
        for (; i < source.Length; i++) target[i] = ((BFloat16)source[i]).Bits;
    }

    /// <inheritdoc cref="Round"/>
    private static Vector512<uint> RoundWide(Vector512<uint> bits)
    {
        var upper = bits >>> 16;
        var rounded = (bits + Vector512.Create(0x7FFFu) + (upper & Vector512<uint>.One)) >>> 16;
        var isNaN = Vector512.GreaterThan((bits & Vector512.Create(0x7FFF_FFFFu)).AsInt32(), Vector512.Create(0x7F80_0000)).AsUInt32();
        return Vector512.ConditionalSelect(isNaN, upper | Vector512.Create(0x40u), rounded);
    }

    /// <summary>The upper half of each float, rounded to nearest, ties to even; NaN keeps a fraction bit.</summary>
    private static Vector<uint> Round(Vector<uint> bits)
    {
        var upper = bits >>> 16;
        var rounded = (bits + new Vector<uint>(0x7FFF) + (upper & Vector<uint>.One)) >>> 16;
        var isNaN = Vector.GreaterThan(bits & new Vector<uint>(0x7FFF_FFFF), new Vector<uint>(0x7F80_0000));
        return Vector.ConditionalSelect(isNaN, upper | new Vector<uint>(0x40), rounded);
    }
}
