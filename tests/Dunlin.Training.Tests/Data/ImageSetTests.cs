using System.IO.Compression;
using Dunlin.Tensors;
using Dunlin.Training.Data;

namespace Dunlin.Training.Tests.Data;

public sealed class ImageSetTests : IDisposable
{
    private static readonly byte[] Small = [0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6];

    private readonly string _directory = Directory.CreateTempSubdirectory("dunlin-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory, InlineData(false), InlineData(true)]
    public void Idx_files_load_packed_or_not(bool pack)
    {
        var tensor = Idx.Load(Put(Small, pack));
        Assert.Equal("UInt8[2, 3]", tensor.ToString());
        Assert.Equal([1, 2, 3, 4, 5, 6], tensor.ToArray<byte>());
    }

    [Theory]
    [InlineData(new byte[] { 0, 0, 9, 1, 0, 0, 0, 1, 0xFE }, "Int32[1]", -2.0)]
    [InlineData(new byte[] { 0, 0, 0x0B, 1, 0, 0, 0, 1, 0xFF, 0 }, "Int32[1]", -256.0)]
    [InlineData(new byte[] { 0, 0, 0x0C, 1, 0, 0, 0, 1, 0, 1, 0, 0 }, "Int32[1]", 65536.0)]
    [InlineData(new byte[] { 0, 0, 0x0D, 1, 0, 0, 0, 1, 0x3F, 0x80, 0, 0 }, "Float32[1]", 1.0)]
    [InlineData(new byte[] { 0, 0, 0x0E, 1, 0, 0, 0, 1, 0xC0, 0, 0, 0, 0, 0, 0, 0 }, "Float64[1]", -2.0)]
    public void Every_element_type_is_read_big_endian(byte[] bytes, string type, double value)
    {
        var tensor = Idx.Load(Put(bytes));
        Assert.Equal(type, tensor.ToString());
        Assert.Equal(value, tensor.Type switch { DType.Int32 => tensor.Item<int>(), DType.Float32 => tensor.Item<float>(), _ => tensor.Item<double>() });
    }

    [Fact]
    public void Broken_files_are_refused_with_what_was_expected()
    {
        foreach (var pack in new[] { false, true })
        {
            Refused(Put([.. Small, 7], pack), "6 bytes of data expected for [2, 3]; got more");
            Refused(Put(Small[..^1], pack), pack ? "got 5: the file is truncated" : "");
            Refused(Put(Small[..7], pack), "ends within its 2 dimensions");
            Refused(Put([0, 1, 8, 2], pack), "got 00010802");
            Refused(Put([0, 0, 7, 1, 0, 0, 0, 0], pack), "got 07");
            Refused(Put([0, 0, 8, 3, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0], pack), "more than the file or the limit");
        }
        var packed = File.ReadAllBytes(Put(new byte[] { 0, 0, 8, 1, 0, 0, 0xFF, 0xFF }.Concat(new byte[0xFFFF]).ToArray(), pack: true));
        Refused(Put(packed[..(packed.Length / 2)]), "");
        Assert.Contains("limit of 1,000", Assert.Throws<TensorFileException>(() => Idx.Load(Put(packed), maxBytes: 1000)).Message);
        Refused(Path.Combine(_directory, "none"), "can't be read");
    }

    [Theory, InlineData(false), InlineData(true)]
    public void Mutated_files_are_read_or_refused(bool pack)
    {
        var path = Put(Small, pack);
        var (whole, random, refused) = (File.ReadAllBytes(path), new Random(7), 0);
        const int Mutations = 1000;
        for (var i = 0; i < Mutations; i++)
        {
            byte[] bytes = [.. whole];
            for (var left = random.Next(1, 4); left > 0 && bytes.Length > 0; left--)
            {
                var at = random.Next(bytes.Length);
                if (random.Next(4) == 0) bytes = bytes[..at];
                else bytes[at] = random.Next(3) switch { 0 => (byte)(bytes[at] ^ 1 << random.Next(8)), 1 => (byte)(255 * random.Next(2)), _ => (byte)random.Next(256) };
            }
            File.WriteAllBytes(path, bytes);
            var before = GC.GetAllocatedBytesForCurrentThread();
            try { Assert.InRange(Idx.Load(path).Bytes, 0, 1 << 16); }
            catch (TensorFileException e)
            {
                refused++;
                Assert.Contains(path, e.Message, StringComparison.Ordinal);
            }
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
        }
        Assert.InRange(refused, Mutations / 4, Mutations - 1);
    }

    [Fact]
    public void A_missing_data_set_says_how_to_install_it()
    {
        Assert.False(FashionMnist.IsInstalled(_directory));
        var error = Assert.Throws<TensorFileException>(() => FashionMnist.Load(_directory));
        Assert.Contains("apt-get install dataset-fashion-mnist", error.Message);
        Assert.Contains(_directory, error.Message);
    }

    [Fact]
    public void Fashion_MNIST_is_read_from_its_four_files_and_mislabelled_ones_are_refused()
    {
        foreach (var (part, count) in new[] { ("train", 3), ("t10k", 2) })
        {
            Write($"{part}-images-idx3-ubyte.gz", [0, 0, 8, 3, 0, 0, 0, (byte)count, 0, 0, 0, 28, 0, 0, 0, 28, .. Enumerable.Repeat((byte)255, count * 784)]);
            Write($"{part}-labels-idx1-ubyte.gz", [0, 0, 8, 1, 0, 0, 0, (byte)count, .. Enumerable.Range(0, count).Select(i => (byte)i)]);
        }
        var (train, test) = FashionMnist.Load(_directory);
        Assert.Equal((3, 2), (train.Count, test.Count));
        var batch = train.ToBatch();
        Assert.Equal("Float32[3, 1, 28, 28]", batch["image"].ToString());
        Assert.Equal([0, 1, 2], batch["label"].ToArray<long>());
        Assert.All(batch["image"].ToArray<float>(), x => Assert.Equal((1 - 0.2860f) / 0.3530f, x, 1e-6f));

        Write("train-labels-idx1-ubyte.gz", [0, 0, 8, 1, 0, 0, 0, 2, 0, 0]);
        Assert.Contains("UInt8[3], got UInt8[2]", Assert.Throws<TensorFileException>(() => FashionMnist.Load(_directory)).Message);
        Write("train-labels-idx1-ubyte.gz", [0, 0, 8, 1, 0, 0, 0, 3, 0, 10, 0]);
        Assert.Contains("labels from 0 to 9", Assert.Throws<TensorFileException>(() => FashionMnist.Load(_directory)).Message);
        File.Copy(Path.Combine(_directory, "train-labels-idx1-ubyte.gz"), Path.Combine(_directory, "train-images-idx3-ubyte.gz"), overwrite: true);
        Assert.Contains("expected images", Assert.Throws<TensorFileException>(() => FashionMnist.Load(_directory)).Message);

        void Write(string name, byte[] bytes) => File.Copy(Put(bytes, pack: true), Path.Combine(_directory, name), overwrite: true);
    }

    [Fact]
    public void Generated_digits_repeat_are_normalised_and_can_be_told_apart()
    {
        var (train, test) = GeneratedDigits.Create(2000, 300, seed: 1);
        var (a, b) = (train.ToBatch(), test.ToBatch());
        Assert.Equal(a["image"].ToArray<float>(), GeneratedDigits.Create(2000, 1, seed: 1).Train.ToBatch()["image"].ToArray<float>());
        var pixels = a["image"].ToArray<float>();
        var mean = pixels.Average();
        Assert.Equal(0, mean, 0.1f);
        Assert.Equal(1, Math.Sqrt(pixels.Average(x => (x - mean) * (x - mean))), 0.1);
        Assert.Equal(10, a["label"].ToArray<long>().Distinct().Count());

        // A nearest-neighbour classifier does far better than chance, and not perfectly: there is something to learn.
        var (known, labels) = (pixels.Chunk(784).ToArray(), a["label"].ToArray<long>());
        var right = b["image"].ToArray<float>().Chunk(784).Zip(b["label"].ToArray<long>()).Count(pair =>
            labels[Enumerable.Range(0, known.Length).MinBy(i => System.Numerics.Tensors.TensorPrimitives.Distance<float>(known[i], pair.First))] == pair.Second);
        Assert.InRange(right / 300.0, 0.6, 0.995);
    }

    private static void Refused(string path, string rule)
    {
        var error = Assert.Throws<TensorFileException>(() => Idx.Load(path));
        Assert.Contains(rule, error.Message);
        Assert.Equal(path, error.File);
    }

    private string Put(byte[] bytes, bool pack = false)
    {
        var path = Path.Combine(_directory, "x");
        using var file = File.Create(path);
        if (!pack)
        {
            file.Write(bytes);
            return path;
        }
        using var gzip = new GZipStream(file, CompressionLevel.Optimal);
        gzip.Write(bytes);
        return path;
    }
}
