namespace Dunlin.Training.Data;

/// <summary>
/// Unpacks what the Unix command compress packs: Welch's code (1984) of 9 to 16 bits, least significant bit first, with number 256 for a new
/// beginning. Its oddity is kept: codes come in groups of eight, and where their width changes, the rest of the group is padding.
/// </summary>
internal static class Lzw
{
    private const int Clear = 256, FirstWidth = 9, LastWidth = 16;

    /// <summary>Unpacks a stream without its three bytes of magic.</summary>
    /// <param name="packed">The codes.</param>
    /// <param name="target">Receives the bytes.</param>
    /// <returns>How many bytes there were.</returns>
    /// <exception cref="InvalidDataException">There are more bytes than the target holds, or a code that can't be.</exception>
    public static int Unpack(ReadOnlySpan<byte> packed, Span<byte> target)
    {
        var prefixes = new ushort[1 << LastWidth];
        var lasts = new byte[1 << LastWidth];
        Span<byte> stack = new byte[1 << LastWidth];
        var (written, width, free, previous) = (0, FirstWidth, Clear + 1, -1);
        byte first = 0;
        long bit = 0, group = 0;
        while (bit + width <= packed.Length * 8L)
        {
            var code = Read(packed, bit, width);
            bit += width;
            if (code == Clear)
            {
                (bit, width, free, previous) = (GroupEnd(bit, group, width), FirstWidth, Clear + 1, -1);
                group = bit;
                continue;
            }
            // The one code that may come before its entry is made: of a string that begins and ends with the same byte.
            if (code > free || (code == free && previous < 0) || (previous < 0 && code > 255)) throw new InvalidDataException($"code {code} at bit {bit - width} is not known yet");
            var (at, depth) = (code, 0);
            if (code == free) (at, stack[depth++]) = (previous, first);
            while (at > 255) (stack[depth++], at) = (lasts[at], prefixes[at]);
            stack[depth++] = first = (byte)at;
            if (depth > target.Length - written) throw new InvalidDataException($"there are more than the {target.Length} bytes expected");
            while (depth > 0) target[written++] = stack[--depth];
            if (previous >= 0 && free < 1 << LastWidth) (prefixes[free], lasts[free++]) = ((ushort)previous, first);
            previous = code;
            if (free < 1 << width || width == LastWidth) continue;
            (bit, width) = (GroupEnd(bit, group, width), width + 1);
            group = bit;
        }
        return written;
    }

    private static long GroupEnd(long bit, long group, int width) => group + (bit - group + width * 8 - 1) / (width * 8) * (width * 8);

    private static int Read(ReadOnlySpan<byte> bytes, long bit, int width)
    {
        var (at, bits) = ((int)(bit >> 3), 0);
        for (var i = 0; i < 3 && at + i < bytes.Length; i++) bits |= bytes[at + i] << (8 * i);
        return bits >> (int)(bit & 7) & ((1 << width) - 1);
    }
}
