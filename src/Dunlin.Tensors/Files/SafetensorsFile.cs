using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace Dunlin.Tensors;

/// <summary>
/// An open safetensors file: the header is read and checked, the tensors are read when asked for. A file from a stranger is safe to
/// open: no length in it is believed before it is checked, and nothing in it is run. Thread-safe.
/// </summary>
public sealed class SafetensorsFile : ITensorSource
{
    private readonly SafeFileHandle _handle;
    private readonly Dictionary<string, SafetensorsEntry> _byName;
    private readonly long _dataStart;

    private SafetensorsFile(string path, SafeFileHandle handle)
    {
        Path = path;
        _handle = handle;
        var length = RandomAccess.GetLength(handle);
        if (length < 8) throw new TensorFileException(path, null, $"a safetensors file has at least 8 bytes, this one {length}");
        Span<byte> prefix = stackalloc byte[8];
        ReadAt(prefix, 0);
        var headerLength = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (headerLength > SafetensorsHeader.LargestHeader)
            throw new TensorFileException(path, null, $"the header's length {headerLength} exceeds {SafetensorsHeader.LargestHeader:N0}; is this a safetensors file?");
        if (8 + (long)headerLength > length)
            throw new TensorFileException(path, null, $"the header's length is {headerLength}, but only {length - 8} bytes follow: the file is truncated");
        var json = new byte[headerLength];
        ReadAt(json, 8);
        _dataStart = 8 + (long)headerLength;
        var header = SafetensorsHeader.Parse(path, json, length - _dataStart);
        Entries = header.Entries;
        Metadata = header.Metadata;
        Names = [.. Entries.Select(entry => entry.Name)];
        _byName = Entries.ToDictionary(entry => entry.Name, StringComparer.Ordinal);
    }

    /// <summary>The file's path.</summary>
    public string Path { get; }

    /// <summary>What the file holds, in the order of the data.</summary>
    public IReadOnlyList<SafetensorsEntry> Entries { get; }

    /// <summary>The file's own notes; empty where it has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Opens a file and checks its header.</summary>
    /// <exception cref="TensorFileException">The file is missing or breaks a rule of the format.</exception>
    public static SafetensorsFile Open(string path)
    {
        SafeFileHandle handle;
        try { handle = File.OpenHandle(path); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TensorFileException(path, null, $"can't be opened: {e.Message}", e);
        }
        try { return new SafetensorsFile(path, handle); }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public Tensor Load(string name)
    {
        var (type, shape) = TypeOf(name);
        var tensor = Tensor.Uninitialized(type, shape);
        Fill(Entry(name), tensor);
        return tensor;
    }

    /// <inheritdoc/>
    public TensorType TypeOf(string name)
    {
        var entry = Entry(name);
        var type = entry.Type ?? throw new TensorFileException(Path, name, $"its element type {entry.TypeName} can't be loaded; Dunlin has {string.Join(", ", Enum.GetNames<DType>())}");
        if (entry.Dimensions.Any(length => length > int.MaxValue))
            throw new TensorFileException(Path, name, $"a dimension of [{string.Join(", ", entry.Dimensions)}] exceeds {int.MaxValue}");
        return new(type, Shape.Create([.. entry.Dimensions.Select(length => (int)length)]));
    }

    /// <inheritdoc/>
    public void Load(string name, Tensor target)
    {
        var entry = Entry(name);
        if (entry.Type != target.Type || !entry.Dimensions.SequenceEqual(target.Shape.Dimensions.ToArray().Select(length => (ulong)length)))
            throw new TensorFileException(Path, name, $"{entry.TypeName}[{string.Join(", ", entry.Dimensions)}] does not fit {target}");
        Fill(entry, target);
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    private SafetensorsEntry Entry(string name) => _byName.TryGetValue(name, out var entry)
        ? entry
        : throw new TensorFileException(Path, name, $"is not in the file, which holds {_byName.Count} tensors{(_byName.Count == 0 ? "" : $", such as \"{Names[0]}\"")}");

    private void Fill(SafetensorsEntry entry, Tensor tensor)
    {
        if (!TensorBytes.Read(tensor, _handle, _dataStart + entry.Begin))
            throw new TensorFileException(Path, entry.Name, "the file has become shorter since it was opened");
    }

    private void ReadAt(Span<byte> target, long offset)
    {
        while (target.Length > 0)
        {
            var read = RandomAccess.Read(_handle, target, offset);
            if (read == 0) throw new TensorFileException(Path, null, "the file has become shorter while it was read");
            target = target[read..];
            offset += read;
        }
    }
}
