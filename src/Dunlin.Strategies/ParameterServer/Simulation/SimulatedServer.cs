using Dunlin.Tensors;
using Dunlin.Training;

namespace Dunlin.Strategies;

/// <summary>A server on virtual time: it serves one message at a time, in the order in which they come.</summary>
internal sealed class SimulatedServer : IDisposable
{
    private readonly SimulatedRun _run;
    private readonly ServedModel _model;
    private readonly int _number;
    private readonly Queue<Message> _queue = new();
    private readonly Draws _lives;
    private readonly MemoryLogStorage _log = new();
    private readonly List<Action> _whenUp = [];
    private readonly int[] _incarnations;

    /// <summary>The last request of each worker in its life: one that comes after a later one is not looked at.</summary>
    private readonly long[] _requests;
    private ServerNode? _node;
    private ServerJournal? _journal;
    private int _life;
    private bool _isServing;
    private int? _holder;

    /// <param name="run">The run that it is part of.</param>
    /// <param name="model">What it builds itself from.</param>
    /// <param name="number">Which server it is.</param>
    /// <param name="position">Where the run begins.</param>
    public SimulatedServer(SimulatedRun run, ServedModel model, int number, RunPosition position)
    {
        (_run, _model, _number, Port, _lives) = (run, model, number, new(run.Cluster.ServerBandwidth), new(run.Cluster.Seed, "server's life", number));
        (_incarnations, _requests) = (new int[run.Workers], new long[run.Workers]);
        _node = model.Begin(number, position);
        Slices = _node.Shard.Slices;
        if (run.Cluster.Failures is not { ServerLife: > 0 } failures) return;
        _journal = NewJournal(_node);
        _journal.Initialize(1, position, [.. _node.Shard.Weights, .. _node.Shard.State.Select(s => s.Elements)]);
        run.Time.After(_lives.Exponential(failures.ServerLife), () => Die(failures));
    }

    public IReadOnlyList<Slice> Slices { get; }

    public SimulatedPort Port { get; }

    /// <summary>How long it was at work.</summary>
    public double BusySeconds { get; private set; }

    /// <summary>How often it died.</summary>
    public int Deaths { get; private set; }

    /// <summary>Does something with the server, now or when it is there again.</summary>
    public void WhenUp(Action<ServerNode> action)
    {
        if (_node is { } node) action(node);
        else _whenUp.Add(() => action(_node!));
    }

    /// <summary>What is there in the end.</summary>
    public ServerNode Last()
    {
        if (_node is null) ComeBack();
        return _node!;
    }

    /// <summary>Takes a message.</summary>
    public void Arrive(Message message)
    {
        // Who sent it sends it again.
        if (_node is null) return;
        _queue.Enqueue(message);
        Serve();
    }

    /// <summary>Keeps all workers out but one, until that one's next message is served.</summary>
    /// <returns>Whether the server was free.</returns>
    public bool TryReserve(int worker)
    {
        if (_node is null || _isServing || _queue.Count > 0 || _holder is not null) return false;
        _holder = worker;
        return true;
    }

    /// <summary>A worker has gone, or is known to be dead.</summary>
    /// <param name="worker">Which worker.</param>
    /// <param name="incarnation">Which of its lives: a later one stays.</param>
    public void Leave(int worker, int incarnation) => WhenUp(_ =>
    {
        if (_incarnations[worker] > incarnation) return;
        Leave(worker);
        if (_holder == worker) _holder = null;
        Serve();
    });

    /// <summary>All are asked to stop.</summary>
    public void Stop() => WhenUp(node =>
    {
        _journal?.Stop();
        node.Stop();
    });

    /// <inheritdoc/>
    public void Dispose()
    {
        _node?.Dispose();
        _journal?.Dispose();
    }

    private void Leave(int worker)
    {
        _journal?.Leave(worker);
        _node!.Leave(worker);
    }

    private void Die(SimulatedFailures failures)
    {
        Deaths++;
        _life++;
        Dispose();
        (_node, _journal, _isServing, _holder) = (null, null, false, null);
        _queue.Clear();
        _run.Time.After(failures.RestartAfter, () =>
        {
            ComeBack();
            _run.Time.After(_lives.Exponential(failures.ServerLife), () => Die(failures));
        });
    }

    /// <summary>All that it had acknowledged is in its journal.</summary>
    private void ComeBack()
    {
        _node = _model.Build(_number);
        _journal = NewJournal(_node);
        _journal.Recover();
        for (var worker = 0; worker < _run.Workers; worker++) (_incarnations[worker], _requests[worker]) = ((int)_journal.Sessions[worker], 0);
        var waiting = _whenUp.ToList();
        _whenUp.Clear();
        foreach (var action in waiting) action();
    }

    private ServerJournal NewJournal(ServerNode node)
    {
        const long SnapshotAfter = 4096;
        return new(_log, node, _model.Description, _model.FormsOf(node.Shard.Slices), _run.Workers, SnapshotAfter);
    }

