using System.Buffers.Binary;
using System.Text;

namespace Dunlin.Tensors;

/// <summary>Reads and writes whole safetensors files (github.com/huggingface/safetensors). For single tensors see <see cref="SafetensorsFile"/>.</summary>
public static class Safetensors
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Opens a file, or the index of a model in several files (a name that ends in <c>.index.json</c>).</summary>
    /// <exception cref="TensorFileException">The file is missing or breaks a rule of the format.</exception>
    public static ITensorSource Open(string path) =>
        path.EndsWith(".index.json", StringComparison.Ordinal) ? ShardedSafetensors.Open(path) : SafetensorsFile.Open(path);

    /// <summary>The files that hold the tensors: the file itself, or those that an index names, in their order.</summary>
    /// <inheritdoc cref="Open"/>
    public static IReadOnlyList<string> FilesOf(string path)
    {
        using var source = Open(path);
        return source is ShardedSafetensors sharded ? sharded.Files : [path];
    }

    /// <summary>Reads all tensors of a file or of an index's files.</summary>
    /// <inheritdoc cref="Open"/>
    public static Dictionary<string, Tensor> Load(string path)
    {
        using var source = Open(path);
        return source.Names.ToDictionary(name => name, source.Load, StringComparer.Ordinal);
    }

    /// <summary>Writes a file beside the target and renames it, so that a file of that name is always complete.</summary>
    /// <param name="path">The file.</param>
    /// <param name="tensors">Names and tensors; the file's order is by element type and name, whatever the order here.</param>
    /// <param name="metadata">Notes to store in the header.</param>
    /// <exception cref="TensorFileException">A name occurs twice, is reserved or is not valid Unicode.</exception>
    public static void Save(string path, IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata = null) =>
        AtomicFile.Write(path, stream => Write(stream, tensors, metadata, path));

    /// <summary>Writes the bytes that the reference library writes for the same tensors.</summary>
    /// <param name="stream">Receives the file's bytes; it need not be able to seek.</param>
    /// <param name="tensors">Names and tensors.</param>
    /// <param name="metadata">Notes to store in the header, ordered by key.</param>
    /// <param name="file">The file's name, for errors.</param>
    /// <inheritdoc cref="Save" path="/exception"/>
    public static void Write(
        Stream stream, IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata = null, string file = "safetensors")
    {
        var ordered = tensors
            .Select(pair => (pair.Key, Name: Encode(file, pair.Key), pair.Value))
            .OrderBy(item => SafetensorsTypes.Rank(item.Value.Type))
            .ThenBy(item => item.Name, Comparer<byte[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b)))
            .ToList();
        var names = new HashSet<string>(StringComparer.Ordinal) { "__metadata__" };
        foreach (var (key, _, _) in ordered)
            if (!names.Add(key)) throw new TensorFileException(file, key, "the name is reserved or occurs twice");

        var header = new StringBuilder("{");
        if (metadata is not null)
            header.Append("\"__metadata__\":{").AppendJoin(',', metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal)
                .Select(pair => $"{Quote(pair.Key)}:{Quote(pair.Value)}")).Append('}');
        var offset = 0L;
        foreach (var (key, _, tensor) in ordered)
        {
            if (header.Length > 1) header.Append(',');
            header.Append(Quote(key)).Append(":{\"dtype\":\"").Append(SafetensorsTypes.NameOf(tensor.Type)).Append("\",\"shape\":[")
                .AppendJoin(',', tensor.Shape.Dimensions.ToArray()).Append("],\"data_offsets\":[").Append(offset).Append(',').Append(offset += tensor.Bytes).Append("]}");
        }
        var json = Encode(file, header.Append('}').ToString());
        var padded = new byte[8 + ((json.Length + 7) & -8)];
        BinaryPrimitives.WriteInt64LittleEndian(padded, padded.Length - 8);
        json.CopyTo(padded, 8);
        padded.AsSpan(8 + json.Length).Fill((byte)' ');
        stream.Write(padded);
        foreach (var (_, _, tensor) in ordered) TensorBytes.Write(tensor, stream);
    }

    private static byte[] Encode(string file, string text)
    {
        try { return StrictUtf8.GetBytes(text); }
        catch (EncoderFallbackException e) { throw new TensorFileException(file, text, "the name is not valid Unicode: it holds half a surrogate pair", e); }
    }

    /// <summary>A JSON string with only those escapes that JSON demands, as serde_json writes it; .NET's encoders escape more.</summary>
    private static string Quote(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var c in text)
            quoted.Append(c switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\b' => "\\b",
                '\f' => "\\f",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                < ' ' => $"\\u{(int)c:x4}",
                _ => c.ToString(),
            });
        return quoted.Append('"').ToString();
    }
}
