using System.Buffers.Binary;
using System.Text.Unicode;
using Dunlin.Tensors;

namespace Dunlin.Communication;

/// <summary>A tensor that a receiver expects.</summary>
/// <param name="Type">Element type and shape.</param>
/// <param name="MostRows">How long the first dimension may be, whatever the shape says of it; 0 where it is as the shape says.</param>
internal readonly record struct TensorLimit(TensorType Type, int MostRows = 0);

/// <summary>What a receiver expects of a frame: nothing else is read, and for nothing else is there room.</summary>
/// <param name="mostText">Bytes of text, at most.</param>
/// <param name="tensors">The tensors, in order; none unless given.</param>
internal sealed class FrameLimits(int mostText, params TensorLimit[] tensors)
{
    private string? _refusal;

    /// <summary>Of a frame that is not expected.</summary>
    /// <param name="why">A sentence that says so.</param>
    public static FrameLimits None(string why) => new(0) { _refusal = why };

    /// <summary>Checks a header, before what it says is read.</summary>
    /// <returns>Why the frame is not what is expected; null where it may be.</returns>
    public string? Refuse(in FrameHeader header)
    {
        if (_refusal is not null) return _refusal;
        if (header.TextBytes > mostText) return $"A frame of kind {header.Kind} claims {header.TextBytes} bytes of text, where at most {mostText} are expected.";
        if (header.Tensors != tensors.Length) return $"A frame of kind {header.Kind} claims {header.Tensors} tensors, where {tensors.Length} are expected.";
        var described = (long)header.TextBytes;
        foreach (var tensor in tensors) described += FrameHeader.DescriptionBytes + 8 * tensor.Type.Shape.Rank;
        return header.HeadBytes != described ? $"A frame of kind {header.Kind} claims {header.HeadBytes} bytes for its text and the descriptions of its tensors, where {described} are expected." : null;
    }

    /// <summary>Checks text and descriptions, before an element is read.</summary>
    /// <param name="header">Which has been checked.</param>
    /// <param name="head">As many bytes as that says.</param>
    /// <param name="rows">How long the first dimension of each tensor is; 1 for a scalar.</param>
    /// <returns>Why the frame is not what is expected; null where it is.</returns>
    public string? Refuse(in FrameHeader header, ReadOnlySpan<byte> head, Span<int> rows)
    {
        if (!Utf8.IsValid(head[..header.TextBytes])) return $"The text of a frame of kind {header.Kind} is not UTF-8.";
        var at = header.TextBytes;
        for (var i = 0; i < tensors.Length; i++)
        {
            var (type, shape) = tensors[i].Type;
            var description = head.Slice(at, FrameHeader.DescriptionBytes + 8 * shape.Rank);
            at += description.Length;
            rows[i] = 1;
            if (description[0] != (byte)type || description[1] != shape.Rank || BinaryPrimitives.ReadUInt16LittleEndian(description[2..]) != 0 || BinaryPrimitives.ReadInt32LittleEndian(description[4..]) != 0)
                return Refused(header, i, $"element type {description[0]} and {description[1]} dimensions");
            for (var d = 0; d < shape.Rank; d++)
            {
                var length = BinaryPrimitives.ReadInt64LittleEndian(description[(FrameHeader.DescriptionBytes + 8 * d)..]);
                var fits = d == 0 && tensors[i].MostRows > 0 ? length >= 0 && length <= tensors[i].MostRows : length == shape.Dimensions[d];
                if (!fits) return Refused(header, i, $"length {length} in dimension {d}");
                if (d == 0) rows[i] = (int)length;
            }
        }
        return null;
    }

    private string Refused(in FrameHeader header, int tensor, string claim) =>
        $"A frame of kind {header.Kind} claims a tensor {tensor} of {claim}, where {tensors[tensor].Type}{(tensors[tensor].MostRows > 0 ? $" with up to {tensors[tensor].MostRows} rows" : "")} is expected.";
}

/// <summary>What a receiver expects just now.</summary>
internal interface IFrameRules
{
    /// <summary>The limits of a frame; null where none of its kind is expected.</summary>
    FrameLimits? Of(in FrameHeader header);
}

/// <summary>Frames as bytes.</summary>
internal static class Frames
{
    /// <summary>Reads a header and all that stands before the elements of a frame; a pure function.</summary>
    /// <param name="bytes">The frame's first bytes, which may be all of it.</param>
    /// <param name="rules">What is expected.</param>
    /// <param name="header">The header.</param>
    /// <param name="rows">How long the first dimension of each tensor is; room for as many tensors as are expected at most.</param>
    /// <returns>Why the bytes are no frame, or not one that is expected; null where they are.</returns>
    public static string? Read(ReadOnlySpan<byte> bytes, IFrameRules rules, out FrameHeader header, Span<int> rows)
    {
        if (FrameHeader.Read(bytes, out header) is { } malformed) return malformed;
        if (rules.Of(header) is not { } limits) return Unexpected(header);
        if (limits.Refuse(header) is { } refusal) return refusal;
        return bytes.Length < FrameHeader.Size + header.HeadBytes ? $"A frame of kind {header.Kind} ends after {bytes.Length} of {FrameHeader.Size + header.HeadBytes} bytes."
            : limits.Refuse(header, bytes.Slice(FrameHeader.Size, header.HeadBytes), rows);
    }

    /// <summary>What is said of a frame of a kind that is not expected.</summary>
    public static string Unexpected(in FrameHeader header) => $"A frame of kind {header.Kind} is not expected here.";

    /// <summary>Writes a tensor's description.</summary>
    /// <returns>How many bytes that took.</returns>
    public static int Describe(Tensor tensor, Span<byte> to)
    {
        var dimensions = tensor.Shape.Dimensions;
        to[..FrameHeader.DescriptionBytes].Clear();
        (to[0], to[1]) = ((byte)tensor.Type, (byte)dimensions.Length);
        for (var d = 0; d < dimensions.Length; d++) BinaryPrimitives.WriteInt64LittleEndian(to[(FrameHeader.DescriptionBytes + 8 * d)..], dimensions[d]);
        return FrameHeader.DescriptionBytes + 8 * dimensions.Length;
    }
}
