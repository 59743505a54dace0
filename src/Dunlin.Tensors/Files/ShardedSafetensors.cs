using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dunlin.Tensors;

/// <summary>Tensors spread over several safetensors files by an index (<c>model.safetensors.index.json</c>). Files are opened when first needed. Thread-safe.</summary>
public sealed class ShardedSafetensors : ITensorSource
{
    private readonly string _indexPath;
    private readonly Dictionary<string, string> _files;
    private readonly Dictionary<string, SafetensorsFile> _open = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();

    private ShardedSafetensors(string indexPath, Dictionary<string, string> files)
    {
        _indexPath = indexPath;
        _files = files;
        Names = [.. files.Keys];
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Names { get; }

    /// <summary>The paths of the files that hold them, each once, ordered by name.</summary>
    public IReadOnlyList<string> Files => [.. _files.Values.Distinct().Order(StringComparer.Ordinal).Select(PathOf)];

    /// <summary>Reads an index.</summary>
    /// <param name="indexPath">The index file; the other files lie beside it.</param>
    /// <exception cref="TensorFileException">The index can't be read, or names a file outside its directory.</exception>
    public static ShardedSafetensors Open(string indexPath)
    {
        SafetensorsIndex? index;
        try
        {
            using var stream = File.OpenRead(indexPath);
            if (stream.Length > SafetensorsHeader.LargestHeader)
                throw new TensorFileException(indexPath, null, $"an index has at most {SafetensorsHeader.LargestHeader:N0} bytes, this one {stream.Length:N0}");
            index = JsonSerializer.Deserialize(stream, SafetensorsIndexJson.Default.SafetensorsIndex);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new TensorFileException(indexPath, null, $"can't be read: {e.Message}", e);
        }
        if (index?.WeightMap is not { } map) throw new TensorFileException(indexPath, null, "must hold a weight_map from tensor names to file names");
        foreach (var (name, file) in map)
            if (string.IsNullOrEmpty(file) || file is "." or ".." || file.AsSpan().ContainsAny('/', '\\', '\0'))
                throw new TensorFileException(indexPath, name, $"the file name \"{file}\" must be a plain name, without a directory");
        return new ShardedSafetensors(indexPath, map);
    }

    /// <summary>Writes an index, as other libraries do: <c>{"metadata":{"total_size":n},"weight_map":{"name":"file"}}</c>.</summary>
    /// <param name="stream">Receives UTF-8.</param>
    /// <param name="totalBytes">Bytes of all tensors.</param>
    /// <param name="files">For each tensor's name, the file that holds it; written in the order of the names.</param>
    public static void WriteIndex(Stream stream, long totalBytes, IEnumerable<KeyValuePair<string, string>> files)
    {
        using var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteStartObject("metadata");
        json.WriteNumber("total_size", totalBytes);
        json.WriteEndObject();
        json.WriteStartObject("weight_map");
        foreach (var (name, file) in files.OrderBy(f => f.Key, StringComparer.Ordinal)) json.WriteString(name, file);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <inheritdoc/>
    public Tensor Load(string name) => FileWith(name).Load(name);

    /// <inheritdoc/>
    public void Load(string name, Tensor target) => FileWith(name).Load(name, target);

    /// <inheritdoc/>
    public TensorType TypeOf(string name) => FileWith(name).TypeOf(name);

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
            foreach (var file in _open.Values) file.Dispose();
    }

    private SafetensorsFile FileWith(string name) => _files.TryGetValue(name, out var file) ? FileOf(file) : throw new TensorFileException(_indexPath, name, "is not in the index");

    private string PathOf(string file) => Path.Combine(Path.GetDirectoryName(Path.GetFullPath(_indexPath))!, file);

    private SafetensorsFile FileOf(string file)
    {
        lock (_lock)
        {
            if (!_open.TryGetValue(file, out var open))
                _open.Add(file, open = SafetensorsFile.Open(PathOf(file)));
            return open;
        }
    }
}

internal sealed record SafetensorsIndex([property: JsonPropertyName("weight_map")] Dictionary<string, string>? WeightMap);

[JsonSourceGenerationOptions(AllowDuplicateProperties = false)]
[JsonSerializable(typeof(SafetensorsIndex))]
internal sealed partial class SafetensorsIndexJson : JsonSerializerContext;
