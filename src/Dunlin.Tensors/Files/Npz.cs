using System.IO.Compression;

namespace Dunlin.Tensors;

/// <summary>Reads and writes NumPy's archives of named arrays: a zip file of <c>name.npy</c>.</summary>
public static class Npz
{
    /// <summary>The most that one byte of a deflate stream can turn into.</summary>
    private const long DeflateRatio = 1032;

    private const int MostEntries = 10_000;

    private const string Extension = ".npy";

    /// <summary>Reads all arrays.</summary>
    /// <param name="path">The archive.</param>
    /// <param name="maxBytes">The most that all arrays together may inflate to; 16 GiB unless given.</param>
    /// <exception cref="TensorFileException">The file is missing, no zip archive, too large when inflated, or an array is refused (see <see cref="Npy.Load"/>).</exception>
    public static Dictionary<string, Tensor> Load(string path, long maxBytes = 16L << 30)
    {
        try
        {
            using var archive = ZipFile.OpenRead(path);
            return Read(archive, path, maxBytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new TensorFileException(path, null, $"can't be read: {e.Message}", e);
        }
    }

    /// <summary>Writes an archive beside the target and renames it. The same arrays give the same bytes.</summary>
    /// <param name="path">The archive.</param>
    /// <param name="tensors">Names (without <c>.npy</c>) and arrays.</param>
    /// <param name="compress">Whether to deflate; trained weights hardly shrink.</param>
    /// <exception cref="TensorFileException">A name occurs twice, or a tensor is BFloat16, which NumPy lacks.</exception>
    public static void Save(string path, IEnumerable<KeyValuePair<string, Tensor>> tensors, bool compress = false) => AtomicFile.Write(path, stream =>
    {
        using var archive = new ZipArchive(stream, ZipArchiveMode.Create);
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (name, tensor) in tensors)
        {
            if (!names.Add(name)) throw new TensorFileException(path, name, "the name occurs twice");
            var entry = archive.CreateEntry(name + Extension, compress ? CompressionLevel.Optimal : CompressionLevel.NoCompression);
            entry.LastWriteTime = new DateTimeOffset(1980, 1, 1, 0, 0, 0, TimeSpan.Zero); // as NumPy: no clock in the file
            using var target = entry.Open();
            Npy.Write(target, tensor, path, name);
        }
    });

    private static Dictionary<string, Tensor> Read(ZipArchive archive, string path, long maxBytes)
    {
        if (archive.Entries.Count > MostEntries)
            throw new TensorFileException(path, null, $"the archive has {archive.Entries.Count:N0} entries, more than {MostEntries:N0}");
        var result = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (var entry in archive.Entries)
        {
            if (!entry.FullName.EndsWith(Extension, StringComparison.Ordinal))
                throw new TensorFileException(path, entry.FullName, $"every entry of an NPZ archive ends in {Extension}");
            var name = entry.FullName[..^Extension.Length];
            if (entry.Length > maxBytes || entry.Length / DeflateRatio > entry.CompressedLength)
                throw new TensorFileException(path, name, $"it inflates to {entry.Length:N0} bytes, more than the {maxBytes:N0} left or than its {entry.CompressedLength:N0} packed bytes can hold");
            maxBytes -= entry.Length;
            if (result.ContainsKey(name)) throw new TensorFileException(path, name, "the name occurs twice");
            using var stream = entry.Open();
            result.Add(name, Npy.Read(stream, entry.Length, path, name));
            if (stream.ReadByte() >= 0) throw new TensorFileException(path, name, "the entry is longer than the archive says");
        }
        return result;
    }
}
