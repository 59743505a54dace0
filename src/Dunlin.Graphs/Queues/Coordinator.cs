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
    private DunlinException? _error;

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
    /// <param name="atEnd">Runs when it has come to its end, unless that is because all are to stop: closes the queue that it fed, say.</param>
    public void Start(string name, Action<CancellationToken> work, Action? atEnd = null)
    {
        var thread = new Thread(() =>
        {
            try
            {
                UntilClosed(() => work(_stop.Token));
                if (!_stop.IsCancellationRequested) atEnd?.Invoke();
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested) { }
#pragma warning disable CA1031 // Whatever went wrong is thrown where the others are waited for.
            catch (Exception e) { Fail(name, e); }
#pragma warning restore CA1031
        })
        { Name = name, IsBackground = true };
        lock (_lock) _threads.Add(thread);
        thread.Start();
    }

    /// <summary>Starts several pieces of work of one kind, called "name 0", "name 1" and so on, each on a thread of its own.</summary>
    /// <param name="name">What messages call them.</param>
    /// <param name="count">How many.</param>
    /// <param name="work">Is given its number, from 0. Returns when it is done or the token is cancelled.</param>
    /// <param name="atEnd">Runs once when the last of them has come to its end, unless that is because all are to stop: closes the queue that they fed, say.</param>
    public void StartMany(string name, int count, Action<int, CancellationToken> work, Action? atEnd = null)
    {
        Require.AtLeast(nameof(Coordinator), count, 1);
        var left = count;
        for (var i = 0; i < count; i++)
        {
            var number = i;
            Start($"{name} {number}", stopping => work(number, stopping), () =>
            {
                if (Interlocked.Decrement(ref left) == 0) atEnd?.Invoke();
            });
        }
    }

    /// <summary>Runs a step again and again, until all are to stop or a queue that it waits at is closed.</summary>
    /// <param name="name">What messages call it.</param>
    /// <param name="step">A step without feeds.</param>
    /// <param name="after">Is given the fetches of each run.</param>
    /// <param name="atEnd">As for <see cref="Start"/>.</param>
    public void Repeat(string name, Step step, Action<IReadOnlyList<Tensor>>? after = null, Action? atEnd = null) => Start(name, _ => Exhaust(step, after), atEnd);

    /// <summary>Within a piece of work: runs a step again and again, until all are to stop or a queue that it waits at is closed.</summary>
    /// <param name="step">A step without feeds.</param>
    /// <param name="after">Is given the fetches of each run.</param>
    public void Exhaust(Step step, Action<IReadOnlyList<Tensor>>? after = null) => UntilClosed(() =>
    {
        while (!_stop.IsCancellationRequested)
        {
            var results = step.Run();
            after?.Invoke(results);
        }
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
        if (_error is not null) throw new DunlinException(_error.Message, _error.InnerException!);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Stop();
        foreach (var thread in _threads) thread.Join(TimeSpan.FromSeconds(10));
        _stop.Dispose();
    }

    private static void UntilClosed(Action work)
    {
        try { work(); }
        catch (QueueClosedException) { }
    }

    private void Fail(string name, Exception error)
    {
        Interlocked.CompareExchange(ref _error, new DunlinException($"'{name}' failed: {error.Message}", error), null);
        Stop();
    }
}
