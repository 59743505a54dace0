using System.IO.Compression;
using System.Text;

namespace Dunlin.Tensors.Tests.Files;

public sealed class NpyTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("dunlin-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void The_writer_writes_NumPys_bytes()
    {
        var path = At("a.npy");
        Npy.Save(path, Tensor.From([1f, 2, 3, 4, 5, 6], [2, 3]));
        var bytes = File.ReadAllBytes(path);
        Assert.Equal(128 + 24, bytes.Length);
        Assert.Equal([0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0, 0x76, 0], bytes[..10]);
        Assert.Equal("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }".PadRight(117) + "\n", Encoding.ASCII.GetString(bytes, 10, 118));
        Assert.Equal([0, 0, 0x80, 0x3F], bytes[128..132]);
    }

    [Fact]
    public void Every_type_and_rank_comes_back()
    {
        Tensor[] tensors =
        [
            Tensor.Scalar(2f), Tensor.From([1.5, double.NaN]), Tensor.From([(Half)3], [1, 1, 1]), Tensor.From([long.MinValue]),
            Tensor.From([1, 2]), Tensor.From(new byte[] { 200 }), Tensor.From([true, false]), Tensor.Zeros(DType.Float32, [0, 4]),
        ];
        foreach (var tensor in tensors)
        {
            Npy.Save(At("a.npy"), tensor);
            var loaded = Npy.Load(At("a.npy"));
            Assert.Equal(tensor.TensorType, loaded.TensorType);
            Assert.Equal(tensor.RawBytes, loaded.RawBytes);
        }
        Assert.Contains("BFloat16", Assert.Throws<TensorFileException>(() => Npy.Save(At("b.npy"), Tensor.Zeros(DType.BFloat16, [1]))).Message);
        Assert.Equal([At("a.npy")], Directory.GetFiles(_directory));
    }

    [Theory]
    [InlineData("|i1", new byte[] { 0xFF, 2 }, DType.Int32, new[] { -1.0, 2 })]
    [InlineData(">i2", new byte[] { 0xFF, 0xFE, 1, 0 }, DType.Int32, new[] { -2.0, 256 })]
    [InlineData("<u2", new byte[] { 0xFF, 0xFF, 1, 0 }, DType.Int32, new[] { 65535.0, 1 })]
    [InlineData(">i4", new byte[] { 0, 0, 1, 0, 0xFF, 0xFF, 0xFF, 0xFF }, DType.Int32, new[] { 256.0, -1 })]
    [InlineData("=u4", new byte[] { 0xFF, 0xFF, 0xFF, 0xFF, 1, 0, 0, 0 }, DType.Int64, new[] { 4294967295.0, 1 })]
    [InlineData("<u8", new byte[] { 5, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0 }, DType.Int64, new[] { 5.0, 1 })]
    [InlineData(">f4", new byte[] { 0x3F, 0x80, 0, 0, 0x40, 0, 0, 0 }, DType.Float32, new[] { 1.0, 2 })]
    [InlineData("|b1", new byte[] { 0, 2 }, DType.Bool, new[] { 0.0, 1 })]
    public void Foreign_types_and_byte_orders_convert_to_ours(string descr, byte[] data, DType type, double[] expected)
    {
        var tensor = Npy.Load(Put(FileOf($"{{'descr': '{descr}', 'fortran_order': False, 'shape': (2,), }}", data)));
        Assert.Equal(type, tensor.Type);
        Assert.Equal(expected, type switch
        {
            DType.Int32 => tensor.ToArray<int>().Select(x => (double)x),
            DType.Int64 => tensor.ToArray<long>().Select(x => (double)x),
            DType.Bool => tensor.ToArray<bool>().Select(x => x ? 1.0 : 0),
            _ => tensor.ToArray<float>().Select(x => (double)x),
        });
    }

    [Fact]
    public void Fortran_order_is_transposed()
    {
        var tensor = Npy.Load(Put(FileOf("{\"shape\":(2,3,2),'fortran_order':True,'descr':'|u1'}", [.. Enumerable.Range(0, 12).Select(i => (byte)i)])));
        var expected = from i in Enumerable.Range(0, 2) from j in Enumerable.Range(0, 3) from k in Enumerable.Range(0, 2) select (byte)(i + 2 * j + 6 * k);
        Assert.Equal([2, 3, 2], tensor.Shape);
        Assert.Equal(expected, tensor.ToArray<byte>());
    }

    [Theory]
    [InlineData("{'descr': '|O', 'fortran_order': False, 'shape': (4,), }", "pickle")]
    [InlineData("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "records")]
    [InlineData("{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }", "none of b1")]
    [InlineData("{'descr': 'f4', 'fortran_order': False, 'shape': (1,), }", "byte order")]
    [InlineData("{'descr': '<f4', 'fortran_order': 0, 'shape': (1,), }", "True or False")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (1), }", "tuple")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", "integer from 0")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (2147483647, 2147483647, 2147483647, 2147483647), }", "bytes follow")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", "has 8 bytes, but 4")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1}", "unknown")]
    [InlineData("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", "twice")]
    [InlineData("{'descr': '<f4', 'fortran_order': False}", "must hold")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} + exit()", "may follow")]
    [InlineData("__import__('os')", "lacks '{'")]
    public void Anything_but_plain_numbers_is_refused_by_name(string header, string rule)
    {
        var path = Put(FileOf(header, new byte[4]));
        var error = Assert.Throws<TensorFileException>(() => Npy.Load(path));
        Assert.Contains(rule, error.Message);
        Assert.Contains(path, error.Message);
    }

    [Fact]
    public void Truncated_and_unsigned_too_large_files_are_refused()
    {
        var bytes = FileOf("{'descr': '<u8', 'fortran_order': False, 'shape': (1,), }", [0, 0, 0, 0, 0, 0, 0, 0x80]);
        Assert.Contains("exceeds 9223372036854775807", Assert.Throws<TensorFileException>(() => Npy.Load(Put(bytes))).Message);
        for (var length = 0; length < bytes.Length; length += 5)
            Assert.Throws<TensorFileException>(() => Npy.Load(Put(bytes[..length])));
    }

    [Theory, InlineData(false), InlineData(true)]
    public void Archives_come_back_and_are_the_same_bytes_each_time(bool compress)
    {
        var tensors = new Dictionary<string, Tensor> { ["a"] = Tensor.From([1f, 2]), ["layer/b"] = Tensor.Zeros(DType.Int64, [1000]) };
        Npz.Save(At("a.npz"), tensors, compress);
        Npz.Save(At("b.npz"), tensors, compress);
        Assert.Equal(File.ReadAllBytes(At("a.npz")), File.ReadAllBytes(At("b.npz")));
        var loaded = Npz.Load(At("a.npz"));
        Assert.Equal(tensors.Keys, loaded.Keys);
        Assert.All(tensors, pair => Assert.Equal(pair.Value.RawBytes, loaded[pair.Key].RawBytes));
        Assert.Contains("inflates", Assert.Throws<TensorFileException>(() => Npz.Load(At("a.npz"), maxBytes: 8000)).Message);
    }

    [Fact]
    public void Archives_with_other_files_or_that_are_none_are_refused()
    {
        using (var zip = ZipFile.Open(At("a.npz"), ZipArchiveMode.Create)) zip.CreateEntry("evil.pkl");
        Assert.Contains("evil.pkl", Assert.Throws<TensorFileException>(() => Npz.Load(At("a.npz"))).Message);
        File.WriteAllText(At("b.npz"), "no zip");
        Assert.Throws<TensorFileException>(() => Npz.Load(At("b.npz")));
    }

    private static byte[] FileOf(string header, byte[] data) =>
        [0x93, .. "NUMPY"u8, 1, 0, (byte)(header.Length + 1), (byte)((header.Length + 1) >> 8), .. Encoding.ASCII.GetBytes(header + "\n"), .. data];

    private string At(string name) => Path.Combine(_directory, name);

    private string Put(byte[] bytes)
    {
        File.WriteAllBytes(At("x.npy"), bytes);
        return At("x.npy");
    }
}
