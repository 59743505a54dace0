namespace Dunlin.Tensors.Tests.Files;

/// <summary>Whatever happens to the bytes of a file, reading it gives tensors or a refusal that names it, and takes no memory by a number that is not checked.</summary>
public sealed class MutationTests : IDisposable
{
    private const int Mutations = 4000;
    private const long MostBytes = 1 << 22;

    // Where memory is a file system: thousands of files are written.
    private readonly string _directory = Directory.Exists("/dev/shm") ? Directory.CreateDirectory($"/dev/shm/dunlin-{Guid.NewGuid():N}").FullName : Directory.CreateTempSubdirectory("dunlin-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void A_mutated_npy_file_is_read_or_refused() => Mutate("a.npy", path => Npy.Save(path, Numbers(DType.Float32, [4, 3])), path => [Npy.Load(path)]);

    [Theory, InlineData(false), InlineData(true)]
    public void A_mutated_npz_file_is_read_or_refused(bool compress) => Mutate("a.npz", path => Npz.Save(path, Tensors(), compress), path => Npz.Load(path, MostBytes).Values);

    [Fact]
    public void A_mutated_safetensors_file_is_read_or_refused() => Mutate("a.safetensors", path => Safetensors.Save(path, Tensors(), new Dictionary<string, string> { ["by"] = "nobody" }), path => Safetensors.Load(path).Values);

    [Fact]
    public void A_mutated_index_of_shards_is_read_or_refused()
    {
        Safetensors.Save(Path.Combine(_directory, "model-00001-of-00002.safetensors"), [new("a", Numbers(DType.Float32, [4, 3]))]);
        Safetensors.Save(Path.Combine(_directory, "model-00002-of-00002.safetensors"), [new("b", Numbers(DType.Int64, [2]))]);
        const string Index = """{"metadata":{"total_size":64},"weight_map":{"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"}}""";
        Mutate("model.safetensors.index.json", path => File.WriteAllText(path, Index), path => Safetensors.Load(path).Values);
    }

    private static Dictionary<string, Tensor> Tensors() => new() { ["a"] = Numbers(DType.Float32, [4, 3]), ["b/c"] = Numbers(DType.Int64, [2]), ["empty"] = Numbers(DType.UInt8, [0, 5]), ["é"] = Numbers(DType.Float64, []) };

    private static Tensor Numbers(DType type, Shape shape)
    {
        var tensor = Tensor.Zeros(type, shape);
        for (var i = 0; i < tensor.RawBytes.Length; i++) tensor.RawBytes[i] = (byte)(i * 37);
        return tensor;
    }

    private void Mutate(string name, Action<string> write, Func<string, IEnumerable<Tensor>> read)
    {
        var path = Path.Combine(_directory, name);
        write(path);
        var whole = File.ReadAllBytes(path);
        Assert.NotEmpty(read(path));
        var (random, refused) = (new Random(20), 0);
        for (var i = 0; i < Mutations; i++)
        {
            var bytes = Mutated(whole, random);
            File.WriteAllBytes(path, bytes);
            var before = GC.GetAllocatedBytesForCurrentThread();
            try { Assert.InRange(read(path).Sum(t => t.Bytes), 0, MostBytes); }
            catch (DunlinException e)
            {
                refused++;
                Assert.Contains(_directory, e.Message, StringComparison.Ordinal);
            }
            catch (Exception e) when (e is not Xunit.Sdk.XunitException) { Assert.Fail($"Mutation {i}: {e}\n{Convert.ToHexString(bytes)}"); }
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MostBytes);
        }
        Assert.InRange(refused, Mutations / 4, Mutations - 1);
    }

    /// <summary>Flips a few bits, sets bytes to what numbers and grammars stumble over, cuts the end off, or repeats a part.</summary>
    private static byte[] Mutated(byte[] whole, Random random)
    {
        byte[] bytes = [.. whole];
        for (var left = random.Next(1, 4); left > 0 && bytes.Length > 0; left--)
        {
            var at = random.Next(bytes.Length);
            switch (random.Next(6))
            {
                case 0: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 1: bytes[at] = (byte)random.Next(256); break;
                case 2: bytes[at] = "0-9.,:{}[]()'\"\\ eE\0\u007f"u8[random.Next(20)]; break;
                case 3: bytes.AsSpan(at, Math.Min(random.Next(1, 9), bytes.Length - at)).Fill((byte)(random.Next(2) * 255)); break;
                case 4: bytes = bytes[..at]; break;
                default: bytes = [.. bytes[..at], .. bytes[random.Next(at + 1)..at], .. bytes[at..]]; break;
            }
        }
        return bytes;
    }
}
