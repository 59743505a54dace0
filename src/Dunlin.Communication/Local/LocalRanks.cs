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
        var run = Start(size, body, options);
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
        var run = Start(size, communicator => body(communicator).GetAwaiter().GetResult(), options);
        await using (cancellationToken.Register(run.Cancel).ConfigureAwait(false))
            await Task.Factory.StartNew(run.Join, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        run.ThrowIfFailed();
    }

    private static RankThreads Start(int size, Action<ICommunicator> body, LocalOptions? options)
    {
        options ??= new();
        return new RankThreads(LocalGroup.Create(size, options), body, options.Timeout);
    }
}
