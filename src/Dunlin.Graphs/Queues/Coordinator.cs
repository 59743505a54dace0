namespace Dunlin.Graphs;

/// <summary>
/// Runs pieces of a program at the same time, each on a thread: steps that read, steps that train, a step that saves. The first error stops all
/// of them and is the one that <see cref="Join"/> throws. A closed queue is no error: who waits at it has come to its end.
/// </summary>
public sealed class Coordinator : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Thread> _threads = [];
    private readonly List<Action> _wake = [];
    private readonly Lock _lock = new();
    private Exception? _error;

    /// <summary>Is cancelled when all are to stop.</summary>
    public CancellationToken Stopping => _stop.Token;

    /// <summary>Closes a queue, whatever is in it, when all are to stop early, so that nobody goes on waiting at it.</summary>
    public void Closes(Session session, TensorQueue queue)
    {
        lock (_lock) _wake.Add(() => queue.Close(session, cancel: true));
    }

    /// <summary>Starts a piece of work on a thread of its own.</summary>
    /// <param name="name">What messages call it.</param>
    /// <param name="work">Returns when it is done or the token is cancelled.</param>
    public void Start(string name, Action<CancellationToken> work)
    {
        var thread = new Thread(() =>
        {
            try { work(_stop.Token); }
            catch (QueueClosedException) { }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested) { }
#pragma warning disable CA1031 // Whatever went wrong is thrown where the others are waited for.
            catch (Exception e) { Fail(name, e); }
#pragma warning restore CA1031
        })
        { Name = name, IsBackground = true };
        lock (_lock) _threads.Add(thread);
        thread.Start();
    }

    /// <summary>Runs a step again and again, until all are to stop or a queue that it waits at is closed.</summary>
    /// <param name="name">What messages call it.</param>
    /// <param name="step">A step without feeds.</param>
    /// <param name="after">Is given the fetches of each run.</param>
    /// <param name="atEnd">Runs once when the step has come to its end: closes the queue that it fed, say.</param>
    public void Repeat(string name, Step step, Action<IReadOnlyList<Tensor>>? after = null, Action? atEnd = null) => Start(name, stopping =>
    {
        try
        {
            while (!stopping.IsCancellationRequested)
            {
                var results = step.Run();
                after?.Invoke(results);
            }
        }
        finally { atEnd?.Invoke(); }
    });

    /// <summary>Tells all to stop, and closes the queues.</summary>
    public void Stop()
    {
        _stop.Cancel();
        lock (_lock)
            foreach (var wake in _wake) wake();
    }

    /// <summary>Waits until all are done.</summary>
    /// <param name="timeout">How long; a minute unless given.</param>
    /// <exception cref="DunlinException">One of them failed, or is not done in time: the message names it.</exception>
    public void Join(TimeSpan? timeout = null)
    {
        var limit = timeout ?? TimeSpan.FromMinutes(1);
        var begin = System.Diagnostics.Stopwatch.GetTimestamp();
        for (var i = 0; ; i++)
        {
            Thread thread;
            lock (_lock)
            {
                if (i == _threads.Count) break;
                thread = _threads[i];
            }
            var left = limit - System.Diagnostics.Stopwatch.GetElapsedTime(begin);
            if (thread.Join(left > TimeSpan.Zero ? left : TimeSpan.Zero)) continue;
            Stop();
            throw new DunlinException($"'{thread.Name}' was not done after {limit.TotalSeconds:0.###} s; everything was told to stop.");
        }
        if (_error is DunlinException known) throw new DunlinException(known.Message, known);
        if (_error is not null) throw new DunlinException($"One of the pieces that ran at the same time failed: {_error.Message}", _error);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Stop();
        foreach (var thread in _threads) thread.Join(TimeSpan.FromSeconds(10));
        _stop.Dispose();
    }

    private void Fail(string name, Exception error)
    {
        Interlocked.CompareExchange(ref _error, error is DunlinException ? new DunlinException($"'{name}' failed: {error.Message}", error) : error, null);
        Stop();
    }
}
