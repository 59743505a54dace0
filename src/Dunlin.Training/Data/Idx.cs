using System.Buffers.Binary;
using System.IO.Compression;
using Dunlin.Tensors;

namespace Dunlin.Training.Data;

/// <summary>Reads IDX files, the format of MNIST and its successors, packed by gzip or not.</summary>
public static class Idx
{
    /// <summary>The most that one byte of a deflate stream can turn into.</summary>
    private const long DeflateRatio = 1032;

    /// <summary>Reads a file. The integer types that Dunlin lacks (8 and 16 bits, signed) widen to Int32.</summary>
    /// <param name="path">The file; packed if it begins with gzip's magic, whatever its name.</param>
    /// <param name="maxBytes">The most bytes of data to accept, unpacked; 1 GiB unless given.</param>
    /// <exception cref="TensorFileException">The file is missing, is no IDX file, is truncated or too long.</exception>
    public static Tensor Load(string path, long maxBytes = 1 << 30)
    {
        try
        {
            using var file = File.OpenRead(path);
            var packed = file.ReadByte() == 0x1F && file.ReadByte() == 0x8B;
            file.Position = 0;
            if (!packed) return Read(file, path, Math.Min(maxBytes, file.Length));
            using var unpacked = new GZipStream(file, CompressionMode.Decompress);
            return Read(unpacked, path, Math.Min(maxBytes, file.Length * DeflateRatio));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new TensorFileException(path, null, $"can't be read: {e.Message}", e);
        }
    }

    private static Tensor Read(Stream stream, string path, long maxBytes)
    {
        Span<byte> magic = stackalloc byte[4];
        if (stream.ReadAtLeast(magic, 4, throwOnEndOfStream: false) < 4 || magic[0] != 0 || magic[1] != 0)
            throw new TensorFileException(path, null, $"an IDX file begins with two zero bytes, a type and the number of dimensions; got {Convert.ToHexString(magic)}");
        var (size, type) = magic[2] switch
        {
            0x08 => (1, DType.UInt8),
            0x09 => (1, DType.Int32),
            0x0B => (2, DType.Int32),
            0x0C => (4, DType.Int32),
            0x0D => (4, DType.Float32),
            0x0E => (8, DType.Float64),
            var other => throw new TensorFileException(path, null, $"the type must be one of 08 09 0B 0C 0D 0E; got {other:X2}"),
        };
        var dimensions = new int[magic[3]];
        var lengths = new byte[4 * dimensions.Length];
        if (stream.ReadAtLeast(lengths, lengths.Length, throwOnEndOfStream: false) < lengths.Length)
            throw new TensorFileException(path, null, $"the file ends within its {dimensions.Length} dimensions");
        var bytes = (UInt128)size;
        for (var i = 0; i < dimensions.Length; i++)
        {
            var length = BinaryPrimitives.ReadUInt32BigEndian(lengths.AsSpan(4 * i));
            bytes *= length;
            if (length > int.MaxValue || bytes > (UInt128)maxBytes)
                throw new TensorFileException(path, null, $"the dimensions ask for more than the file or the limit of {maxBytes:N0} bytes can hold; got {length} as dimension {i}");
            dimensions[i] = (int)length;
        }
        var raw = new byte[(int)bytes];
        var read = stream.ReadAtLeast(raw, raw.Length, throwOnEndOfStream: false);
        if (read < raw.Length || stream.ReadByte() >= 0)
            throw new TensorFileException(path, null,
                $"{raw.Length} bytes of data expected for {Shape.Create(dimensions)}; got {(read < raw.Length ? $"{read}: the file is truncated" : "more")}");
        return Decode(raw, magic[2], type, Shape.Create(dimensions));
    }

    private static Tensor Decode(byte[] raw, byte code, DType type, Shape shape)
    {
        if (code == 0x08) return Tensor.From<byte>(raw.AsSpan(), shape);
        var result = Tensor.Uninitialized(type, shape);
        for (var i = 0; i < result.ElementCount; i++)
        {
            switch (code)
            {
                case 0x09: result.Span<int>()[i] = (sbyte)raw[i]; break;
                case 0x0B: result.Span<int>()[i] = BinaryPrimitives.ReadInt16BigEndian(raw.AsSpan(2 * i)); break;
                case 0x0C: result.Span<int>()[i] = BinaryPrimitives.ReadInt32BigEndian(raw.AsSpan(4 * i)); break;
                case 0x0D: result.Span<float>()[i] = BinaryPrimitives.ReadSingleBigEndian(raw.AsSpan(4 * i)); break;
                default: result.Span<double>()[i] = BinaryPrimitives.ReadDoubleBigEndian(raw.AsSpan(8 * i)); break;
            }
        }
        return result;
    }
}
