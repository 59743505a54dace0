using System.Numerics;
using System.Runtime.InteropServices;
using Dunlin.Tensors;

namespace Dunlin.Communication;

/// <summary>Rows of BFloat16 to and from Float32, as the conversions of <see cref="BFloat16"/> do it one by one.</summary>
internal static class BFloat16Conversion
{
    public static void Widen(ReadOnlySpan<ushort> source, Span<float> target)
    {
        var bits = MemoryMarshal.Cast<float, uint>(target);
        var i = 0;
        for (; i <= source.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
        {
            Vector.Widen(new Vector<ushort>(source[i..]), out var low, out var high);
            (low << 16).CopyTo(bits[i..]);
            (high << 16).CopyTo(bits[(i + Vector<uint>.Count)..]);
        }
        for (; i < source.Length; i++) target[i] = BFloat16.FromBits(source[i]);
    }

    public static void Narrow(ReadOnlySpan<float> source, Span<ushort> target)
    {
        var bits = MemoryMarshal.Cast<float, uint>(source);
        var i = 0;
        for (; i <= source.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
            Vector.Narrow(Round(new(bits[i..])), Round(new(bits[(i + Vector<uint>.Count)..]))).CopyTo(target[i..]);
        for (; i < source.Length; i++) target[i] = ((BFloat16)source[i]).Bits;
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
