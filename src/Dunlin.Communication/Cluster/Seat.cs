namespace Dunlin.Communication;

/// <summary>One rank that lives in this process, as the watch sees it: its step, what it waits in, what it called last.</summary>
/// <param name="rank">Of the world.</param>
/// <param name="recorder">What others read when this process is lost.</param>
/// <param name="number">Among the ranks of this process.</param>
internal sealed class Seat(int rank, FlightRecorder recorder, int number)
{
    // Replaced, not changed: the watch reads it, and so does whoever waits.
    private volatile ClusterCommunicator[] _groups = [];
    private volatile ClusterOperation? _waitsIn;

    public int Rank { get; } = rank;

    public long Step
    {
        get => recorder.StepOf(number);
        set => recorder.SetStep(number, value);
    }

    public void Register(ClusterCommunicator group)
    {
        lock (this) _groups = [.. _groups, group];
    }

    public void Leave(ClusterCommunicator group)
    {
        lock (this) _groups = [.. _groups.Where(g => g != group)];
    }

    /// <summary>Does what others may wait for, in all groups of this rank: they may wait in another order. Called by the rank itself.</summary>
    public void Advance()
    {
        foreach (var group in _groups) group.Advance();
    }

    public void BeginWait(ClusterOperation operation)
    {
        _waitsIn = operation;
        recorder.Note(number, operation.Call, operation.WaitedSince);
    }

    public void EndWait()
    {
        _waitsIn = null;
        recorder.EndWait(number);
    }

    /// <summary>A call is done for which nobody had to wait long.</summary>
    public void Ended(ClusterOperation operation) => recorder.Note(number, operation.Call, 0);

    public RankState State()
    {
        var wait = _waitsIn is { } operation && operation.Owner is { } owner && operation.WaitedSince != 0
            ? operation.Describe(owner, Environment.TickCount64 - operation.WaitedSince)
            : null;
        return new(Rank, Step, recorder.LastOf(number)?.ToString(), wait, _groups.ToDictionary(g => g.Group, g => g.Number));
    }
}