    private void Serve()
    {
        if (_isServing) return;
        // Others wait for the one that has reserved it.
        if (!TryTake(out var message)) return;
        _isServing = true;
        var seconds = _run.Cluster.ServerTime + message.Bytes * _run.Cluster.BytesScale / _run.Cluster.ServerRate;
        // Each operation goes once over the server's part of the vectors.
        if (message.Program is { } program) seconds += program.Shape[0] * Slices.Sum(s => s.Type.Bytes) * _run.Cluster.BytesScale / _run.Cluster.ServerRate;
        if (message.Classes is { } query) seconds += query.Flops(Slices[query.Slice].Type.Shape[0]) / _run.Cluster.ServerFlops;
        BusySeconds += seconds;
        var life = _life;
        _run.Time.After(seconds, () =>
        {
            if (life != _life) return;
            Handle(message);
            if (_holder == message.Call.Worker) _run.Time.At(Port.SentAt, () =>
            {
                if (life == _life) Release();
            });
            else Release();
        });
    }

    private void Release()
    {
        (_isServing, _holder) = (false, null);
        Serve();
    }

    private bool TryTake(out Message message)
    {
        for (var left = _queue.Count; left > 0; left--)
        {
            message = _queue.Dequeue();
            if (_holder is null || message.Call.Worker == _holder) return true;
            _queue.Enqueue(message);
        }
        message = null!;
        return false;
    }

    private void Handle(Message message)
    {
        var worker = message.Call.Worker;
        if (message.Incarnation < _incarnations[worker]) return;
        if (message.Incarnation > _incarnations[worker])
        {
            // Another life of it: what the one before had begun is not taken.
            Leave(worker);
            (_incarnations[worker], _requests[worker]) = (message.Incarnation, 0);
        }
        if (message.Request < _requests[worker]) return;
        _requests[worker] = message.Request;
        var node = _node!;
        if (!node.Members.ContainsKey(worker))
        {
            _journal?.Join(worker, message.Incarnation);
            node.Join(worker, message.Incarnation);
        }
        var flight = new Flight(this, message);
        _journal?.Call(flight);
        node.Handle(flight);
        _journal?.Tidy();
    }

    /// <summary>A call on its way: a copy of what the worker sent, since that may be sent again.</summary>
    private sealed class Flight : ServerCall
    {
        private readonly SimulatedServer _server;
        private readonly Message _message;

        public Flight(SimulatedServer server, Message message)
        {
            (_server, _message) = (server, message);
            (Worker, Gradients, Number, Steps, Examples, Clock, Version) = (message.Call.Worker, message.Gradients, message.Number, message.Steps, message.Examples, message.Clock, message.Version);
            Weights = message.Weights is null ? null : [.. message.Weights.Select(w => w is null ? null : Tensor.Uninitialized(w.Type, w.Shape))];
            Classes = message.Classes?.Copy();
            (Piece, WantsPiece, Measures, Program) = (message.Piece, message.WantsPiece, message.Measures, message.Program);
            Results = message.Results is null ? null : Tensor.Uninitialized(message.Results.Type, message.Results.Shape);
            Rows = message.Rows is null ? null : [.. message.Rows.Select(r => r with { Rows = Tensor.Uninitialized(r.Rows.Type, r.Rows.Shape) })];
        }

        protected override void Answered() =>
            _server._run.Network.Send(_server.Port, _message.From.Port, (Weights?.Sum(w => w?.Bytes ?? 0) ?? 0) + (Rows?.Sum(r => r.Rows.Bytes) ?? 0) + (Classes?.Answer.Bytes ?? 0) + (Results?.Bytes ?? 0), () => _message.From.Deliver(_message.Request, this));
    }
}

/// <summary>What a worker sends: its call as it is then.</summary>
internal sealed class Message
{
    public Message(SimulatedChannel from, ServerCall call, long request, int incarnation)
    {
        (From, Call, Request, Incarnation) = (from, call, request, incarnation);
        (Gradients, Number, Steps, Examples, Clock, Version, Weights, Rows, Classes) = (call.Gradients, call.Number, call.Steps, call.Examples, call.Clock, call.Version, call.Weights, call.Rows, call.Classes);
        (Piece, WantsPiece, Measures, Program, Results) = (call.Piece, call.WantsPiece, call.Measures, call.Program, call.Results);
        Bytes = (Program?.Bytes ?? 0) + (Measures?.Bytes ?? 0) + (Gradients?.Sum(g => (g.Values?.Bytes ?? 0) + (g.Rows?.Bytes ?? 0)) ?? 0) + (Rows?.Sum(r => r.Numbers.Bytes) ?? 0) + (Classes?.Bytes ?? 0);
    }

    public SimulatedChannel From { get; }

    public ServerCall Call { get; }

    /// <summary>Which of the channel's requests it is: an answer to another one comes too late.</summary>
    public long Request { get; }

    /// <summary>Which of its worker's lives it comes from.</summary>
    public int Incarnation { get; }

    public SliceGradient[]? Gradients { get; }

    public long Number { get; }

    public long Steps { get; }

    public long Examples { get; }

    public long Clock { get; }

    public long Version { get; }

    /// <summary>What is wanted of the weights; only which, not where.</summary>
    public Tensor?[]? Weights { get; }

    public SliceRows[]? Rows { get; }

    public ClassQuery? Classes { get; }

    public int Piece { get; }

    public bool WantsPiece { get; }

    public Tensor? Measures { get; }

    public Tensor? Program { get; }

    /// <summary>How many numbers are wanted; not where.</summary>
    public Tensor? Results { get; }

    /// <summary>Of its tensors.</summary>
    public long Bytes { get; }
}
