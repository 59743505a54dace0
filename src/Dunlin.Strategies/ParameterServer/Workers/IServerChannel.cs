using Dunlin.Tensors;

namespace Dunlin.Strategies;

/// <summary>One server, as a worker reaches it. A worker has one call under way at a time; all is called by its thread.</summary>
internal interface IServerChannel
{
    /// <summary>What the server holds.</summary>
    IReadOnlyList<Slice> Slices { get; }

    /// <summary>This worker's call, to be sent again and again.</summary>
    ServerCall NewCall();

    /// <summary>Brings a call to the server, which may answer it by and by.</summary>
    void Send(ServerCall call);

    /// <summary>Reserves the server for this worker's next call, if it is not at work for another one now: no other worker's call is taken before that.</summary>
    /// <returns>Whether it is.</returns>
    bool TryReserve();

    /// <summary>Waits for the answer.</summary>
    /// <exception cref="DunlinException">The server does not do it, or other workers have not come in time.</exception>
    void Await(ServerCall call);

    /// <summary>Reads all that the server holds, with no update between its parts. What is read is valid during the call only.</summary>
    /// <param name="use">Given the elements of the slices, and of the optimiser's state (<see cref="ServerShard.State"/>).</param>
    void Collect(ServerReader use);
}

/// <summary>Reads what a server holds.</summary>
/// <param name="weights">The elements of its slices.</param>
/// <param name="state">Of the optimiser's state the name, which slice it goes with, and the elements.</param>
internal delegate void ServerReader(IReadOnlyList<Tensor> weights, IEnumerable<(string Name, Slice? Slice, Tensor Elements)> state);
