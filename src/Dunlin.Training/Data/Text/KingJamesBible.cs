using System.Buffers.Binary;
using System.Text;
using Dunlin.Tensors;

namespace Dunlin.Training.Data;

/// <summary>One verse.</summary>
/// <param name="Reference">Book, chapter and verse, such as <c>Ge1:3</c>.</param>
/// <param name="Text">Its words, in ASCII.</param>
public sealed record Verse(string Reference, string Text);

/// <summary>
/// The Bible in the King James version (1611): 31,102 verses with 790,000 words of English, free of copyright. A text to model language with,
/// where Debian's package bible-kjv-text is installed.
/// </summary>
public static class KingJamesBible
{
    /// <summary>Where Debian's package bible-kjv-text puts the file.</summary>
    public const string DefaultPath = "/usr/lib/bible.data";

    private const int HeaderBytes = 0x5c, LargestWindow = 1 << 20, MostWindows = 4096;

    /// <summary>Whether the file is there.</summary>
    /// <param name="path">The file; <see cref="DefaultPath"/> unless given.</param>
    public static bool IsInstalled(string? path = null) => File.Exists(path ?? DefaultPath);

    /// <summary>Reads all verses, in the order of the books.</summary>
    /// <param name="path">The file; <see cref="DefaultPath"/> unless given.</param>
    /// <exception cref="TensorFileException">The file is missing or is not what its name says.</exception>
    public static IReadOnlyList<Verse> Load(string? path = null)
    {
        path ??= DefaultPath;
        if (!IsInstalled(path)) throw new TensorFileException(path, null, "is missing. Install the text by `apt-get install bible-kjv-text`");
        var lines = Encoding.ASCII.GetString(Unpack(path, File.ReadAllBytes(path))).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        // The first line names the text.
        return [.. lines.Skip(1).Select(line => line.IndexOf(' ', StringComparison.Ordinal) is > 0 and var space
            ? new Verse(line[..space], line[(space + 1)..])
            : throw new TensorFileException(path, null, $"expected lines of a reference and a verse, got \"{line}\""))];
    }

    /// <summary>
    /// The file: "EC02", a title, at byte 84 big-endian the length of a window and the number of windows n, then n + 1 places where packed
    /// windows begin and the last one ends. Each is packed by itself; only the first has the magic of compress before it.
    /// </summary>
    private static byte[] Unpack(string path, ReadOnlySpan<byte> file)
    {
        if (file.Length < HeaderBytes || !file.StartsWith("EC02"u8)) throw new TensorFileException(path, null, "does not begin with \"EC02\" and so is no text packed for the program bible");
        var (window, count) = (Number(file, HeaderBytes - 8), Number(file, HeaderBytes - 4));
        if (window is < 1 or > LargestWindow || count is < 1 or > MostWindows || HeaderBytes + 4 * (count + 1) > file.Length)
            throw new TensorFileException(path, null, $"says that it has {count} windows of {window} bytes, which can't be");
        var (text, written) = (new byte[window * count], 0);
        for (var i = 0; i < count; i++)
        {
            var (begin, end) = (Number(file, HeaderBytes + 4 * i), Number(file, HeaderBytes + 4 * (i + 1)));
            if (begin < HeaderBytes || end < begin || end > file.Length) throw new TensorFileException(path, null, $"is cut off: window {i} lies at bytes {begin} to {end} of {file.Length}");
            try { written += Lzw.Unpack(file[(int)begin..(int)end], text.AsSpan(written, (int)window)); }
            catch (InvalidDataException e) { throw new TensorFileException(path, null, $"is damaged in window {i}: {e.Message}"); }
        }
        return text[..written];
    }

    private static long Number(ReadOnlySpan<byte> file, int at) => BinaryPrimitives.ReadUInt32BigEndian(file[at..]);
}
