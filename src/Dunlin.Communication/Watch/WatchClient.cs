using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Dunlin.Communication;

/// <summary>
/// A process's voice and ear among the others of its run: it tells rank 0 every 200 ms what it does, hears from it who is lost, and notices when rank 0 itself is. A verdict that
/// a process is lost fails every world; who has not ended a while later, because a call into MPI never returns, is ended.
/// </summary>
internal sealed partial class WatchClient : IDisposable
{
    private readonly WatchConnection _connection;
    private readonly Patience _patience;
    private readonly Hello _own;
    private readonly Hello _first;
    private readonly Func<ProcessState> _state;
    private readonly Func<TimeOutNotice?> _stuck;
    private readonly Func<string?> _hopeless;
    private readonly TextWriter _output;
    private readonly TimeSpan _grace;
    private readonly Thread _thread;
    private readonly ConcurrentDictionary<(string Group, string Key), bool> _agreed = [];
    private readonly ConcurrentDictionary<int, ProcessWorld> _worlds = [];
    private readonly ConcurrentDictionary<int, string> _verdicts = [];
    private readonly ManualResetEventSlim _ended = new();
    private readonly FlightRecorder? _recorderOfFirst;
    private ProcessState? _lastOfFirst;
    private volatile string? _lost;
    private volatile bool _stopping;

    /// <param name="connection">To rank 0.</param>
    /// <param name="own">This process.</param>
    /// <param name="first">Rank 0's.</param>
    /// <param name="patience">When silence means loss.</param>
    /// <param name="state">What this process does.</param>
    /// <param name="stuck">A wait within MPI that has lasted too long, or null.</param>
    /// <param name="hopeless">Why a wait within MPI will never end, or null.</param>
    /// <param name="output">Where the report goes if the program does not end by itself.</param>
    /// <param name="grace">How long it may take to do so.</param>
    public WatchClient(WatchConnection connection, Hello own, Hello first, Patience patience, Func<ProcessState> state, Func<TimeOutNotice?> stuck, Func<string?> hopeless, TextWriter output, TimeSpan grace)
    {
        (_connection, _own, _first, _patience, _state, _stuck, _hopeless, _output, _grace) = (connection, own, first, patience, state, stuck, hopeless, output, grace);
        _recorderOfFirst = own.Rank != 0 && own.Host == first.Host ? FlightRecorder.Open(first.Recorder) : null;
        // On another host than rank 0's nobody reads it, and a process that is killed would leave it behind.
        if (own.Host != first.Host) File.Delete(own.Recorder);
        // Who has said hello needs no names any more.
        _connection.Send(own);
        _thread = new Thread(Loop) { IsBackground = true, Name = "Dunlin watch", Priority = ThreadPriority.AboveNormal };
        _thread.Start();
    }

    /// <summary>To rank 0.</summary>
    public Socket Socket => _connection.Socket;

    /// <summary>Whether the program waits elsewhere than here, so that no wait of it can throw: a loss ends it at once then.</summary>
    public bool SpeaksAtOnce { get; set; }

    /// <summary>Why the job can't go on, or null.</summary>
    public string? Lost => _lost;

    /// <summary>A group begins here. In other processes it may have begun before, and have failed.</summary>
    public void Add(ProcessWorld world)
    {
        _worlds[world.Id] = world;
        if ((_lost ?? _verdicts.GetValueOrDefault(world.Id)) is { } reason) world.Hear(reason);
    }

    public void Tell(WatchMessage message) => _connection.Send(message);

    /// <summary>Whether all ranks have made a call that is compared.</summary>
    public bool HasAgreed(string group, string key) => _agreed.TryRemove((group, key), out _);

    /// <summary>Ends the watch as one does whose work is done.</summary>
    public void Dispose()
    {
        _connection.Send(new Farewell());
        _stopping = true;
        _ended.Set();
        if (Thread.CurrentThread != _thread) _thread.Join(TimeSpan.FromSeconds(1));
        _connection.Dispose();
    }

