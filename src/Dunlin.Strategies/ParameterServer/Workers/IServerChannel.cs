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

    /// <summary>Brings all that the server holds, with no update between its parts, to where it is to lie. A call that fails may have brought some of it.</summary>
    /// <param name="weights">The places of the slices.</param>
    /// <param name="state">The places of the optimiser's state (<see cref="ServerShard.State"/>).</param>
    void Collect(IReadOnlyList<Tensor> weights, StatePlaces state);
}

/// <summary>Says where some of the optimiser's state is to lie.</summary>
/// <param name="name">Its name.</param>
/// <param name="slice">Which slice it goes with; null of none.</param>
/// <param name="type">Its element type and shape, as those of the place.</param>
/// <returns>Null where it is not wanted.</returns>
internal delegate Tensor? StatePlaces(string name, Slice? slice, TensorType type);
