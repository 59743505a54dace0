using Dunlin.Communication;
using Dunlin.Tensors;

namespace Dunlin.Samples.Hpc.AllReduces;

/// <summary>Algorithms on machines that we do not have.</summary>
public static class Simulation
{
    /// <summary>How long an algorithm takes: the latest clock of all ranks, which really send messages, if small ones.</summary>
    public static double Seconds(Algorithm algorithm, int ranks, double bytes, Cost cost)
    {
        // p divides it, as the formulas want.
        var elements = 4 * ranks;
        var scale = bytes / (elements * sizeof(float));
        return Run(algorithm, ranks, elements, cost with { Beta = cost.Beta * scale, Gamma = cost.Gamma * scale }).Max(port => port.Clock);
    }

    /// <summary>Runs an algorithm on buffers of zeros. Ranks are threads: their clocks do not look at ours.</summary>
    /// <returns>Each rank's clock and counters.</returns>
    public static SimulatedPort[] Run(Algorithm algorithm, int ranks, int elements, Cost cost) => LocalRanks.Run(ranks, communicator =>
    {
        var port = new SimulatedPort(communicator, cost);
        var buffer = Tensor.Zeros(DType.Float32, [elements]);
        algorithm.Run(port, buffer);
        GC.KeepAlive(buffer);
        return port;
    });
}
