using Dunlin.Strategies;

namespace Dunlin.Samples.Asynchronous;

/// <summary>Workers and a server that are threads of one process, as a simulation has them.</summary>
internal static class SharedMemory
{
    /// <summary>Bytes a second of a copy, and of an update, as this machine was measured to have.</summary>
    public const double CopyRate = 8e9, UpdateRate = 5e9;

    /// <summary>A gradient is not copied; the server applies it and copies the weights for the worker, and does nothing else meanwhile.</summary>
    /// <param name="stepTime">How long workers compute.</param>
    /// <param name="seed">Of what is drawn.</param>
    public static SimulatedCluster Of(StepTime stepTime, ulong seed) => new()
    {
        Seed = seed,
        StepTime = stepTime,
        Latency = 2e-6,
        ServerTime = 5e-6,
        WorkerBandwidth = double.PositiveInfinity,
        ServerBandwidth = double.PositiveInfinity,
        ServerRate = 1 / (1 / CopyRate + 1 / UpdateRate),
    };
}
