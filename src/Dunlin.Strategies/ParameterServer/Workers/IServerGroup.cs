using Dunlin.Training;

namespace Dunlin.Strategies;

/// <summary>Where a worker finds its servers and the other workers.</summary>
internal interface IServerGroup
{
    /// <summary>Whether one has asked all to stop.</summary>
    bool IsStopping { get; }

    /// <summary>Gives a worker the servers, once worker 0 has brought them the weights.</summary>
    /// <param name="worker">Which worker.</param>
    /// <param name="model">What is learned: the same on all workers.</param>
    /// <param name="position">Where worker 0 begins; of others not used.</param>
    /// <returns>The servers, and where the run began.</returns>
    (IReadOnlyList<IServerChannel> Servers, RunPosition Position) Begin(int worker, RemoteModel model, RunPosition position);

    /// <summary>The worker has computed a step's gradient: where time is simulated, it passes.</summary>
    void Computed();

    /// <summary>Asks all workers to end after their steps.</summary>
    void Stop();

    /// <summary>A worker has done its last step, or has failed: nobody waits for it any more.</summary>
    void Leave(int worker);

    /// <summary>Waits until all workers have left.</summary>
    void AwaitAll();
}