    private void Loop()
    {
        var (heard, turn, nextState, reported, hopelessSince) = (Stopwatch.GetTimestamp(), Stopwatch.GetTimestamp(), 0L, false, 0L);
        while (!_stopping)
        {
            var readable = Poll();
            // A thread that was not run has not listened either.
            if (Stopwatch.GetElapsedTime(turn) > TimeSpan.FromMilliseconds(300)) heard = Stopwatch.GetTimestamp();
            turn = Stopwatch.GetTimestamp();
            if (readable)
            {
                heard = turn;
                if (!_connection.Receive(Take))
                {
                    if (!_stopping) LoseFirst("died");
                    break;
                }
            }
            if (Environment.TickCount64 >= nextState)
            {
                nextState = Environment.TickCount64 + (long)Patience.Beat.TotalMilliseconds;
                _connection.Send(_state());
                if (!reported && _stuck() is { } late)
                {
                    reported = true;
                    _connection.Send(late);
                }
            }
            if (_hopeless() is not { } reason) hopelessSince = 0;
            else if (hopelessSince == 0) hopelessSince = Stopwatch.GetTimestamp();
            else if (Stopwatch.GetElapsedTime(hopelessSince) > _grace) End(reason);
            if (_own.Rank != 0 && _patience.Judge(Stopwatch.GetElapsedTime(heard), _first.Host == _own.Host ? _first.Pid : null) is { } fate)
            {
                LoseFirst(fate);
                break;
            }
        }
    }

    private bool Poll()
    {
        try { return _connection.Socket.Poll(100_000, SelectMode.SelectRead); }
        catch (Exception e) when (e is SocketException or ObjectDisposedException) { return true; }
    }

    private void Take(WatchMessage message)
    {
        switch (message)
        {
            case Beat beat: _lastOfFirst = beat.State; break;
            case Question: _connection.Send(_state()); break;
            case Agreement agreement: _agreed[(agreement.Group, agreement.Key)] = true; break;
            case Farewell: _stopping = true; break;
            case Verdict { World: Verdict.Everything } verdict: Lose(verdict.Reason, verdict.IsSaid); break;
            case Verdict verdict:
                _verdicts[verdict.World] = verdict.Reason;
                if (_worlds.TryGetValue(verdict.World, out var world)) world.Hear(verdict.Reason);
                break;
        }
    }

    private void LoseFirst(string fate)
    {
        _recorderOfFirst?.Unlink();
        var own = string.Concat(_state().Ranks.Select(rank => $"\n  rank {rank.Rank} on {_own.Host}: {rank}"));
        Lose(Obituary.Of(_first, Obituary.Doing(_first, _lastOfFirst, _recorderOfFirst), fate) + own);
    }

    private void Lose(string reason, bool isSaid = false)
    {
        if (_lost is not null) return;
        _lost = reason;
        foreach (var world in _worlds.Values) world.Hear(reason);
        new Thread(() => EndLate(isSaid)) { IsBackground = true, Name = "Dunlin watch, end" }.Start();
    }

    /// <summary>Lets the program end by the error that its waits throw; if it can't, because it is in a call that never returns, ends it.</summary>
    /// <param name="isSaid">Whether another rank has failed and said so: its exit code is the run's, so it is to leave first.</param>
    private void EndLate(bool isSaid)
    {
        if (!SpeaksAtOnce)
        {
            if (!_ended.Wait(_grace)) End(_lost!);
            return;
        }
        Say(_lost!);
        if (!isSaid || !_ended.Wait(_grace)) End(null);
    }

    /// <summary>Ends the process at once: a thread that is in the library can't be called back.</summary>
    private void End(string? reason)
    {
        if (reason is not null) Say(reason);
        File.Delete(_own.Recorder);
        _exit(3);
    }

    private void Say(string reason)
    {
        _output.WriteLine($"dunlin: [r{_own.Rank}] {reason}");
        _output.Flush();
    }

    [LibraryImport("libc")]
    private static partial void _exit(int status);
}
