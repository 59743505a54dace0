using Dunlin.Communication;
using Dunlin.Training;

namespace Dunlin.Strategies;

/// <summary>
/// Parameter servers hold the weights and the optimiser's state, and update them by the gradients that workers push, each at its own pace; workers pull weights and hold a copy. Each worker's step is on its share of the
/// batch. The optimiser is any that a worker alone could have. Worker 0 reports its own batches, measures what the servers hold, and saves that.
/// </summary>
/// <param name="workers">Workers, which are threads of this process, as the servers are, unless <see cref="ParameterServerOptions.Processes"/> says otherwise; at least 1.</param>
/// <param name="options">Defaults unless given.</param>
/// <exception cref="DunlinException">There are no workers, or not more than backups, or this process has a number that there is not, or the cluster has not as many processes as there are workers and servers.</exception>
public sealed class ParameterServer(int workers, ParameterServerOptions? options = null) : ITrainingStrategy
{
    private readonly ParameterServerOptions _options = options is not { Protocol: ServerProtocol.Synchronous { Backups: var backups } } || backups < workers ? Checked(workers, options ?? new())
        : throw new DunlinException($"With {workers} workers, at most {workers - 1} are backups, not {backups}: a step needs a gradient.");

    /// <inheritdoc/>
    public string Name => "parameter-server";

    /// <inheritdoc/>
    public int Workers { get; } = workers >= 1 ? workers : throw new DunlinException($"Parameter servers need at least 1 worker, not {workers}.");

    /// <inheritdoc/>
    public int LocalWorkers => _options is { Processes: null, Cluster: null or { Size: 1 } } ? Workers : 1;

    /// <summary>How the run is spread.</summary>
    public ParameterServerOptions Options => _options;

    /// <inheritdoc/>
    public void Run(Action<IWorker> program)
    {
        if (_options.Processes is not null)
        {
            ProcessRun.Run(Workers, _options, program);
            return;
        }
        if (_options.Cluster is { Size: > 1 } cluster)
        {
            ProcessRun.Run(cluster, Workers, _options, program);
            return;
        }
        if (_options.Simulation is not null)
        {
            new SimulatedRun(Workers, _options, program).Run();
            return;
        }
        using var servers = new LocalServers(Workers, _options);
        Cluster.Alone().Run(Workers, communicator =>
        {
            using var worker = new ServedWorker(communicator.Rank, Workers, _options.Protocol, servers);
            try { program(worker); }
            catch (Exception e)
            {
                servers.Fail($"worker {communicator.Rank} failed: {e.Message}");
                throw;
            }
        }, _options.Local);
    }

    private static ParameterServerOptions Checked(int workers, ParameterServerOptions options)
    {
        if (options.Cluster is not { Size: > 1 and var size } cluster) return options;
        if (options.Processes is not null || options.Simulation is not null)
            throw new DunlinException($"This run has {size} processes of a cluster, so servers and workers are neither simulated nor said by {nameof(ParameterServerOptions.Processes)}: leave {nameof(ParameterServerOptions.Cluster)} out, or these.");
        var all = workers + options.Servers;
        return size == all ? options
            : throw new DunlinException($"{Count(workers, "worker")} and {Count(options.Servers, "server")} are {all} processes, but this run has {size} ({cluster.Launch!.Family}): start {all}, or say other numbers of workers and servers.");
    }

    private static string Count(int count, string what) => $"{count} {what}{(count == 1 ? "" : "s")}";
}
