using System.Buffers.Binary;
using System.Text;
using Dunlin.Tensors;
using Dunlin.Training.Data;

namespace Dunlin.Training.Tests.Data;

public class KingJamesBibleTests
{
    /// <summary>Codes of all widths, and 68 windows; without the package, there is nothing to read.</summary>
    [Fact]
    public void The_installed_text_is_read_whole()
    {
        if (!KingJamesBible.IsInstalled()) return;
        var verses = KingJamesBible.Load();
        Assert.Equal(31_102, verses.Count);
        Assert.Equal(new Verse("Ge1:3", "And God said, Let there be light: and there was light."), verses[2]);
        Assert.Equal(new Verse("John11:35", "Jesus wept."), verses.MinBy(v => v.Text.Length));
        Assert.Equal(new Verse("Rev22:21", "The grace of our Lord Jesus Christ be with you all. Amen."), verses[^1]);
        Assert.Equal(31_102, verses.Select(v => v.Reference).Distinct().Count());
    }

    [Fact]
    public void Windows_are_unpacked_one_after_the_other()
    {
        // In the second window, code 257 stands for "ab", 259 for the string that is made by itself, "aba", and 256 begins anew.
        var verses = Load(Pack("Title.\nGe1:1 In t".Select(c => (int)c)), Pack(['a', 'b', 257, 259, 256, '\n', 'J', 'o', '1', ':', '2', ' ', 'x', '\n']));
        Assert.Equal([new("Ge1:1", "In tabababa"), new("Jo1:2", "x")], verses);
    }

    [Theory]
    [InlineData("does not begin", 0)]
    [InlineData("windows of", 84)]
    [InlineData("is cut off", 96)]
    [InlineData("is damaged in window 0", 101)]
    public void Other_files_are_refused(string message, int at) => Assert.Contains(message, Assert.Throws<TensorFileException>(() => Load(bytes => bytes[at] ^= 0xff, Pack("T\nGe1:1 x\n".Select(c => (int)c)))).Message, StringComparison.Ordinal);

    [Fact]
    public void A_window_that_unpacks_to_more_than_it_says_is_refused()
    {
        var error = Assert.Throws<TensorFileException>(() => Load(bytes => BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(84), 5), Pack("T\nGe1:1 x\n".Select(c => (int)c))));
        Assert.Contains("more than the 5 bytes", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_is_said_to_be_missing() =>
        Assert.Contains("apt-get install bible-kjv-text", Assert.Throws<TensorFileException>(() => KingJamesBible.Load("/nowhere/bible.data")).Message, StringComparison.Ordinal);

    /// <summary>Codes of nine bits; after number 256, the next begins a new group of eight.</summary>
    private static byte[] Pack(IEnumerable<int> codes)
    {
        var bits = new List<bool>();
        foreach (var code in codes)
        {
            for (var i = 0; i < 9; i++) bits.Add((code >> i & 1) == 1);
            while (code == 256 && bits.Count % 72 != 0) bits.Add(false);
        }
        return [.. bits.Chunk(8).Select(b => (byte)b.Select((bit, i) => bit ? 1 << i : 0).Sum())];
    }

    private static IReadOnlyList<Verse> Load(params byte[][] windows) => Load(_ => { }, windows);

    private static IReadOnlyList<Verse> Load(Action<byte[]> damage, params byte[][] windows)
    {
        var begin = 92 + 4 * (windows.Length + 1);
        int[] numbers = [64, windows.Length, begin, .. windows.Select((_, i) => begin + windows.Take(i + 1).Sum(w => w.Length))];
        byte[] file = [.. Encoding.ASCII.GetBytes("EC02".PadRight(84)), .. numbers.SelectMany(n => BitConverter.GetBytes(BinaryPrimitives.ReverseEndianness(n))), .. windows.SelectMany(w => w)];
        damage(file);
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, file);
            return KingJamesBible.Load(path);
        }
        finally { File.Delete(path); }
    }
}
