using System.Security.Cryptography;
using Dunlin.Communication;
using Dunlin.Tensors.Collectives;
using Dunlin.Training;

namespace Dunlin.Strategies;

/// <summary>
/// A parameter server in a process of its own: gives a <see cref="ServerNode"/> the calls of its workers, one at a time, and takes note of who comes, is cut off, comes back and goes. Each connection has a thread; what
/// is sent and received is so outside the one lock, and under it nothing waits but for it.
/// </summary>
internal sealed partial class ServerHost : IDisposable
{
    private const int TickMilliseconds = 100;

    /// <summary>Locked while the node is at work; pulsed when something has changed that others may wait for.</summary>
    private readonly object _gate = new();
    private readonly ServerNode _node;
    private readonly HostSettings _settings;
    private readonly Seat[] _seats;
    private readonly string _state;
    private readonly ServerJournal? _journal;
    private readonly long _run = BitConverter.ToInt64(RandomNumberGenerator.GetBytes(8)) | 1;
    private RunPosition? _begin;
    private Seat? _reserved;
    private long _reservedUntil;
    private bool _isOver;
    private string? _failure;
    private long _lonelySince = Environment.TickCount64;

    /// <param name="node">The server, as it was built; this owns it.</param>
    /// <param name="settings">Of its run.</param>
    /// <param name="log">Where what it takes is kept, and where a server that died has kept it; null where nothing is. This owns it.</param>
    /// <exception cref="DunlinException">What is kept there is another run's.</exception>
    public ServerHost(ServerNode node, HostSettings settings, ILogStorage? log = null)
    {
        (_node, _settings) = (node, settings);
        _seats = [.. Enumerable.Range(0, settings.Workers).Select(worker => new Seat(worker))];
        _state = CallFrames.Describe(node.Shard);
        if (log is null) return;
        _journal = new(log, node, settings.Description, settings.Forms, settings.Workers, settings.SnapshotAfter);
        _journal.Recover();
        if (_journal.Run == 0) return;
        (_run, _begin) = (_journal.Run, _journal.Begin);
        var patience = Environment.TickCount64 + (long)settings.FirstWait.TotalMilliseconds;
        foreach (var seat in _seats) (seat.Session, seat.LeaveAt) = (_journal.Sessions[seat.Worker], patience);
        settings.Log($"Server {settings.Number} goes on with the run in its log: {_journal.Recovered} records, up to update {node.Shard.Version}.");
    }

