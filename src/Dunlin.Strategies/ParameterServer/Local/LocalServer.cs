using Dunlin.Tensors;

namespace Dunlin.Strategies;

/// <summary>A server in the process of its workers: a call is served by the thread that brings it, one thread at a time.</summary>
/// <param name="node">The server, which this owns.</param>
/// <param name="number">Which of the run's servers it is.</param>
/// <param name="timeout">How long a worker waits for others.</param>
internal sealed class LocalServer(ServerNode node, int number, TimeSpan timeout) : IDisposable
{
    private readonly ServerNode _node = node;

    /// <summary>Locked while the node is at work.</summary>
    private readonly object _gate = new();

    public IReadOnlyList<Slice> Slices => _node.Shard.Slices;

    /// <summary>The server as one worker reaches it.</summary>
    public IServerChannel ChannelOf(int worker) => new Channel(this, worker);

    /// <summary>Uses the server while nobody else does.</summary>
    public void With(Action<ServerNode> action)
    {
        lock (_gate) action(_node);
    }

    /// <inheritdoc/>
    public void Dispose() => _node.Dispose();

    private void Await(ServerCall call)
    {
        lock (_gate)
        {
            var deadline = Environment.TickCount64 + (long)timeout.TotalMilliseconds;
            while (!call.IsAnswered)
            {
                var left = deadline - Environment.TickCount64;
                if (left <= 0)
                    throw new DunlinException($"Worker {call.Worker} waited {timeout.TotalSeconds:0.###} s for server {number} at step {call.Clock + 1}; the server waits for worker{(_node.Missing.Count > 1 ? "s" : "")} {string.Join(", ", _node.Missing)}.");
                Monitor.Wait(_gate, (int)Math.Min(left, int.MaxValue));
            }
        }
        if (call.Refusal is { } refusal) throw new DunlinException($"Server {number}: {refusal}");
    }

    private sealed class Channel(LocalServer server, int worker) : IServerChannel
    {
        private bool _isReserved;

        public IReadOnlyList<Slice> Slices => server.Slices;

        public ServerCall NewCall() => new Call(server._gate) { Worker = worker };

        public bool TryReserve() => _isReserved = Monitor.TryEnter(server._gate);

        public void Send(ServerCall call)
        {
            call.Renew();
            try
            {
                lock (server._gate) server._node.Handle(call);
            }
            finally
            {
                if (_isReserved) Monitor.Exit(server._gate);
                _isReserved = false;
            }
        }

        public void Await(ServerCall call) => server.Await(call);

        public void Collect(IReadOnlyList<Tensor> weights, StatePlaces state) => server.With(node => node.Shard.CopyTo(weights, state));
    }

    private sealed class Call(object gate) : ServerCall
    {
        protected override void Answered() => Monitor.PulseAll(gate);
    }
}
