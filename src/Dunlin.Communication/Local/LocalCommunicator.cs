using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>One rank's view of its group.</summary>
internal sealed class LocalCommunicator(LocalTeam team, int rank) : ICommunicator
{
    private int _pending;
    private bool _disposed;

    public int Rank { get; } = rank;

    public int Size => team.Size;

    public int WorldRank { get; } = team.WorldRank(rank);

    public IPendingOperation StartAllReduce(CommBuffer buffer, ReduceOp op) =>
        Start(new(CallKind.AllReduce, 0, buffer.Type, buffer.Count, op), buffer, buffer);

    public IPendingOperation StartReduceScatter(CommBuffer input, CommBuffer output, ReduceOp op)
    {
        Check.Parts(this, "ReduceScatter", whole: input, part: output);
        return Start(new(CallKind.ReduceScatter, 0, input.Type, output.Count, op), input, output);
    }

    public IPendingOperation StartAllGather(CommBuffer input, CommBuffer output)
    {
        Check.Parts(this, "AllGather", whole: output, part: input);
        return Start(new(CallKind.AllGather, 0, input.Type, input.Count), input, output);
    }

    public IPendingOperation StartBroadcast(CommBuffer buffer, int root)
    {
        Check.Rank(this, "Broadcast", "root", root);
        return Start(new(CallKind.Broadcast, 0, buffer.Type, buffer.Count, Peer: root), buffer, buffer);
    }

    public IPendingOperation StartAllToAll(CommBuffer input, CommBuffer output)
    {
        Check.Exchange(this, input, output);
        return Start(new(CallKind.AllToAll, 0, input.Type, input.Count / Size), input, output);
    }

    public IPendingOperation StartBarrier() => Start(new(CallKind.Barrier, 0, default, 0), default, default);

    public IPendingOperation StartSend(CommBuffer buffer, int peer, int tag = 0)
    {
        Check.Peer(this, "Send", buffer, peer, tag);
        return Post(team.Mailboxes[peer], new(CallKind.Send, 0, buffer.Type, buffer.Count, Peer: peer, Tag: tag), buffer, default);
    }

    public IPendingOperation StartReceive(CommBuffer buffer, int peer, int tag = 0)
    {
        Check.Peer(this, "Receive", buffer, peer, tag);
        return Post(team.Mailboxes[Rank], new(CallKind.Receive, 0, buffer.Type, buffer.Count, Peer: peer, Tag: tag), default, buffer);
    }

    public ICommunicator Split(int color, int key)
    {
        Begin(CallKind.Split);
        _pending++;
        var collective = team.Next(Rank);
        var ticket = collective.Join(this, new(CallKind.Split, collective.Number, default, 0), default, default, (color, key));
        // The collective stays this rank's until it moves on to the next one, so it may be read after the wait.
        ticket.Wait();
        var members = collective.Tickets.Where(t => t.Placement.Color == color).OrderBy(t => t.Placement.Key).ThenBy(t => t.Rank).ToArray();
        LocalTeam? child;
        lock (collective)
        {
            collective.Children ??= [];
            if (!collective.Children.TryGetValue(color, out child))
                collective.Children[color] = child = new LocalTeam(team.World, [.. members.Select(t => team.WorldRank(t.Rank))], isWorld: false);
        }
        return new LocalCommunicator(child, Array.IndexOf(members, ticket));
    }

    public void Abort(string reason)
    {
        team.World.Fail($"{char.ToUpperInvariant(team.Name(Rank)[0])}{team.Name(Rank)[1..]} aborted: {reason}");
        team.World.Quiesce();
    }

    public void Dispose()
    {
        if (_disposed) return;
        if (_pending > 0 && !team.World.Failed) Abort($"it left the group with {_pending} operations for which it had not waited.");
        _disposed = true;
        team.Leave(Rank);
    }

    public void OneLessPending() => _pending--;

    public override string ToString() => team.Name(Rank);

    private IPendingOperation Start(in Call call, CommBuffer input, CommBuffer output)
    {
        Begin(call.Kind);
        Check.Count(this, call);
        if (Size == 1)
        {
            CollectiveWork.Copy(input.Address, output.Address, input.Bytes);
            return Completed.Operation;
        }
        _pending++;
        var collective = team.Next(Rank);
        return collective.Join(this, call with { Number = collective.Number }, input, output);
    }

    private Ticket Post(Mailbox mailbox, in Call call, CommBuffer input, CommBuffer output)
    {
        Begin(call.Kind);
        _pending++;
        return mailbox.Post(this, call, input, output);
    }

    private void Begin(CallKind what)
    {
        team.World.ThrowIfFailed();
        if (_disposed) throw new CommunicationException($"{this} called {what} after it had left the group.");
    }
}
