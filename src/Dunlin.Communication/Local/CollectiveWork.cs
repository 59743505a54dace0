using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>What one chunk of each collective reads and writes.</summary>
internal static unsafe class CollectiveWork
{
    public static void Execute(Collective work, in ChunkPlan plan, long chunk)
    {
        var (part, offset, length) = plan.Locate(chunk);
        var tickets = work.Tickets;
        var call = tickets[0].Call;
        var bytes = (long)length * call.Type.Size();
        switch (call.Kind)
        {
            case CallKind.AllReduce:
                var result = At(tickets[0].Output, offset);
                Reduce(tickets, call, offset, result, length);
                for (var rank = 1; rank < tickets.Length; rank++) Copy(result, At(tickets[rank].Output, offset), bytes);
                break;
            case CallKind.ReduceScatter:
                Reduce(tickets, call, part * plan.PartLength + offset, At(tickets[part].Output, offset), length);
                break;
            case CallKind.AllGather:
                foreach (var target in tickets) Copy(At(tickets[part].Input, offset), At(target.Output, part * plan.PartLength + offset), bytes);
                break;
            case CallKind.Broadcast:
                foreach (var target in tickets) Copy(At(tickets[call.Peer].Input, offset), At(target.Output, offset), bytes);
                break;
            case CallKind.AllToAll:
                var (from, to) = Math.DivRem(part, tickets.Length);
                Copy(At(tickets[from].Input, to * plan.PartLength + offset), At(tickets[to].Output, from * plan.PartLength + offset), bytes);
                break;
        }
    }

    public static void Copy(nint source, nint target, long bytes)
    {
        // In place, a rank's own part already lies where it belongs.
        if (source != target) Buffer.MemoryCopy((void*)source, (void*)target, bytes, bytes);
    }

    private static void Reduce(Ticket[] tickets, in Call call, long offset, nint target, int length)
    {
        Span<nint> sources = stackalloc nint[tickets.Length];
        for (var rank = 0; rank < sources.Length; rank++) sources[rank] = At(tickets[rank].Input, offset);
        Reduction.Reduce(call.Type, call.Op, sources, target, length);
    }

    private static nint At(CommBuffer buffer, long element) => buffer.Address + (nint)(element * buffer.Type.Size());
}
