using Dunlin.Tensors;

namespace Dunlin.Communication;

/// <summary>How a collective is cut: equal parts, each in chunks of equal length but for its last.</summary>
/// <param name="PartLength">Elements of one part.</param>
/// <param name="ChunkLength">Elements of one chunk.</param>
/// <param name="ChunksPerPart">Chunks of one part.</param>
/// <param name="Chunks">Chunks of all parts.</param>
internal readonly record struct ChunkPlan(long PartLength, int ChunkLength, long ChunksPerPart, long Chunks)
{
    /// <summary>The bytes of one chunk: several ranks' share of it fit into a second-level cache together.</summary>
    public const int ChunkBytes = 64 << 10;

    public static ChunkPlan Of(in Call call, int ranks)
    {
        var parts = call.Kind switch
        {
            CallKind.ReduceScatter or CallKind.AllGather => ranks,
            CallKind.AllToAll => (long)ranks * ranks,
            CallKind.Barrier or CallKind.Split => 0,
            _ => 1,
        };
        var length = ChunkBytes / call.Type.Size();
        var perPart = (call.Count + length - 1) / length;
        return new(call.Count, length, perPart, parts * perPart);
    }

    /// <summary>Where a chunk lies: which part, the first element in it, and how many elements.</summary>
    public (int Part, long Offset, int Length) Locate(long chunk)
    {
        var (part, index) = Math.DivRem(chunk, ChunksPerPart);
        var offset = index * ChunkLength;
        return ((int)part, offset, (int)Math.Min(ChunkLength, PartLength - offset));
    }
}
