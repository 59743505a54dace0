using System.Buffers.Binary;
using System.Text;

namespace Dunlin.Tensors.Tests.Files;

public sealed class SafetensorsTests : IDisposable
{
    private const string Header = """{"test":{"dtype":"I32","shape":[2,2],"data_offsets":[0,16]}}""";

    private readonly string _directory = Directory.CreateTempSubdirectory("dunlin-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void The_smallest_published_file_loads()
    {
        var bytes = FileOf(Header, 16);
        Assert.Equal(84, bytes.Length);
        Assert.Equal([0x3C, 0, 0, 0, 0, 0, 0, 0], bytes[..8]);
        var tensor = Assert.Single(Safetensors.Load(Put(bytes)));
        Assert.Equal(("test", "Int32[2, 2]"), (tensor.Key, tensor.Value.ToString()));
        Assert.Equal([0, 0, 0, 0], tensor.Value.ToArray<int>());
    }

    [Fact]
    public void A_header_length_beyond_the_file_is_refused()
    {
        var bytes = FileOf(Header, 16);
        BinaryPrimitives.WriteInt64LittleEndian(bytes, 1000);
        Refused(bytes, "truncated");
        BinaryPrimitives.WriteInt64LittleEndian(bytes, -1);
        Refused(bytes, "exceeds 100,000,000");
        Refused(bytes[..7], "at least 8 bytes");
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"I32","shape":[2,2],"data_offsets":[0,16]},"b":{"dtype":"I32","shape":[2,2],"data_offsets":[0,16]}}""", 16, "overlap")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[8],"data_offsets":[8,16]}}""", 16, "hole")]
    [InlineData("""{"a":{"dtype":"U8","shape":[8],"data_offsets":[8,16]}}""", 16, "hole")]
    [InlineData(Header, 17, "the file has 17 bytes")]
    [InlineData(Header, 15, "the file has 15 bytes")]
    [InlineData("""{"a":{"dtype":"I32","shape":[4611686018427387904,4],"data_offsets":[0,16]}}""", 16, "exceeds 2^64")]
    [InlineData("""{"a":{"dtype":"I32","shape":[18446744073709551616],"data_offsets":[0,16]}}""", 16, "plain unsigned integers")]
    [InlineData("""{"a":{"dtype":"I32","shape":[1e0,4],"data_offsets":[0,16]}}""", 16, "plain unsigned integers, not 1e0")]
    [InlineData("""{"a":{"dtype":"I32","shape":[1.0,4],"data_offsets":[0,16]}}""", 16, "plain unsigned integers, not 1.0")]
    [InlineData("""{"a":{"dtype":"I32","shape":[-1,-4],"data_offsets":[0,16]}}""", 16, "plain unsigned integers, not -1")]
    [InlineData("""{"a":{"dtype":"I32","shape":[4],"data_offsets":[16,0]}}""", 16, "data_offsets are [16,0]")]
    [InlineData("""{"a":{"dtype":"I32","shape":[4],"data_offsets":[0]}}""", 16, "two integers")]
    [InlineData("""{"a":{"dtype":"I32","shape":[3],"data_offsets":[0,16]}}""", 16, "has 12 bytes")]
    [InlineData("""{"a":{"dtype":"I31","shape":[4],"data_offsets":[0,16]}}""", 16, "no element type I31")]
    [InlineData("""{"a":{"dtype":"F4","shape":[3],"data_offsets":[0,1]}}""", 1, "no whole number of bytes")]
    [InlineData("""{"a":{"dtype":"I32","shape":[4]}}""", 16, "must all be given")]
    [InlineData("""{"a":{"dtype":"I32","shape":[4],"data_offsets":[0,16],"extra":1}}""", 16, "unknown key \"extra\"")]
    [InlineData("""{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}""", 0, "occurs twice")]
    [InlineData("""{"__metadata__":{"a":1}}""", 0, "must be a string")]
    [InlineData("""{"__metadata__":{"a":"1","\u0061":"2"}}""", 0, "occurs twice")]
    [InlineData("""{"\ud800":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}""", 0, "not valid JSON")]
    [InlineData("""{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},}""", 0, "not valid JSON")]
    [InlineData("""{"a":{"dtype":"U8",""", 0, "not valid JSON")]
    [InlineData(" {}", 0, "begin with '{'")]
    [InlineData("{}\n", 0, "")]
    [InlineData("{}{}", 0, "")]
    public void Hostile_headers_are_refused_with_the_rule_they_break(string header, int dataBytes, string rule) => Refused(FileOf(header, dataBytes), rule);

    [Fact]
    public void Invalid_UTF8_is_refused()
    {
        var bytes = FileOf(Header, 16);
        bytes[11] = 0xFF;
        Refused(bytes, "UTF-8");
    }

    [Fact]
    public void Refusals_name_file_and_tensor()
    {
        var path = Put(FileOf("""{"weight":{"dtype":"I32","shape":[3],"data_offsets":[0,16]}}""", 16));
        var error = Assert.Throws<TensorFileException>(() => Safetensors.Load(path));
        Assert.Equal((path, "weight"), (error.File, error.Tensor));
        Assert.Contains(path, error.Message);
        Assert.Contains("\"weight\"", error.Message);
        Assert.Contains("can't be opened", Assert.Throws<TensorFileException>(() => Safetensors.Load(path + "x")).Message);
    }

    [Fact]
    public void Types_that_we_lack_are_listed_but_not_loaded()
    {
        using var file = SafetensorsFile.Open(Put(FileOf(
            """{"a":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}""", 4)));
        Assert.Equal(["a", "b"], file.Names);
        Assert.Null(file.Entries[0].Type);
        Assert.Contains("F8_E4M3", Assert.Throws<TensorFileException>(() => file.Load("a")).Message);
        Assert.Equal(2, file.Load("b").ElementCount);
    }

    [Fact]
    public void Every_type_and_shape_comes_back_bit_for_bit()
    {
        var tensors = new Dictionary<string, Tensor>
        {
            ["float"] = Tensor.From([1f, float.NaN, -0f, float.PositiveInfinity], [2, 2]),
            ["double"] = Tensor.From([Math.PI]),
            ["bfloat"] = Tensor.From([(BFloat16)1.5f]),
            ["half"] = Tensor.From([(Half)(-2)]),
            ["long"] = Tensor.From([long.MinValue]),
            ["int"] = Tensor.From([int.MaxValue]),
            ["byte"] = Tensor.From(new byte[] { 255, 0, 3 }),
            ["bool"] = Tensor.From([true, false]),
            ["scalar"] = Tensor.Scalar(3f),
            ["empty"] = Tensor.Zeros(DType.Float32, [3, 0, 2]),
            ["größe \"\\\n\u0001 🐦"] = Tensor.Scalar(1),
        };
        var path = Path.Combine(_directory, "all.safetensors");
        Safetensors.Save(path, tensors, new Dictionary<string, string> { ["format"] = "dunlin" });
        var loaded = Safetensors.Load(path);
        Assert.Equal(tensors.Keys.Order(StringComparer.Ordinal), loaded.Keys.Order(StringComparer.Ordinal));
        foreach (var (name, tensor) in tensors)
        {
            Assert.Equal(tensor.TensorType, loaded[name].TensorType);
            Assert.Equal(tensor.RawBytes, loaded[name].RawBytes);
        }
        using var file = SafetensorsFile.Open(path);
        Assert.Equal("dunlin", file.Metadata["format"]);
        var target = Tensor.Zeros(DType.Int64, [1]);
        file.Load("long", target);
        Assert.Equal(long.MinValue, target.Item<long>());
        Assert.Contains("does not fit", Assert.Throws<TensorFileException>(() => file.Load("int", target)).Message);
        Assert.Equal([path], Directory.GetFiles(_directory));
    }

    [Fact]
    public void The_writer_writes_the_reference_librarys_bytes()
    {
        var stream = new MemoryStream();
        Safetensors.Write(stream, new Dictionary<string, Tensor>
        {
            ["ü"] = Tensor.From(new byte[] { 7 }),
            ["b"] = Tensor.From([1f]),
            ["a"] = Tensor.From([2f, 3f]),
            ["z"] = Tensor.From([4L], [1, 1]),
        }, new Dictionary<string, string> { ["k"] = "v" });
        const string expected = """{"__metadata__":{"k":"v"},"z":{"dtype":"I64","shape":[1,1],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]},"b":{"dtype":"F32","shape":[1],"data_offsets":[16,20]},"ü":{"dtype":"U8","shape":[1],"data_offsets":[20,21]}}""";
        var json = Encoding.UTF8.GetBytes(expected);
        var padded = (json.Length + 7) / 8 * 8;
        var bytes = stream.ToArray();
        Assert.Equal(padded, BinaryPrimitives.ReadInt64LittleEndian(bytes));
        Assert.Equal(expected.PadRight(expected.Length + padded - json.Length), Encoding.UTF8.GetString(bytes, 8, padded));
        Assert.Equal([4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0x40, 0x40, 0, 0, 0x80, 0x3F, 7], bytes[(8 + padded)..]);
    }

    [Fact]
    public void The_writer_refuses_reserved_and_equal_names()
    {
        var one = Tensor.Scalar(1f);
        Assert.Throws<TensorFileException>(() => Safetensors.Write(Stream.Null, [new("__metadata__", one)]));
        Assert.Throws<TensorFileException>(() => Safetensors.Write(Stream.Null, [new("a", one), new("a", one)]));
        Assert.Throws<TensorFileException>(() => Safetensors.Write(Stream.Null, [new("\ud800", one)]));
    }

    [Fact]
    public void An_index_is_written_as_others_write_it()
    {
        using var stream = new MemoryStream();
        ShardedSafetensors.WriteIndex(stream, 12, new Dictionary<string, string> { ["b"] = "model-00002-of-00002.safetensors", ["a"] = "model-00001-of-00002.safetensors" });
        Assert.Equal("""
            {
              "metadata": {
                "total_size": 12
              },
              "weight_map": {
                "a": "model-00001-of-00002.safetensors",
                "b": "model-00002-of-00002.safetensors"
              }
            }
            """, System.Text.Encoding.UTF8.GetString(stream.ToArray()), ignoreLineEndingDifferences: true);
        var index = Path.Combine(_directory, "model.safetensors.index.json");
        File.WriteAllBytes(index, stream.ToArray());
        Assert.Equal(["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"], Safetensors.FilesOf(index).Select(Path.GetFileName));
    }

    [Fact]
    public void A_sharded_model_is_read_through_its_index()
    {
        Safetensors.Save(Path.Combine(_directory, "model-00001-of-00002.safetensors"), [new("a", Tensor.Scalar(1f))]);
        Safetensors.Save(Path.Combine(_directory, "model-00002-of-00002.safetensors"), [new("b", Tensor.Scalar(2f))]);
        var index = Path.Combine(_directory, "model.safetensors.index.json");
        File.WriteAllText(index, """
            {"metadata":{"total_size":8},"weight_map":{"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"}}
            """);
        Assert.Equal([1f, 2f], Safetensors.Load(index).OrderBy(pair => pair.Key).Select(pair => pair.Value.Item<float>()));
    }

    [Theory, InlineData("../secret"), InlineData("/etc/secret"), InlineData("a\\\\b"), InlineData(".."), InlineData("")]
    public void An_index_that_leaves_its_directory_is_refused(string file)
    {
        var index = Path.Combine(_directory, "model.safetensors.index.json");
        File.WriteAllText(index, "{\"weight_map\":{\"a\":\"" + file + "\"}}");
        Assert.Contains("plain name", Assert.Throws<TensorFileException>(() => Safetensors.Load(index)).Message);
    }

    private static byte[] FileOf(string header, int dataBytes)
    {
        var json = Encoding.UTF8.GetBytes(header);
        var bytes = new byte[8 + json.Length + dataBytes];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, json.Length);
        json.CopyTo(bytes, 8);
        return bytes;
    }

    private string Put(byte[] bytes)
    {
        var path = Path.Combine(_directory, "x.safetensors");
        File.WriteAllBytes(path, bytes);
        return path;
    }

    private void Refused(byte[] bytes, string rule) =>
        Assert.Contains(rule, Assert.Throws<TensorFileException>(() => Safetensors.Load(Put(bytes))).Message);
}
