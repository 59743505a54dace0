namespace Dunlin.Strategies;

/// <summary>A server in the process of its workers: a call is served by the thread that brings it, one thread at a time.</summary>
/// <param name="node">The server, which this owns.</param>
/// <param name="number">Which of the run's servers it is.</param>
/// <param name="timeout">How long a worker waits for others.</param>
internal sealed class LocalServer(ServerNode node, int number, TimeSpan timeout) : IDisposable
{
    /// <summary>Locked while the node is at work.</summary>
    private readonly object _gate = new();

    public IReadOnlyList<Slice> Slices => node.Shard.Slices;

    /// <summary>A call of a worker, to be sent again and again.</summary>
    public ServerCall NewCall(int worker) => new Call(_gate) { Worker = worker };

    /// <summary>Brings a call to the server, which may answer it by and by.</summary>
    public void Send(ServerCall call)
    {
        call.Renew();
        lock (_gate) node.Handle(call);
    }

    /// <summary>Waits for the answer.</summary>
    /// <exception cref="DunlinException">The server does not do it, or other workers have not come in time.</exception>
    public void Await(ServerCall call)
    {
        lock (_gate)
        {
            var deadline = Environment.TickCount64 + (long)timeout.TotalMilliseconds;
            while (!call.IsAnswered)
            {
                var left = deadline - Environment.TickCount64;
                if (left <= 0)
                    throw new DunlinException($"Worker {call.Worker} waited {timeout.TotalSeconds:0.###} s for server {number} at step {call.Clock + 1}; the server waits for worker{(node.Missing.Count > 1 ? "s" : "")} {string.Join(", ", node.Missing)}.");
                Monitor.Wait(_gate, (int)Math.Min(left, int.MaxValue));
            }
        }
        if (call.Refusal is { } refusal) throw new DunlinException($"Server {number}: {refusal}");
    }

    /// <summary>Uses the server while nobody else does.</summary>
    public void With(Action<ServerNode> action)
    {
        lock (_gate) action(node);
    }

    /// <inheritdoc/>
    public void Dispose() => node.Dispose();

    private sealed class Call(object gate) : ServerCall
    {
        protected override void Answered() => Monitor.PulseAll(gate);
    }
}
