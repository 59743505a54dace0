using Dunlin.Graphs;
using Dunlin.Strategies;
using Dunlin.Tensors;
using Dunlin.Training;

namespace Dunlin.Samples.Asynchronous;

/// <summary>Workers that compute nothing: what is left of a step is what servers, protocol and network take.</summary>
public static class NullWork
{
    /// <summary>Lets workers do some steps on simulated machines.</summary>
    /// <param name="protocol">How they meet the servers.</param>
    /// <param name="workers">How many there are.</param>
    /// <param name="servers">How many hold the weights.</param>
    /// <param name="steps">How many each worker does.</param>
    /// <param name="elements">How many weights of 4 bytes there are; cut over the servers.</param>
    /// <param name="cluster">The machines.</param>
    /// <returns>What happened.</returns>
    public static SimulationReport Simulate(ServerProtocol protocol, int workers, int servers, int steps, int elements, SimulatedCluster cluster)
    {
        new ParameterServer(workers, new() { Protocol = protocol, Servers = servers, Simulation = cluster }).Run(worker => Work(worker, steps, elements));
        return cluster.Report!;
    }

    /// <summary>One worker's steps.</summary>
    public static void Work(IWorker worker, int steps, int elements)
    {
        var graph = new Graph();
        var weights = graph.Variable("weights", DType.Float32, [elements], Initializers.Zeros);
        using var session = new Session(graph, new() { Threads = 1 });
        var (remote, gradient) = (worker.Remote!, Tensor.Zeros(DType.Float32, [elements]));
        remote.Begin(new(session, [(weights, graph.Placeholder("gradient", DType.Float32, [elements]))], Optimizers.Sgd(0.1)), default);
        while (remote.StepsDone < steps) remote.Step([gradient], [null], examples: 1);
        remote.End();
    }
}
