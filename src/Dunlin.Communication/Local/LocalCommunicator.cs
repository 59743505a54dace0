using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>One rank's view of its group.</summary>
internal sealed class LocalCommunicator(LocalTeam team, int rank) : CheckedCommunicator(rank), ICommunicator
{
    private int _pending;
    private bool _disposed;

    public override int Size => team.Size;

    /// <summary>Is told of each step; nobody unless set.</summary>
    public Action<long>? Steps { get; init; }

    public void ReportStep(long step) => Steps?.Invoke(step);

    public int WorldRank { get; } = team.WorldRank(rank);

    public override ICommunicator Split(int color, int key)
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

    public override void Abort(string reason)
    {
        team.World.Fail($"{char.ToUpperInvariant(team.Name(Rank)[0])}{team.Name(Rank)[1..]} aborted: {reason}");
        team.World.Quiesce();
    }

    public override void Dispose()
    {
        if (_disposed) return;
        if (_pending > 0 && !team.World.Failed) Abort($"it left the group with {_pending} operations for which it had not waited.");
        _disposed = true;
        team.Leave(Rank);
    }

    public void OneLessPending() => _pending--;

    public override string ToString() => team.Name(Rank);

    protected override IPendingOperation StartCollective(Call call, CommBuffer input, CommBuffer output)
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

    protected override IPendingOperation StartMessage(in Call call, CommBuffer input, CommBuffer output)
    {
        Begin(call.Kind);
        _pending++;
        return team.Mailboxes[call.Kind == CallKind.Send ? call.Peer : Rank].Post(this, call, input, output);
    }

    private void Begin(CallKind what)
    {
        team.World.ThrowIfFailed();
        if (_disposed) throw new CommunicationException($"{this} called {what} after it had left the group.");
    }
}
