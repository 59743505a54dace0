using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Dunlin.Tensors;

/// <summary>The JSON header of a safetensors file, checked before anything is done by it: the file may be hostile.</summary>
internal sealed class SafetensorsHeader
{
    /// <summary>The reference library's limit.</summary>
    public const long LargestHeader = 100_000_000;

    private const string MetadataKey = "__metadata__";

    private SafetensorsHeader(List<SafetensorsEntry> entries, Dictionary<string, string> metadata)
    {
        Entries = entries;
        Metadata = metadata;
    }

    /// <summary>In the order of their data.</summary>
    public IReadOnlyList<SafetensorsEntry> Entries { get; }

    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Reads and checks a header.</summary>
    /// <param name="file">The file's name, for errors.</param>
    /// <param name="json">The header's bytes.</param>
    /// <param name="dataBytes">Bytes of the file after the header.</param>
    public static SafetensorsHeader Parse(string file, ReadOnlySpan<byte> json, long dataBytes)
    {
        if (json is not [(byte)'{', ..]) throw new TensorFileException(file, null, "the header must begin with '{'");
        if (!Utf8.IsValid(json)) throw new TensorFileException(file, null, "the header is not valid UTF-8");
        var parser = new Parser(file, json.TrimEnd((byte)' '));
        try
        {
            parser.ParseHeader();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new TensorFileException(file, null, $"the header is not valid JSON: {e.Message}", e);
        }
        CheckLayout(file, parser.Entries, dataBytes);
        return new SafetensorsHeader(parser.Entries, parser.Metadata);
    }

    /// <summary>Sorts by offset and makes sure that the tensors fill the data without a hole or an overlap.</summary>
    private static void CheckLayout(string file, List<SafetensorsEntry> entries, long dataBytes)
    {
        foreach (var entry in entries) CheckSize(file, entry);
        entries.Sort((a, b) => (a.Begin, a.End).CompareTo((b.Begin, b.End)));
        var position = 0L;
        foreach (var entry in entries)
        {
            if (entry.Begin != position)
                throw new TensorFileException(file, entry.Name,
                    $"its data begins at {entry.Begin}, but the previous tensor's ends at {position}: {(entry.Begin < position ? "they overlap" : "there is a hole")}");
            position = entry.End;
        }
        if (position != dataBytes)
            throw new TensorFileException(file, entries.Count > 0 ? entries[^1].Name : null,
                $"the tensors' data ends at {position}, but the file has {dataBytes} bytes after the header");
    }

    private static void CheckSize(string file, SafetensorsEntry entry)
    {
        var bits = (ulong)(SafetensorsTypes.Bits(entry.TypeName)
            ?? throw new TensorFileException(file, entry.Name, $"the format has no element type {entry.TypeName}"));
        var shape = $"[{string.Join(", ", entry.Dimensions)}]";
        try
        {
            // In this order, as in the reference library: an overflow before a zero length is refused too.
            foreach (var length in entry.Dimensions) bits = checked(bits * length);
        }
        catch (OverflowException e)
        {
            throw new TensorFileException(file, entry.Name, $"the size of {entry.TypeName}{shape} exceeds 2^64 bits", e);
        }
        if (bits % 8 != 0) throw new TensorFileException(file, entry.Name, $"{entry.TypeName}{shape} has {bits} bits, which is no whole number of bytes");
        if (entry.End < entry.Begin || bits / 8 != (ulong)(entry.End - entry.Begin))
            throw new TensorFileException(file, entry.Name,
                $"{entry.TypeName}{shape} has {bits / 8} bytes, but its data_offsets are [{entry.Begin},{entry.End}]");
    }

    private ref struct Parser(string file, ReadOnlySpan<byte> json)
    {
        private readonly int _length = json.Length;
        private Utf8JsonReader _reader = new(json, new JsonReaderOptions { MaxDepth = 8 });
        private string? _tensor;

        public List<SafetensorsEntry> Entries { get; } = [];

        public Dictionary<string, string> Metadata { get; } = new(StringComparer.Ordinal);

        public void ParseHeader()
        {
            var names = new HashSet<string>(StringComparer.Ordinal);
            Expect(JsonTokenType.StartObject, "the header must be an object");
            while (NextKey(names) is string name)
            {
                if (name == MetadataKey) ParseMetadata();
                else Entries.Add(ParseEntry(name));
            }
            _tensor = null;
            if (_reader.BytesConsumed != _length) throw Refuse("only spaces may follow the header's object");
        }

        private void ParseMetadata()
        {
            var keys = new HashSet<string>(StringComparer.Ordinal);
            Expect(JsonTokenType.StartObject, "__metadata__ must be an object");
            while (NextKey(keys) is string key)
            {
                Expect(JsonTokenType.String, $"__metadata__ value of \"{key}\" must be a string");
                Metadata.Add(key, _reader.GetString()!);
            }
        }

        private SafetensorsEntry ParseEntry(string name)
        {
            _tensor = name;
            var keys = new HashSet<string>(StringComparer.Ordinal);
            string? type = null;
            List<ulong>? shape = null, offsets = null;
            Expect(JsonTokenType.StartObject, "its description must be an object");
            while (NextKey(keys) is string key)
            {
                switch (key)
                {
                    case "dtype":
                        Expect(JsonTokenType.String, "dtype must be a string");
                        type = _reader.GetString();
                        break;
                    case "shape":
                        shape = ParseIntegers("shape");
                        break;
                    case "data_offsets":
                        offsets = ParseIntegers("data_offsets");
                        break;
                    default:
                        throw Refuse($"unknown key \"{key}\"; expected dtype, shape and data_offsets");
                }
            }
            if (type is null || shape is null || offsets is null) throw Refuse("dtype, shape and data_offsets must all be given");
            if (offsets is not [<= long.MaxValue and var begin, <= long.MaxValue and var end])
                throw Refuse("data_offsets must be two integers below 2^63");
            _tensor = null;
            return new SafetensorsEntry(name, type, shape, (long)begin, (long)end);
        }

        private List<ulong> ParseIntegers(string what)
        {
            var result = new List<ulong>();
            Expect(JsonTokenType.StartArray, $"{what} must be an array");
            while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
            {
                if (_reader.TokenType != JsonTokenType.Number || _reader.ValueSpan.ContainsAnyExceptInRange((byte)'0', (byte)'9') || !_reader.TryGetUInt64(out var value))
                    throw Refuse($"{what} must hold plain unsigned integers, not {Encoding.UTF8.GetString(_reader.ValueSpan)}");
                result.Add(value);
            }
            return result;
        }

        /// <summary>The next key of the object being read, or null at its end.</summary>
        private string? NextKey(HashSet<string> seen)
        {
            _reader.Read();
            if (_reader.TokenType != JsonTokenType.PropertyName) return null;
            var key = _reader.GetString()!;
            return seen.Add(key) ? key : throw Refuse($"the key \"{key}\" occurs twice");
        }

        private void Expect(JsonTokenType type, string rule)
        {
            if (!_reader.Read() || _reader.TokenType != type) throw Refuse(rule);
        }

        private readonly TensorFileException Refuse(string rule) => new(file, _tensor, rule);
    }
}
