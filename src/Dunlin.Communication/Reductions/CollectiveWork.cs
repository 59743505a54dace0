using Dunlin.Tensors;

namespace Dunlin.Communication;

/// <summary>What one chunk of each collective reads and writes.</summary>
internal static unsafe class CollectiveWork
{
    private const int PieceBytes = 8 << 10;

    /// <param name="call">What all ranks have called.</param>
    /// <param name="plan">How it is cut.</param>
    /// <param name="chunk">Which chunk.</param>
    /// <param name="inputs">Each rank's first element to read.</param>
    /// <param name="outputs">Each rank's first element to write.</param>
    public static void Execute(in Call call, in ChunkPlan plan, long chunk, ReadOnlySpan<nint> inputs, ReadOnlySpan<nint> outputs)
    {
        var (part, offset, length) = plan.Locate(chunk);
        var size = call.Type.Size();
        var bytes = (long)length * size;
        switch (call.Kind)
        {
            case CallKind.AllReduce:
                // In pieces that are still in the first-level cache when they go to the other ranks.
                var most = PieceBytes / size;
                for (var begin = 0; begin < length; begin += most)
                {
                    var piece = Math.Min(most, length - begin);
                    var result = At(outputs[0], offset + begin, size);
                    Reduce(call, inputs, offset + begin, result, piece);
                    foreach (var target in outputs[1..]) Copy(result, At(target, offset + begin, size), (long)piece * size);
                }
                break;
            case CallKind.ReduceScatter:
                Reduce(call, inputs, part * plan.PartLength + offset, At(outputs[part], offset, size), length);
                break;
            case CallKind.AllGather:
                foreach (var target in outputs) Copy(At(inputs[part], offset, size), At(target, part * plan.PartLength + offset, size), bytes);
                break;
            case CallKind.Broadcast:
                foreach (var target in outputs) Copy(At(inputs[call.Peer], offset, size), At(target, offset, size), bytes);
                break;
            case CallKind.AllToAll:
                var (from, to) = Math.DivRem(part, inputs.Length);
                Copy(At(inputs[from], to * plan.PartLength + offset, size), At(outputs[to], from * plan.PartLength + offset, size), bytes);
                break;
        }
    }

    public static void Copy(nint source, nint target, long bytes)
    {
        // In place, a rank's own part already lies where it belongs.
        if (source != target) Buffer.MemoryCopy((void*)source, (void*)target, bytes, bytes);
    }

    private static void Reduce(in Call call, ReadOnlySpan<nint> inputs, long offset, nint target, int length)
    {
        Span<nint> sources = stackalloc nint[inputs.Length];
        for (var rank = 0; rank < sources.Length; rank++) sources[rank] = At(inputs[rank], offset, call.Type.Size());
        Reduction.Reduce(call.Type, call.Op, sources, target, length);
    }

    private static nint At(nint buffer, long element, int size) => buffer + (nint)(element * size);
}
