using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>What one rank can tell about its own call.</summary>
internal static class Check
{
    public static void Count(ICommunicator rank, in Call call)
    {
        if (call.Count < 0) throw new CommunicationException($"{rank} called {call.Kind} with {call.Count} elements.");
    }

    public static void Rank(ICommunicator rank, string call, string role, int value)
    {
        if ((uint)value >= (uint)rank.Size)
            throw new CommunicationException($"{rank} called {call} with {role} {value}; the group has the ranks 0 to {rank.Size - 1}.");
    }

    public static void Peer(ICommunicator rank, string call, CommBuffer buffer, int peer, int tag)
    {
        Rank(rank, call, "peer", peer);
        if (tag < 0) throw new CommunicationException($"{rank} called {call} with tag {tag}; tags are at least 0.");
        if (buffer.Count < 0) throw new CommunicationException($"{rank} called {call} with {buffer.Count} elements.");
    }

    /// <summary>One buffer has a part for each rank, the other one part; they are apart, or the part lies in its place.</summary>
    public static void Parts(ICommunicator rank, string call, CommBuffer whole, CommBuffer part)
    {
        if (whole.Type != part.Type || whole.Count != part.Count * rank.Size)
            throw new CommunicationException($"{rank} called {call} with {whole.Count} {whole.Type} for {rank.Size} parts of {part.Count} {part.Type}.");
        if (CommBuffers.Overlap(whole, part) && part.Address != whole.Address + (nint)(rank.Rank * part.Bytes))
            throw new CommunicationException($"{rank} called {call} with input and output that overlap; in place, the part must be number {rank.Rank} of the whole.");
    }

    public static void Exchange(ICommunicator rank, CommBuffer input, CommBuffer output)
    {
        if (input.Type != output.Type || input.Count != output.Count || input.Count % rank.Size != 0)
            throw new CommunicationException(
                $"{rank} called AllToAll with {input.Count} {input.Type} to {output.Count} {output.Type}; both need the same multiple of {rank.Size} elements.");
        if (CommBuffers.Overlap(input, output)) throw new CommunicationException($"{rank} called AllToAll with input and output that overlap.");
    }
}
