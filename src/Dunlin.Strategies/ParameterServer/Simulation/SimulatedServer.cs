using Dunlin.Tensors;

namespace Dunlin.Strategies;

/// <summary>A server on virtual time: it serves one message at a time, in the order in which they come.</summary>
internal sealed class SimulatedServer : IDisposable
{
    private readonly SimulatedRun _run;
    private readonly Queue<Message> _queue = new();
    private readonly int[] _incarnations;

    /// <summary>The last request of each worker in its life: one that comes after a later one is not looked at.</summary>
    private readonly long[] _requests;
    private bool _isServing;
    private int? _holder;

    /// <param name="run">The run that it is part of.</param>
    /// <param name="node">What it does; this owns it.</param>
    /// <param name="workers">How many workers have joined.</param>
    public SimulatedServer(SimulatedRun run, ServerNode node, int workers)
    {
        (_run, Node, Port, _incarnations, _requests) = (run, node, new(run.Cluster.ServerBandwidth), new int[workers], new long[workers]);
    }

    public ServerNode Node { get; }

    public SimulatedPort Port { get; }

    /// <summary>How long it was at work.</summary>
    public double BusySeconds { get; private set; }

    /// <summary>Takes a message.</summary>
    public void Arrive(Message message)
    {
        _queue.Enqueue(message);
        Serve();
    }

    /// <summary>Keeps all workers out but one, until that one's next message is served.</summary>
    /// <returns>Whether the server was free.</returns>
    public bool TryReserve(int worker)
    {
        if (_isServing || _queue.Count > 0 || _holder is not null) return false;
        _holder = worker;
        return true;
    }

    /// <summary>A worker has gone, or is known to be dead.</summary>
    /// <param name="worker">Which worker.</param>
    /// <param name="incarnation">Which of its lives: a later one stays.</param>
    public void Leave(int worker, int incarnation)
    {
        if (_incarnations[worker] > incarnation) return;
        Node.Leave(worker);
        if (_holder == worker) _holder = null;
        Serve();
    }

    /// <inheritdoc/>
    public void Dispose() => Node.Dispose();

    private void Serve()
    {
        if (_isServing) return;
        // Others wait for the one that has reserved it.
        if (!TryTake(out var message)) return;
        _isServing = true;
        var seconds = _run.Cluster.ServerTime + message.Bytes * _run.Cluster.BytesScale / _run.Cluster.ServerRate;
        if (message.Classes is { } query) seconds += query.Flops(Node.Shard.Slices[query.Slice].Type.Shape[0]) / _run.Cluster.ServerFlops;
        BusySeconds += seconds;
        _run.Time.After(seconds, () =>
        {
            Handle(message);
            if (_holder == message.Call.Worker) _run.Time.At(Port.SentAt, Release);
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
            Node.Leave(worker);
            (_incarnations[worker], _requests[worker]) = (message.Incarnation, 0);
        }
        if (message.Request < _requests[worker]) return;
        _requests[worker] = message.Request;
        Node.Join(worker);
        Node.Handle(new Flight(this, message));
    }

    /// <summary>A call on its way: a copy of what the worker sent, since that may be sent again.</summary>
    private sealed class Flight : ServerCall
    {
        private readonly SimulatedServer _server;
        private readonly Message _message;

        public Flight(SimulatedServer server, Message message)
        {
            var call = message.Call;
            (_server, _message) = (server, message);
            (Worker, Gradients, Number, Steps, Examples, Clock, Version) = (call.Worker, message.Gradients, message.Number, call.Steps, call.Examples, message.Clock, message.Version);
            Weights = message.Weights is null ? null : [.. message.Weights.Select(w => w is null ? null : Tensor.Uninitialized(w.Type, w.Shape))];
            Classes = message.Classes?.Copy();
            Rows = message.Rows is null ? null : [.. message.Rows.Select(r => r with { Rows = Tensor.Uninitialized(r.Rows.Type, r.Rows.Shape) })];
        }

        protected override void Answered() =>
            _server._run.Network.Send(_server.Port, _message.From.Port, (Weights?.Sum(w => w?.Bytes ?? 0) ?? 0) + (Rows?.Sum(r => r.Rows.Bytes) ?? 0) + (Classes?.Answer.Bytes ?? 0), () => _message.From.Deliver(_message.Request, this));
    }
}

/// <summary>What a worker sends: its call as it is then.</summary>
internal sealed class Message
{
    public Message(SimulatedChannel from, ServerCall call, long request, int incarnation)
    {
        (From, Call, Request, Incarnation) = (from, call, request, incarnation);
        (Gradients, Number, Clock, Version, Weights, Rows, Classes) = (call.Gradients, call.Number, call.Clock, call.Version, call.Weights, call.Rows, call.Classes);
        Bytes = (Gradients?.Sum(g => (g.Values?.Bytes ?? 0) + (g.Rows?.Bytes ?? 0)) ?? 0) + (Rows?.Sum(r => r.Numbers.Bytes) ?? 0) + (Classes?.Bytes ?? 0);
    }

    public SimulatedChannel From { get; }

    public ServerCall Call { get; }

    /// <summary>Which of the channel's requests it is: an answer to another one comes too late.</summary>
    public long Request { get; }

    /// <summary>Which of its worker's lives it comes from.</summary>
    public int Incarnation { get; }

    public SliceGradient[]? Gradients { get; }

    public long Number { get; }

    public long Clock { get; }

    public long Version { get; }

    /// <summary>What is wanted of the weights; only which, not where.</summary>
    public Tensor?[]? Weights { get; }

    public SliceRows[]? Rows { get; }

    public ClassQuery? Classes { get; }

    /// <summary>Of its tensors.</summary>
    public long Bytes { get; }
}
