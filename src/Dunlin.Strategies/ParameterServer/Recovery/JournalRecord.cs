using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using Dunlin.Communication;
using Dunlin.Tensors;

namespace Dunlin.Strategies;

/// <summary>Records of a journal: each is a frame (<see cref="FrameHeader"/>), checked as one when it is read, and a CRC-32C of all of it.</summary>
internal static unsafe class JournalRecord
{
    private const int PieceBytes = 1 << 20, SumBytes = 4;

    /// <summary>Takes bytes to where they are written.</summary>
    public delegate void Writer(ReadOnlySpan<byte> bytes);

    /// <summary>Writes a record.</summary>
    /// <returns>Its bytes.</returns>
    public static long Write(Writer write, FrameKind kind, byte flags, ReadOnlySpan<long> fields, string text, ReadOnlySpan<Tensor> tensors)
    {
        var textBytes = Encoding.UTF8.GetBytes(text);
        var length = textBytes.Length;
        foreach (var tensor in tensors) length += FrameHeader.DescriptionBytes + 8 * tensor.Shape.Rank;
        var head = new byte[FrameHeader.Size + length];
        var header = new FrameHeader { Kind = kind, Flags = flags, Tensors = tensors.Length, TextBytes = textBytes.Length, HeadBytes = length };
        for (var i = 0; i < fields.Length; i++) header.Fields[i] = fields[i];
        header.Write(head);
        textBytes.CopyTo(head, FrameHeader.Size);
        var at = FrameHeader.Size + textBytes.Length;
        foreach (var tensor in tensors) at += Frames.Describe(tensor, head.AsSpan(at));
        write(head);
        var (sum, bytes) = (Add(~0u, head), (long)head.Length);
        foreach (var tensor in tensors)
        {
            for (long done = 0; done < tensor.Bytes; done += PieceBytes)
            {
                var piece = new ReadOnlySpan<byte>((void*)(tensor.Address + (nint)done), (int)Math.Min(PieceBytes, tensor.Bytes - done));
                sum = Add(sum, piece);
                write(piece);
            }
            bytes += tensor.Bytes;
            GC.KeepAlive(tensor);
        }
        Span<byte> end = stackalloc byte[SumBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(end, ~sum);
        write(end);
        return bytes + SumBytes;
    }

    /// <summary>Reads a record.</summary>
    /// <returns>What it is; null where the file ends, or the record is damaged or was not written to its end.</returns>
    public static (FrameHeader Header, string Text, Tensor[] Tensors)? Read(Stream from, Func<FrameHeader, TensorLimit[]?> limits)
    {
        var head = new byte[FrameHeader.Size];
        if (!Fill(from, head) || FrameHeader.Read(head, out var header) is not null || limits(header) is not { } expected) return null;
        var checks = new FrameLimits(CallFrames.MostText, expected);
        if (checks.Refuse(header) is not null) return null;
        var rest = new byte[header.HeadBytes];
        var rows = new int[expected.Length];
        if (!Fill(from, rest) || checks.Refuse(header, rest, rows) is not null) return null;
        var sum = Add(Add(~0u, head), rest);
        var tensors = new Tensor[expected.Length];
        for (var i = 0; i < tensors.Length; i++)
        {
            var type = expected[i].Type;
            tensors[i] = Tensor.Uninitialized(type.Type, expected[i].MostRows > 0 ? type.Shape.With(0, rows[i]) : type.Shape);
            for (long done = 0; done < tensors[i].Bytes; done += PieceBytes)
            {
                var piece = new Span<byte>((void*)(tensors[i].Address + (nint)done), (int)Math.Min(PieceBytes, tensors[i].Bytes - done));
                if (!Fill(from, piece)) return null;
                sum = Add(sum, piece);
            }
        }
        Span<byte> end = stackalloc byte[SumBytes];
        return Fill(from, end) && BinaryPrimitives.ReadUInt32LittleEndian(end) == ~sum ? (header, Encoding.UTF8.GetString(rest, 0, header.TextBytes), tensors) : null;
    }

    private static bool Fill(Stream from, Span<byte> to) => from.ReadAtLeast(to, to.Length, throwOnEndOfStream: false) == to.Length;

    private static uint Add(uint sum, ReadOnlySpan<byte> bytes)
    {
        for (; bytes.Length >= 8; bytes = bytes[8..]) sum = BitOperations.Crc32C(sum, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (var one in bytes) sum = BitOperations.Crc32C(sum, one);
        return sum;
    }
}
