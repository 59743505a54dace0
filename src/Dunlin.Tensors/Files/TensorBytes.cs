using Microsoft.Win32.SafeHandles;

namespace Dunlin.Tensors;

/// <summary>Moves a tensor's bytes to and from files, in pieces that a span can hold.</summary>
internal static unsafe class TensorBytes
{
    private const int Piece = 64 << 20;

    public static void Write(Tensor tensor, Stream target)
    {
        for (var at = 0L; at < tensor.Bytes; at += Piece)
            target.Write(new ReadOnlySpan<byte>((byte*)tensor.Address + at, (int)Math.Min(Piece, tensor.Bytes - at)));
        GC.KeepAlive(tensor);
    }

    /// <summary>Fills the tensor from a place in a file; false if the file ends before.</summary>
    public static bool Read(Tensor tensor, SafeFileHandle source, long offset)
    {
        for (var at = 0L; at < tensor.Bytes;)
        {
            var read = RandomAccess.Read(source, new Span<byte>((byte*)tensor.Address + at, (int)Math.Min(Piece, tensor.Bytes - at)), offset + at);
            if (read == 0) return false;
            at += read;
        }
        GC.KeepAlive(tensor);
        return true;
    }

    /// <summary>Fills the tensor from a stream; false if the stream ends before.</summary>
    public static bool Read(Tensor tensor, Stream source)
    {
        for (var at = 0L; at < tensor.Bytes;)
        {
            var read = source.Read(new Span<byte>((byte*)tensor.Address + at, (int)Math.Min(Piece, tensor.Bytes - at)));
            if (read == 0) return false;
            at += read;
        }
        GC.KeepAlive(tensor);
        return true;
    }
}
