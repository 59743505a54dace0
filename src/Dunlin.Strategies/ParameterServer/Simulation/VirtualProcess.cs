namespace Dunlin.Strategies;

/// <summary>
/// A program on virtual time, in a thread of its own. It runs between two of its actions (<see cref="Do"/>), which are done by the thread of the <see cref="VirtualTime"/>; while it runs, time does not go beyond its next one.
/// </summary>
internal sealed class VirtualProcess : IDisposable
{
    private readonly VirtualTime _time;
    private readonly Thread _thread;
    private readonly SemaphoreSlim _go = new(0);
    private readonly SemaphoreSlim _stands = new(0);
    private Action? _action;
    private bool _isWaiting;
    private volatile bool _isKilled;

    /// <summary>A program that has not begun (<see cref="Begin"/>).</summary>
    /// <param name="name">The thread's.</param>
    /// <param name="time">Its time.</param>
    /// <param name="program">What it does.</param>
    /// <param name="ended">Called at the time at which it ends, with the error that it ended with; for one that was killed, not called.</param>
    public VirtualProcess(string name, VirtualTime time, Action<VirtualProcess> program, Action<Exception?> ended)
    {
        _time = time;
        _thread = new Thread(() =>
        {
            Exception? error = null;
            _go.Wait();
            try { program(this); }
            // Whatever it is goes to whoever waits for the run.
            catch (Exception e) { error = e; }
            _action = () =>
            {
                if (!IsKilled) ended(error);
            };
            _stands.Release();
        })
        {
            Name = name,
            IsBackground = true,
        };
    }

    /// <summary>Begins, now.</summary>
    public void Begin()
    {
        _thread.Start();
        Release(_time.Now);
    }

    /// <summary>Whether it was.</summary>
    public bool IsKilled { get => _isKilled; private set => _isKilled = value; }

    /// <summary>Does something on virtual time, which then or later lets the process go on (<see cref="Release"/>). Called by the process, which waits until then.</summary>
    /// <exception cref="ProcessKilledException">It was killed.</exception>
    public void Do(Action action)
    {
        if (IsKilled) throw new ProcessKilledException();
        _action = action;
        _stands.Release();
        _go.Wait();
        if (IsKilled) throw new ProcessKilledException();
    }

    /// <summary>Lets the process go on; what it does next happens at a given time. Called on virtual time.</summary>
    public void Release(double nextAction)
    {
        if (IsKilled) return;
        _isWaiting = false;
        _go.Release();
        _time.At(nextAction, () =>
        {
            // It may still compute what it is to do now.
            _stands.Wait();
            _isWaiting = true;
            if (IsKilled) _go.Release();
            else _action!();
        });
    }

    /// <summary>Ends the process where it stands, or when it next would do something: it sees an exception. Called on virtual time.</summary>
    public void Kill()
    {
        IsKilled = true;
        if (_isWaiting) _go.Release();
    }

    /// <summary>Ends the process after time has ended, and waits for its thread to be gone.</summary>
    public void Dispose()
    {
        var isWaiting = _isWaiting;
        Kill();
        if (!isWaiting)
        {
            _stands.Wait();
            _go.Release();
        }
        _thread.Join();
        _go.Dispose();
        _stands.Dispose();
    }
}

/// <summary>Ends a process's program where it is killed.</summary>
internal sealed class ProcessKilledException : Exception;
