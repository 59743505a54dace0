using System.Runtime.InteropServices;
using Dunlin.Graphs;
using Dunlin.Tensors;

namespace Dunlin.Training;

/// <summary>Pieces of tensors in memory.</summary>
internal static class Pieces
{
    /// <summary>Copies a rank's piece of a tensor, with zeros behind its last element.</summary>
    public static unsafe void Take(Tensor whole, Cut cut, int rank, Tensor piece)
    {
        var (begin, bytes) = (cut.Begin(rank) * whole.Type.Size(), (long)cut.Count(rank) * whole.Type.Size());
        Buffer.MemoryCopy((void*)(whole.Address + (nint)begin), (void*)piece.Address, piece.Bytes, bytes);
        NativeMemory.Clear((void*)(piece.Address + (nint)bytes), (nuint)(piece.Bytes - bytes));
        GC.KeepAlive(whole);
        GC.KeepAlive(piece);
    }
}
