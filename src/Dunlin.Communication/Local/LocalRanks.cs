using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>Runs one program on several ranks, each a thread of this process.</summary>
public static class LocalRanks
{
    /// <summary>Starts a thread for each rank, runs <paramref name="body"/> on it and returns when all have ended.</summary>
    /// <param name="size">Ranks, at least 1.</param>
    /// <param name="body">The program of one rank. Its communicator is disposed when it returns.</param>
    /// <param name="options">Defaults unless given.</param>
    /// <exception cref="CommunicationException">The first error in time came of communication; the message names the rank.</exception>
    /// <exception cref="RankFailedException">
    /// The first error in time was thrown by a rank's own program. The other ranks' errors that follow from it are not reported.
    /// A rank that calculates on without communicating is left behind after <see cref="LocalOptions.Timeout"/>.
    /// </exception>
    public static void Run(int size, Action<ICommunicator> body, LocalOptions? options = null)
    {
        var run = new LocalRun(size, body, options ?? new());
        run.Join();
        run.ThrowIfFailed();
    }

    /// <inheritdoc cref="Run(int, Action{ICommunicator}, LocalOptions?)"/>
    /// <returns>What each rank returned, by rank.</returns>
    public static T[] Run<T>(int size, Func<ICommunicator, T> body, LocalOptions? options = null)
    {
        var results = new T[Math.Max(size, 0)];
        Run(size, communicator => { results[communicator.Rank] = body(communicator); }, options);
        return results;
    }

    /// <inheritdoc cref="Run(int, Action{ICommunicator}, LocalOptions?)"/>
    /// <param name="size">Ranks, at least 1.</param>
    /// <param name="body">The program of one rank. It begins on the rank's own thread, which stays with it until its task ends.</param>
    /// <param name="options">Defaults unless given.</param>
    /// <param name="cancellationToken">Aborts the group: every wait in it then throws.</param>
    public static async Task RunAsync(int size, Func<ICommunicator, Task> body, LocalOptions? options = null, CancellationToken cancellationToken = default)
    {
        var run = new LocalRun(size, communicator => body(communicator).GetAwaiter().GetResult(), options ?? new());
        await using (cancellationToken.Register(run.Cancel).ConfigureAwait(false))
            await Task.Factory.StartNew(run.Join, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        run.ThrowIfFailed();
    }

    private sealed class LocalRun
    {
        private readonly Action<ICommunicator> _body;
        private readonly LocalOptions _options;
        private readonly IReadOnlyList<ICommunicator> _group;
        private readonly bool[] _ended;
        private readonly object _gate = new();
        private int _running;
        private (int Rank, Exception Error)? _first;

        public LocalRun(int size, Action<ICommunicator> body, LocalOptions options)
        {
            (_body, _options, _running) = (body, options, size);
            _group = LocalGroup.Create(size, options);
            _ended = new bool[size];
            foreach (var communicator in _group)
                new Thread(() => Execute(communicator)) { IsBackground = true, Name = $"Dunlin rank {communicator.Rank}" }.Start();
        }

        public void Cancel() => _group[0].Abort("the run was cancelled.");

        /// <summary>Waits for all ranks, but once one has failed no longer than the time-out.</summary>
        public void Join()
        {
            lock (_gate)
            {
                while (_running > 0 && _first is null) Monitor.Wait(_gate);
                var deadline = Environment.TickCount64 + (long)_options.Timeout.TotalMilliseconds;
                while (_running > 0 && deadline - Environment.TickCount64 is > 0 and var left) Monitor.Wait(_gate, (int)Math.Min(left, int.MaxValue));
            }
        }

        public void ThrowIfFailed()
        {
            if (_first is not var (rank, error)) return;
            string note;
            lock (_gate)
            {
                var behind = Enumerable.Range(0, _ended.Length).Where(r => !_ended[r]).ToArray();
                note = behind.Length == 0 ? "" : $" (Ranks that still ran {_options.Timeout.TotalSeconds:0.###} s later: {string.Join(", ", behind)}.)";
            }
            if (error is CommunicationException) throw new CommunicationException($"Rank {rank}: {error.Message}{note}", error);
            throw new RankFailedException(rank, error, note);
        }

        private void Execute(ICommunicator communicator)
        {
            Exception? error = null;
            try { _body(communicator); }
#pragma warning disable CA1031 // Whatever the program threw, it is thrown to the caller, and no rank waits for this one.
            catch (Exception e) { error = e; }
#pragma warning restore CA1031
            if (error is not null)
            {
                lock (_gate) _first ??= (communicator.Rank, error);
                communicator.Abort(error.Message);
            }
            try { communicator.Dispose(); }
            finally { End(communicator.Rank); }
        }

        private void End(int rank)
        {
            lock (_gate)
            {
                _ended[rank] = true;
                _running--;
                Monitor.PulseAll(_gate);
            }
        }
    }
}
