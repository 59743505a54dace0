using Dunlin.Graphs;
using Dunlin.Strategies;
using Dunlin.Tensors;
using Dunlin.Training;

namespace Dunlin.Samples.Asynchronous;

/// <summary>Workers that compute nothing: what is left of a step is what servers, protocol and network take.</summary>
public static class NullWork
{
    /// <summary>Lets workers do some steps on simulated machines.</summary>
    /// <param name="options">Servers, protocol and machines.</param>
    /// <param name="workers">How many there are.</param>
    /// <param name="steps">How many each does.</param>
    /// <param name="elements">How many weights of 4 bytes there are; cut over the servers.</param>
    /// <returns>Seconds of a step: without the beginning, in which workers take the first weights.</returns>
    public static double Simulate(ParameterServerOptions options, int workers, int steps, int elements) =>
        Simulate(options, workers, steps, (worker, begun) => Dense(worker, steps, elements, begun));

    /// <summary>Steps on a table, of which each takes and gives some rows that are drawn.</summary>
    /// <inheritdoc cref="Simulate(ParameterServerOptions, int, int, int)"/>
    /// <param name="options">Servers, protocol and machines.</param>
    /// <param name="workers">How many there are.</param>
    /// <param name="steps">How many each does.</param>
    /// <param name="table">Rows, and elements of a row.</param>
    /// <param name="rows">How many of them a step reads and changes.</param>
    public static double Simulate(ParameterServerOptions options, int workers, int steps, (int Rows, int Width) table, int rows) =>
        Simulate(options, workers, steps, (worker, begun) => Sparse(worker, steps, table, rows, begun));

    private static double Simulate(ParameterServerOptions options, int workers, int steps, Action<IWorker, Action> work)
    {
        var (cluster, begin) = (options.Simulation!, 0.0);
        new ParameterServer(workers, options).Run(worker => work(worker, () =>
        {
            if (worker.Rank == 0) begin = cluster.Now;
        }));
        return (cluster.Report!.Seconds - begin) / steps;
    }

    /// <summary>One worker's steps on weights of which all travel.</summary>
    private static void Dense(IWorker worker, int steps, int elements, Action begun)
    {
        var graph = new Graph();
        var weights = graph.Variable("weights", DType.Float32, [elements], Initializers.Zeros);
        using var session = new Session(graph, new() { Threads = 1 });
        var (remote, gradient) = (worker.Remote!, Tensor.Zeros(DType.Float32, [elements]));
        remote.Begin(new(session, [(weights, graph.Placeholder("gradient", DType.Float32, [elements]))], Optimizers.Sgd(0.1)), default);
        begun();
        while (remote.StepsDone < steps) remote.Step([gradient], [null], examples: 1);
        remote.End();
    }

    private static void Sparse(IWorker worker, int steps, (int Rows, int Width) table, int count, Action begun)
    {
        var graph = new Graph();
        var weights = graph.Variable("table", DType.Float32, [table.Rows, table.Width], Initializers.Zeros);
        using var session = new Session(graph, new() { Threads = 1 });
        var (remote, rows) = (worker.Remote!, Tensor.Zeros(DType.Float32, [count, table.Width]));
        var gradient = Gradient.Sparse(graph.Placeholder("rows", DType.Int64, [count]), graph.Placeholder("gradient", DType.Float32, [count, table.Width]), weights);
        remote.Begin(new(session, [(weights, gradient)], Optimizers.Sgd(0.1)) { Tables = new HashSet<int> { 0 } }, default);
        begun();
        var numbers = new long[count];
        while (remote.StepsDone < steps)
        {
            var key = new PhiloxKey(1, PhiloxKey.StreamOf("rows"), (uint)(remote.StepsDone * 1000 + worker.Rank));
            for (var i = 0; i < count; i++) numbers[i] = (long)Philox.Below((ulong)table.Rows, key, (ulong)i);
            var named = Tensor.From(numbers);
            remote.Fetch([new(0, named, rows)]);
            remote.Step([rows], [named], examples: 1);
        }
        remote.End();
    }
}
