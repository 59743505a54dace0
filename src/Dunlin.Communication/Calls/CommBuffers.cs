using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>What can be asked of two buffers.</summary>
internal static class CommBuffers
{
    public static bool Overlap(CommBuffer a, CommBuffer b) =>
        a.Count > 0 && b.Count > 0 && a.Address < b.Address + (nint)b.Bytes && b.Address < a.Address + (nint)a.Bytes;
}