    /// <summary>Asks all workers to stop.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            if (_isOver) return;
            // One that comes back is to know it, too.
            _journal?.Stop();
            _node.Stop();
        }
    }

    /// <summary>Waits until all workers need the server no more, and makes those leave that stay away for too long.</summary>
    /// <exception cref="CommunicationException">A worker has ended the run, or worker 0 has not come, or not come back.</exception>
    public void AwaitEnd()
    {
        lock (_gate)
        {
            while (true)
            {
                var now = Environment.TickCount64;
                if (_begin is not null) _settings.Steps?.Invoke(_node.Shard.Version / _settings.UpdatesPerStep);
                foreach (var seat in _seats)
                {
                    if (seat.Connection is not null) _lonelySince = now;
                    else if (seat.LeaveAt <= now && _node.Members.ContainsKey(seat.Worker)) Lose(seat);
                }
                if (_failure is not null) _isOver = true;
                // Worker 0 saves what has been learned: without it the run is not at its end, but others may be lost for good.
                if (_seats[0].IsFinished && _seats.All(s => s.IsFinished || (s.Connection is null && !_node.Members.ContainsKey(s.Worker)))) _isOver = true;
                if (_isOver && _seats.All(s => s.Connection is null || s.IsFinished)) break;
                if (now - _lonelySince > _settings.Timeout.TotalMilliseconds) Abandon();
                Monitor.Wait(_gate, TickMilliseconds);
            }
            if (_failure is not null) throw new CommunicationException($"Server {_settings.Number}: {_failure}");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _node.Dispose();
            // Who is here has ended as it should, with the run or with an error; one that is killed is not.
            if (_isOver) _journal?.Delete();
            _journal?.Dispose();
        }
    }

    private void Lose(Seat seat)
    {
        _settings.Log($"Worker {seat.Worker} {(seat.Session == 0 ? "has not come" : "is lost")}: nobody waits for it any more. It may come {(seat.Session == 0 ? "later" : "back")} all the same.");
        seat.LeaveAt = long.MaxValue;
        Leave(seat.Worker);
        Monitor.PulseAll(_gate);
    }

    private void Abandon()
    {
        var missing = _seats.Where(s => !s.IsFinished).Select(s => s.Worker).ToList();
        throw new CommunicationException($"Server {_settings.Number} is left alone: for {_settings.Timeout.TotalSeconds:0.###} s no worker was connected, and worker{(missing.Count > 1 ? "s" : "")} {string.Join(", ", missing)} had not ended.");
    }

    /// <summary>Takes a worker in: a new one, one whose connection broke, or one that was started again and has forgotten all.</summary>
    private void Admit(HostedConnection connection, Caller caller)
    {
        lock (_gate)
        {
            var seat = _seats[caller.Number];
            if (_isOver) throw new RefusedException(_failure ?? "the run is over.");
            if (seat.Session != caller.Session)
            {
                if (seat.Connection is { IsBroken: false } other)
                    throw new RefusedException($"worker {seat.Worker} is connected already, from {other.Peer}: each worker has a number of its own.", mayPass: true);
                // What its predecessor had begun can't be finished by it.
                if (seat.Session != 0) Leave(seat.Worker);
                (seat.Session, seat.IsFinished) = (caller.Session, false);
            }
            seat.Connection?.Dispose();
            (seat.Connection, seat.LeaveAt) = (connection, long.MaxValue);
            _journal?.Join(seat.Worker, caller.Session);
            _node.Join(seat.Worker, caller.Session);
            Monitor.PulseAll(_gate);
        }
        _settings.Log($"Worker {caller.Number} has come from {connection.Peer}.");
    }

    /// <summary>A connection has ended.</summary>
    private void Release(HostedConnection connection, int worker)
    {
        lock (_gate)
        {
            var seat = _seats[worker];
            if (seat.Connection != connection) return;
            (seat.Connection, seat.LeaveAt) = (null, Environment.TickCount64 + (long)_settings.Grace.TotalMilliseconds);
            if (_reserved == seat) _reserved = null;
            Monitor.PulseAll(_gate);
            if (!seat.IsFinished) _settings.Log($"Worker {worker} is cut off.");
        }
    }

    /// <summary>Gives the node a call.</summary>
    /// <returns>Whether the connection is still its worker's.</returns>
    private bool Handle(HostedConnection connection, HostedCall call)
    {
        lock (_gate)
        {
            var seat = _seats[call.Worker];
            while (_reserved is { } other && other != seat && Environment.TickCount64 < _reservedUntil) Monitor.Wait(_gate, TickMilliseconds);
            if (_reserved is not null)
            {
                _reserved = null;
                Monitor.PulseAll(_gate);
            }
            // One that was cut off in the middle has come back, and what it sends again comes first.
            if (seat.Connection != connection) return false;
            if (_isOver)
            {
                // It is to hear why, rather than look for a server that has gone.
                call.Refuse(_failure ?? "the run is over.");
                return true;
            }
            try
            {
                _journal?.Call(call);
                _node.Handle(call);
                _journal?.Tidy();
            }
#pragma warning disable CA1031 // Whatever it is, all workers are to hear of it.
            catch (Exception e)
#pragma warning restore CA1031
            {
                Fail($"server {_settings.Number} failed: {e.Message}");
                if (!call.IsAnswered) call.Refuse(_failure!);
            }
            return true;
        }
    }

    /// <summary>Reserves the node for the worker's next call, if it is at work for nobody.</summary>
    private bool TryReserve(int worker)
    {
        const int LongestTransfer = 5000;
        if (!Monitor.TryEnter(_gate)) return false;
        try
        {
            if (_reserved is not null && _reserved.Worker != worker && Environment.TickCount64 < _reservedUntil) return false;
            (_reserved, _reservedUntil) = (_seats[worker], Environment.TickCount64 + LongestTransfer);
            return true;
        }
        finally { Monitor.Exit(_gate); }
    }

    /// <summary>For whom one waits, as far as that can be said at once.</summary>
    private string Missing()
    {
        if (!Monitor.TryEnter(_gate)) return "";
        try { return _node.Missing is { Count: > 0 } missing ? $"worker{(missing.Count > 1 ? "s" : "")} {string.Join(", ", missing)}" : ""; }
        finally { Monitor.Exit(_gate); }
    }

    /// <summary>A worker leaves the node.</summary>
    private void Leave(int worker)
    {
        if (!_node.Members.ContainsKey(worker)) return;
        _journal?.Leave(worker);
        _node.Leave(worker);
    }

    private void Fail(string reason)
    {
        _failure ??= reason;
        _node.Fail(_failure);
        Monitor.PulseAll(_gate);
    }

    /// <summary>What is known of a worker besides what the node knows.</summary>
    private sealed class Seat(int worker)
    {
        public int Worker => worker;

        /// <summary>Of its process; 0 before it has come.</summary>
        public long Session { get; set; }

        /// <summary>Where it is reached; null while it is not.</summary>
        public HostedConnection? Connection { get; set; }

        /// <summary>When it is taken for lost, if it has no connection until then.</summary>
        public long LeaveAt { get; set; } = long.MaxValue;

        /// <summary>Whether it needs the server no more.</summary>
        public bool IsFinished { get; set; }
    }
}
