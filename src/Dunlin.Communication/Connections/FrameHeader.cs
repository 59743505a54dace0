using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Dunlin.Communication;

/// <summary>
/// How every frame begins: 80 bytes, little-endian. A frame goes on with its text (UTF-8) and a description of each of its tensors (element type, rank, two zeros, four zeros, then 8 bytes for each dimension), together
/// <see cref="HeadBytes"/> long, and ends with the elements of the tensors, one behind the other. So all that is claimed is known, and checked, before there is room for any of it.
/// </summary>
internal struct FrameHeader
{
    /// <summary>Bytes of a header.</summary>
    public const int Size = 80;

    /// <summary>What processes that talk to each other must have in common.</summary>
    public const byte Version = 1;

    /// <summary>More than any frame of ours has.</summary>
    public const int MostTensors = 1 << 16, MostText = 1 << 24;

    /// <summary>How many whole numbers a frame carries.</summary>
    public const int FieldCount = 7;

    /// <summary>Bytes of a tensor's description before its dimensions.</summary>
    public const int DescriptionBytes = 8;

    private static ReadOnlySpan<byte> Magic => "DNL"u8;

    /// <summary>What the frame is for.</summary>
    public FrameKind Kind;

    /// <summary>Of the kind.</summary>
    public byte Flags;

    /// <summary>How many tensors it has.</summary>
    public int Tensors;

    /// <summary>Bytes of its text.</summary>
    public int TextBytes;

    /// <summary>Bytes of its text and the descriptions of its tensors.</summary>
    public int HeadBytes;

    /// <summary>Which request it is, or is the answer to.</summary>
    public long Request;

    /// <summary>Whole numbers, of the kind.</summary>
    public FrameFields Fields;

    /// <summary>Writes the header.</summary>
    public readonly void Write(Span<byte> to)
    {
        Magic.CopyTo(to);
        (to[3], to[4], to[5]) = (Version, (byte)Kind, Flags);
        BinaryPrimitives.WriteUInt16LittleEndian(to[6..], (ushort)Tensors);
        BinaryPrimitives.WriteInt32LittleEndian(to[8..], TextBytes);
        BinaryPrimitives.WriteInt32LittleEndian(to[12..], HeadBytes);
        BinaryPrimitives.WriteInt64LittleEndian(to[16..], Request);
        for (var i = 0; i < FieldCount; i++) BinaryPrimitives.WriteInt64LittleEndian(to[(24 + 8 * i)..], Fields[i]);
    }

    /// <summary>Reads a header. What it says of lengths is within the bounds of any frame, and not more than that.</summary>
    /// <param name="bytes">At least <see cref="Size"/> of them.</param>
    /// <param name="header">What they say.</param>
    /// <returns>Why they are no header; null where they are one.</returns>
    public static string? Read(ReadOnlySpan<byte> bytes, out FrameHeader header)
    {
        header = default;
        if (bytes.Length < Size) return $"A frame begins with {Size} bytes, and there are only {bytes.Length}.";
        if (!bytes.StartsWith(Magic))
            return $"This is no frame of Dunlin: it begins with {bytes[0]:X2} {bytes[1]:X2} {bytes[2]:X2} {bytes[3]:X2}{(bytes is [0x16, 0x03, ..] ? ", which is TLS, and here is none" : "")}.";
        if (bytes[3] != Version) return $"The other side speaks version {bytes[3]} of Dunlin's frames, and this one version {Version}: run the same version of Dunlin on both.";
        header.Kind = (FrameKind)bytes[4];
        header.Flags = bytes[5];
        header.Tensors = BinaryPrimitives.ReadUInt16LittleEndian(bytes[6..]);
        header.TextBytes = BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]);
        header.HeadBytes = BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]);
        header.Request = BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]);
        for (var i = 0; i < FieldCount; i++) header.Fields[i] = BinaryPrimitives.ReadInt64LittleEndian(bytes[(24 + 8 * i)..]);
        if (header.Kind is < FrameKind.Hello or > FrameKind.Classes) return $"A frame is of kind {bytes[4]}, which there is not.";
        if (header.TextBytes is < 0 or > MostText) return $"A frame of kind {header.Kind} claims {(uint)header.TextBytes} bytes of text, of which there are at most {MostText}.";
        var most = header.TextBytes + (long)header.Tensors * (DescriptionBytes + 8 * 255);
        var least = header.TextBytes + (long)header.Tensors * DescriptionBytes;
        return header.HeadBytes < least || header.HeadBytes > most
            ? $"A frame of kind {header.Kind} with {header.TextBytes} bytes of text and {header.Tensors} tensors claims {(uint)header.HeadBytes} bytes for them, instead of {least} to {most}."
            : null;
    }
}

/// <summary>The whole numbers of a frame.</summary>
[InlineArray(FrameHeader.FieldCount)]
internal struct FrameFields
{
    private long _first;
}
