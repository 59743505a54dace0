using System.Numerics;
using System.Runtime.InteropServices;

namespace Dunlin.Tensors;

/// <content>Bulk draws: element i of a fill is a function of (key, offset + i) alone.</content>
public static partial class Philox
{
    /// <summary>Fills with random bits: element i is word (offset + i) of the key's sequence.</summary>
    public static void FillBits(Span<uint> destination, PhiloxKey key, ulong offset = 0)
    {
        var i = 0;
        for (; i < destination.Length && ((offset + (ulong)i) & 3) != 0; i++) destination[i] = Word(key, offset + (ulong)i);
        i += FillBlocks(destination[i..], key, (offset + (ulong)i) >> 2);
        for (; i < destination.Length; i++) destination[i] = Word(key, offset + (ulong)i);
    }

    /// <summary>Fills with numbers uniform in [0, 1), multiples of 2^−24.</summary>
    public static void FillUniform(Span<float> destination, PhiloxKey key, ulong offset = 0)
    {
        var bits = MemoryMarshal.Cast<float, uint>(destination);
        FillBits(bits, key, offset);
        var i = 0;
        // Exact either way: 24 bits fit a float, and the factor is a power of 2.
        for (; i + Vector<float>.Count <= destination.Length; i += Vector<float>.Count)
            (Vector.ConvertToSingle((new Vector<uint>(bits[i..]) >> 8).As<uint, int>()) * (1f / (1 << 24))).CopyTo(destination[i..]);
        for (; i < destination.Length; i++) destination[i] = ToUniform(bits[i]);
    }

    /// <summary>Fills with numbers uniform in [0, 1), multiples of 2^−53. Element i takes words 2(offset + i) and the next.</summary>
    public static void FillUniform(Span<double> destination, PhiloxKey key, ulong offset = 0)
    {
        var bits = MemoryMarshal.Cast<double, ulong>(destination);
        FillBits(MemoryMarshal.Cast<double, uint>(destination), key, 2 * offset);
        for (var i = 0; i < destination.Length; i++) destination[i] = ToUniform(bits[i]);
    }

    /// <summary>Fills with normally distributed numbers (Box and Muller, 1958); none is farther than 6.7 deviations from the mean.</summary>
    /// <param name="destination">Receives the numbers.</param>
    /// <param name="key">The sequence.</param>
    /// <param name="offset">The index of the first number in it.</param>
    /// <param name="mean">The mean.</param>
    /// <param name="deviation">The standard deviation.</param>
    public static void FillNormal(Span<float> destination, PhiloxKey key, ulong offset = 0, float mean = 0, float deviation = 1)
    {
        for (var i = 0; i < destination.Length; i++)
        {
            var index = offset + (ulong)i;
            var (x0, x1, x2, x3) = Block(key, index >> 2);
            var (even, odd) = (index & 2) == 0 ? NormalPair(x0, x1) : NormalPair(x2, x3);
            if ((index & 1) != 0)
            {
                destination[i] = mean + deviation * odd;
                continue;
            }
            destination[i] = mean + deviation * even;
            if (i + 1 < destination.Length) destination[++i] = mean + deviation * odd;
        }
    }

    /// <inheritdoc cref="FillNormal(Span{float}, PhiloxKey, ulong, float, float)"/>
    /// <remarks>With 53 bits a number may lie up to 8.6 deviations from the mean.</remarks>
    public static void FillNormal(Span<double> destination, PhiloxKey key, ulong offset = 0, double mean = 0, double deviation = 1)
    {
        for (var i = 0; i < destination.Length; i++)
        {
            var index = offset + (ulong)i;
            var (x0, x1, x2, x3) = Block(key, index >> 1);
            var radius = Math.Sqrt(-2 * Math.Log(1 - ToUniform(x0 | (ulong)x1 << 32)));
            var (sine, cosine) = Math.SinCos(2 * Math.PI * ToUniform(x2 | (ulong)x3 << 32));
            if ((index & 1) != 0)
            {
                destination[i] = mean + deviation * radius * sine;
                continue;
            }
            destination[i] = mean + deviation * radius * cosine;
            if (i + 1 < destination.Length) destination[++i] = mean + deviation * radius * sine;
        }
    }

    /// <summary>Fills with integers uniform in [<paramref name="low"/>, <paramref name="high"/>), without bias.</summary>
    /// <exception cref="InvalidValueException">The range is empty.</exception>
    public static void FillIntegers(Span<long> destination, long low, long high, PhiloxKey key, ulong offset = 0)
    {
        Require.Above(nameof(FillIntegers), high, low);
        var bound = unchecked((ulong)high - (ulong)low);
        for (var i = 0; i < destination.Length; i++) destination[i] = unchecked(low + (long)Below(bound, key, offset + (ulong)i));
    }

    /// <summary>Writes whole blocks and returns how many words that were.</summary>
    private static int FillBlocks(Span<uint> destination, PhiloxKey key, ulong block)
    {
        var i = FillBlocksWide(destination, key, block);
        block += (ulong)i >> 2;
        for (; i + 4 <= destination.Length; i += 4, block++)
            (destination[i], destination[i + 1], destination[i + 2], destination[i + 3]) = Block(key, block);
        return i;
    }

    private static uint Word(PhiloxKey key, ulong index)
    {
        var (x0, x1, x2, x3) = Block(key, index >> 2);
        return (index & 3) switch { 0 => x0, 1 => x1, 2 => x2, _ => x3 };
    }

    private static (float Even, float Odd) NormalPair(uint radiusBits, uint angleBits)
    {
        // Adding 1 keeps the logarithm's argument in (0, 1].
        var radius = MathF.Sqrt(-2 * MathF.Log((radiusBits + 1f) * (1f / 4294967296f)));
        var (sine, cosine) = MathF.SinCos(2 * MathF.PI * ToUniform(angleBits));
        return (radius * cosine, radius * sine);
    }
}
