using System.Runtime.ExceptionServices;

namespace Dunlin.Tensors;

/// <summary>A team of .NET threads that spin briefly for the next piece of work and then sleep.</summary>
public sealed class ManagedTeam : ThreadTeam
{
    /// <summary>About 50 µs: kernels of one step follow each other faster than that; longer gaps are worth a sleep.</summary>
    private const int Spins = 100;

    private readonly Helper[] _helpers;
    private IParallelWork? _work;
    private int _generation;
    private int _running;
    private volatile bool _stopping;
    private Exception? _error;

    /// <summary>Starts the helpers.</summary>
    /// <param name="size">Threads, the caller's among them; at least 1.</param>
    public ManagedTeam(int size)
    {
        Require.AtLeast(nameof(ManagedTeam), size, 1);
        Size = size;
        _helpers = [.. Enumerable.Range(1, size - 1).Select(worker => new Helper(this, worker))];
    }

    /// <inheritdoc/>
    public override int Size { get; }

    /// <inheritdoc/>
    public override void Run(IParallelWork work)
    {
        if (Size == 1)
        {
            work.Execute(0, 1);
            return;
        }
        _work = work;
        _error = null;
        Volatile.Write(ref _running, Size - 1);
        Interlocked.Increment(ref _generation);
        foreach (var helper in _helpers) helper.Wake();
        try { work.Execute(0, Size); }
        finally
        {
            var spinner = new SpinWait();
            while (Volatile.Read(ref _running) > 0) spinner.SpinOnce(sleep1Threshold: -1);
            _work = null;
        }
        if (_error is { } error) ExceptionDispatchInfo.Throw(error);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _stopping = true;
        foreach (var helper in _helpers) helper.Dispose();
        base.Dispose();
    }

    private sealed class Helper : IDisposable
    {
        private readonly ManagedTeam _team;
        private readonly int _worker;
        private readonly ManualResetEventSlim _wake = new(false, spinCount: 0);
        private int _asleep;

        public Helper(ManagedTeam team, int worker)
        {
            _team = team;
            _worker = worker;
            new Thread(Loop) { IsBackground = true, Name = $"Dunlin kernel {worker}" }.Start();
        }

        public void Wake()
        {
            if (Volatile.Read(ref _asleep) == 1) _wake.Set();
        }

        /// <summary>Ends the thread: the team says that it is stopping before it calls this.</summary>
        public void Dispose() => _wake.Set();

        private void Loop()
        {
            var seen = 0;
            while (true)
            {
                for (var spin = 0; spin < Spins && Volatile.Read(ref _team._generation) == seen && !_team._stopping; spin++) Thread.SpinWait(8);
                if (Volatile.Read(ref _team._generation) == seen && !_team._stopping) Sleep(seen);
                if (_team._stopping) return;
                if (Volatile.Read(ref _team._generation) == seen) continue;
                seen = Volatile.Read(ref _team._generation);
                try { _team._work!.Execute(_worker, _team.Size); }
                catch (Exception e) { Interlocked.CompareExchange(ref _team._error, e, null); }
                Interlocked.Decrement(ref _team._running);
            }
        }

        /// <summary>Announces the sleep before looking once more, so that a caller either sees it and wakes us, or we see its work.</summary>
        private void Sleep(int seen)
        {
            _wake.Reset();
            Interlocked.Exchange(ref _asleep, 1);
            if (Volatile.Read(ref _team._generation) == seen && !_team._stopping) _wake.Wait();
            Volatile.Write(ref _asleep, 0);
        }
    }
}
