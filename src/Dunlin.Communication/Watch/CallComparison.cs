namespace Dunlin.Communication;

/// <summary>Compares calls of different ranks that belong together. Used while calls are checked, on rank 0.</summary>
internal sealed class CallComparison
{
    private readonly Dictionary<(string Group, string Key), List<CallNotice>> _collectives = [];
    private readonly Dictionary<(string Group, string Key), Queue<CallNotice>> _messages = [];

    /// <summary>Takes a call.</summary>
    /// <returns>The sentence that names two calls that do not go together, or null; and whether all members have now made this one.</returns>
    public (string? Mismatch, bool Complete) Take(CallNotice call) => call.Side == 0 ? Collective(call) : (Message(call), false);

    private (string? Mismatch, bool Complete) Collective(CallNotice call)
    {
        var id = (call.Group, call.Key);
        if (!_collectives.TryGetValue(id, out var before)) _collectives[id] = before = [];
        foreach (var other in before)
            if (other.Matter != call.Matter) return (CallSentences.Mismatch(other, call), false);
        before.Add(call);
        if (before.Count < call.Members) return (null, false);
        _collectives.Remove(id);
        return (null, true);
    }

    private string? Message(CallNotice call)
    {
        var id = (call.Group, call.Key);
        if (!_messages.TryGetValue(id, out var waiting)) _messages[id] = waiting = new();
        if (waiting.Count == 0 || waiting.Peek().Side == call.Side)
        {
            waiting.Enqueue(call);
            return null;
        }
        var other = waiting.Dequeue();
        if (waiting.Count == 0) _messages.Remove(id);
        return other.Matter == call.Matter ? null : call.Side == 1 ? CallSentences.Unmatched(call, other) : CallSentences.Unmatched(other, call);
    }
}
