using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>A thread for each rank that lives in this process, from the first to the last and to the error that came first.</summary>
internal sealed class RankThreads
{
    private readonly Action<ICommunicator> _body;
    private readonly TimeSpan _timeout;
    private readonly IReadOnlyList<ICommunicator> _group;
    private readonly bool[] _ended;
    private readonly object _gate = new();
    private int _running;
    private (int Rank, Exception Error)? _first;

    /// <param name="group">The communicators of the ranks that live here, in their order.</param>
    /// <param name="body">The program of one rank. Its communicator is disposed when it returns.</param>
    /// <param name="timeout">How long the others may take to end once one has failed.</param>
    public RankThreads(IReadOnlyList<ICommunicator> group, Action<ICommunicator> body, TimeSpan timeout)
    {
        (_group, _body, _timeout, _running) = (group, body, timeout, group.Count);
        _ended = new bool[group.Count];
        for (var i = 0; i < group.Count; i++)
        {
            var place = i;
            new Thread(() => Execute(place)) { IsBackground = true, Name = $"Dunlin rank {group[i].Rank}" }.Start();
        }
    }

    public void Cancel() => _group[0].Abort("the run was cancelled.");

    /// <summary>Waits for all ranks, but once one has failed no longer than the time-out.</summary>
    public void Join()
    {
        lock (_gate)
        {
            while (_running > 0 && _first is null) Monitor.Wait(_gate);
            var deadline = Environment.TickCount64 + (long)_timeout.TotalMilliseconds;
            while (_running > 0 && deadline - Environment.TickCount64 is > 0 and var left) Monitor.Wait(_gate, (int)Math.Min(left, int.MaxValue));
        }
    }

    public void ThrowIfFailed()
    {
        if (_first is not var (rank, error)) return;
        string note;
        lock (_gate)
        {
            var behind = Enumerable.Range(0, _ended.Length).Where(i => !_ended[i]).Select(i => _group[i].Rank).ToArray();
            note = behind.Length == 0 ? "" : $" (Ranks that still ran {_timeout.TotalSeconds:0.###} s later: {string.Join(", ", behind)}.)";
        }
        if (error is CommunicationException) throw new CommunicationException($"Rank {rank}: {error.Message}{note}", error);
        throw new RankFailedException(rank, error, note);
    }

    private void Execute(int place)
    {
        var communicator = _group[place];
        Exception? error = null;
        try { _body(communicator); }
#pragma warning disable CA1031 // Whatever the program threw, it is thrown to the caller, and no rank waits for this one.
        catch (Exception e) { error = e; }
#pragma warning restore CA1031
        if (error is not null)
        {
            lock (_gate) _first ??= (communicator.Rank, error);
            communicator.Abort(error.Message);
        }
        try { communicator.Dispose(); }
        finally { End(place); }
    }

    private void End(int place)
    {
        lock (_gate)
        {
            _ended[place] = true;
            _running--;
            Monitor.PulseAll(_gate);
        }
    }
}
