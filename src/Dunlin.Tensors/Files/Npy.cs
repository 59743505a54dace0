using System.Buffers.Binary;
using System.Text;

namespace Dunlin.Tensors;

/// <summary>Reads and writes NumPy's array files (numpy.lib.format). Arrays of Python objects (pickles) are refused.</summary>
public static class Npy
{
    private const int LargestHeader = 10_000;

    private static ReadOnlySpan<byte> Magic => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    /// <summary>Reads one array. Integer types that Dunlin lacks widen: i1, i2, u2 to Int32; u4, u8 to Int64.</summary>
    /// <exception cref="TensorFileException">The file is missing, breaks a rule of the format, or holds something other than numbers.</exception>
    public static Tensor Load(string path)
    {
        try
        {
            using var stream = File.OpenRead(path);
            return Read(stream, stream.Length, path, null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TensorFileException(path, null, $"can't be read: {e.Message}", e);
        }
    }

    /// <summary>Writes one array beside the target and renames it.</summary>
    /// <exception cref="TensorFileException">NumPy has no BFloat16.</exception>
    public static void Save(string path, Tensor tensor) => AtomicFile.Write(path, stream => Write(stream, tensor, path, null));

    /// <summary>Reads an array of exactly <paramref name="length"/> bytes, header included, from a stream.</summary>
    internal static Tensor Read(Stream stream, long length, string file, string? name)
    {
        Span<byte> start = stackalloc byte[8];
        if (length < start.Length || stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) < start.Length || !start.StartsWith(Magic))
            throw new TensorFileException(file, name, "an NPY file begins with 93 \"NUMPY\" and a version; this one does not");
        var (major, minor) = (start[6], start[7]);
        if (major is < 1 or > 3 || minor != 0) throw new TensorFileException(file, name, $"the version {major}.{minor} is unknown; expected 1.0, 2.0 or 3.0");
        var lengthBytes = start[..(major == 1 ? 2 : 4)];
        stream.ReadExactly(lengthBytes);
        var headerLength = major == 1 ? BinaryPrimitives.ReadUInt16LittleEndian(lengthBytes) : BinaryPrimitives.ReadUInt32LittleEndian(lengthBytes);
        var dataLength = length - 8 - lengthBytes.Length - headerLength;
        if (headerLength > LargestHeader || dataLength < 0)
            throw new TensorFileException(file, name, $"the header's length {headerLength} exceeds the file or the limit of {LargestHeader}");
        var headerBytes = new byte[headerLength];
        stream.ReadExactly(headerBytes);
        var header = NpyHeader.Parse(file, name, (major == 3 ? Encoding.UTF8 : Encoding.Latin1).GetString(headerBytes));
        return ReadData(stream, header, dataLength, file, name);
    }

    internal static void Write(Stream stream, Tensor tensor, string file, string? name)
    {
        var type = NpyElements.NameOf(tensor.Type)
            ?? throw new TensorFileException(file, name, $"NumPy has no {tensor.Type}; convert {tensor} to Float32, or write safetensors");
        var lengths = string.Concat(tensor.Shape.Dimensions.ToArray().Select((length, i) => i == 0 ? $"{length}," : i == 1 ? $" {length}" : $", {length}"));
        var header = $"{{'descr': '{type}', 'fortran_order': False, 'shape': ({lengths}), }}";
        // The newline ends the header, and the data begins at a multiple of 64.
        var total = (10 + header.Length + 1 + 63) & -64;
        var bytes = new byte[total];
        Magic.CopyTo(bytes);
        bytes[6] = 1;
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(8), checked((ushort)(total - 10)));
        Encoding.ASCII.GetBytes(header.PadRight(total - 11) + "\n", bytes.AsSpan(10));
        stream.Write(bytes);
        TensorBytes.Write(tensor, stream);
    }

    private static Tensor ReadData(Stream stream, NpyHeader header, long dataLength, string file, string? name)
    {
        var shape = Shape.Create(header.Dimensions);
        var size = NpyElements.Size(header.Kind);
        var expected = (UInt128)size;
        foreach (var length in header.Dimensions)
        {
            expected *= (uint)length;
            if (expected > long.MaxValue) break;
        }
        if (expected != (UInt128)dataLength)
            throw new TensorFileException(file, name, $"{header.Kind}{shape} has {expected} bytes, but {dataLength} bytes follow the header");
        if (dataLength > int.MaxValue) throw new TensorFileException(file, name, $"{dataLength:N0} bytes exceed what can be read from NPY; use safetensors");
        var raw = Tensor.Uninitialized(DType.UInt8, [(int)dataLength]);
        if (!TensorBytes.Read(raw, stream)) throw new TensorFileException(file, name, "the data ends too early");
        if (header.BigEndian) NpyElements.SwapBytes(raw.RawBytes, size);
        var tensor = NpyElements.Widen(raw, header.Kind, shape)
            ?? throw new TensorFileException(file, name, $"an unsigned element exceeds {long.MaxValue}, the most that Int64 holds");
        return header.FortranOrder && shape.Rank > 1 ? NpyElements.FromFortranOrder(tensor) : tensor;
    }
}
