using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>Turns a rank's calls into <see cref="Call"/>s, after a look at what one rank can tell about its own. How they go on their way is for the kinds of groups to say.</summary>
internal abstract class CheckedCommunicator(int rank) : ICommunicator
{
    public int Rank { get; } = rank;

    public abstract int Size { get; }

    public IPendingOperation StartAllReduce(CommBuffer buffer, ReduceOp op) => StartCollective(new(CallKind.AllReduce, 0, buffer.Type, buffer.Count, op), buffer, buffer);

    public IPendingOperation StartReduceScatter(CommBuffer input, CommBuffer output, ReduceOp op)
    {
        Check.Parts(this, "ReduceScatter", whole: input, part: output);
        return StartCollective(new(CallKind.ReduceScatter, 0, input.Type, output.Count, op), input, output);
    }

    public IPendingOperation StartAllGather(CommBuffer input, CommBuffer output)
    {
        Check.Parts(this, "AllGather", whole: output, part: input);
        return StartCollective(new(CallKind.AllGather, 0, input.Type, input.Count), input, output);
    }

    public IPendingOperation StartBroadcast(CommBuffer buffer, int root)
    {
        Check.Rank(this, "Broadcast", "root", root);
        return StartCollective(new(CallKind.Broadcast, 0, buffer.Type, buffer.Count, Peer: root), buffer, buffer);
    }

    public IPendingOperation StartAllToAll(CommBuffer input, CommBuffer output)
    {
        Check.Exchange(this, input, output);
        return StartCollective(new(CallKind.AllToAll, 0, input.Type, input.Count / Size), input, output);
    }

    public IPendingOperation StartBarrier() => StartCollective(new(CallKind.Barrier, 0, default, 0), default, default);

    public IPendingOperation StartSend(CommBuffer buffer, int peer, int tag = 0)
    {
        Check.Peer(this, "Send", buffer, peer, tag);
        return StartMessage(new(CallKind.Send, 0, buffer.Type, buffer.Count, Peer: peer, Tag: tag), buffer, default);
    }

    public IPendingOperation StartReceive(CommBuffer buffer, int peer, int tag = 0)
    {
        Check.Peer(this, "Receive", buffer, peer, tag);
        return StartMessage(new(CallKind.Receive, 0, buffer.Type, buffer.Count, Peer: peer, Tag: tag), default, buffer);
    }

    public abstract ICommunicator Split(int color, int key);

    public abstract void Abort(string reason);

    public abstract void Dispose();

    /// <summary>Sets a collective on its way; it has no number yet.</summary>
    protected abstract IPendingOperation StartCollective(Call call, CommBuffer input, CommBuffer output);

    /// <summary>Sets a send or a receive on its way.</summary>
    protected abstract IPendingOperation StartMessage(in Call call, CommBuffer input, CommBuffer output);
}
