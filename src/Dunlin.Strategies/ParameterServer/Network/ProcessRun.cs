using Dunlin.Communication;
using Dunlin.Tensors.Collectives;
using Dunlin.Training;

namespace Dunlin.Strategies;

/// <summary>A run's part in this process, where servers and workers are processes of their own.</summary>
internal static class ProcessRun
{
    /// <summary>Runs the program as the server or the worker that this process is.</summary>
    /// <exception cref="DunlinException">The program failed, or the process has a number that there is not.</exception>
    /// <exception cref="CommunicationException">Another process failed.</exception>
    public static void Run(int workers, ParameterServerOptions options, Action<IWorker> program)
    {
        var processes = options.Processes!;
        if (processes.Servers.Count == 0) throw new DunlinException("Where servers are processes, their addresses are to be given: host:port of each, in the order of their numbers.");
        var (most, what) = processes.Role == ServerProcessRole.Server ? (options.ServerCount, "server") : (workers, "worker");
        if (processes.Number >= most) throw new DunlinException($"There {(most == 1 ? $"is 1 {what}" : $"are {most} {what}s")}, numbered from 0, so none is {what} {processes.Number}.");
        if (processes.Role == ServerProcessRole.Server)
        {
            program(new ServerRole(workers, options));
            return;
        }
        using var group = new RemoteGroup(workers, options);
        var cluster = processes.Meeting?.Cluster;
        using var worker = new ServedWorker(processes.Number, workers, options.Protocol, group)
        {
            Communicator = LocalGroup.CreateAlone(cluster is null ? null : cluster.ReportStep),
            ClockOffset = cluster?.ClockOffset ?? 0,
        };
        try
        {
            program(worker);
            // Their launcher may wait for all processes from here on, and that only for so long; the servers know how long steps take.
            if (cluster is not null) group.AwaitAll();
        }
        catch (Exception e)
        {
            // Worker 0 saves what is learned; the others can go on without any other one. A cluster loses all or none, and tells all.
            if (processes is { Number: 0, Meeting: null }) group.Fail(e.Message);
            throw;
        }
    }

    /// <summary>The same where a launcher has started all processes: they find each other, and one that fails ends all.</summary>
    /// <exception cref="DunlinException">The program failed.</exception>
    /// <exception cref="CommunicationException">Another process failed.</exception>
    public static void Run(Cluster cluster, int workers, ParameterServerOptions options, Action<IWorker> program)
    {
        try
        {
            var processes = ServerMeeting.Hold(cluster, workers, options);
            cluster.WaitsElsewhere = true;
            // Waits between processes are the cluster's, not those of threads.
            Run(workers, options with { Processes = processes, Local = new() { Timeout = cluster.Options.Timeout } }, program);
        }
        catch (Exception e)
        {
            cluster.Abort(e.Message);
            throw;
        }
        finally { cluster.WaitsElsewhere = false; }
    }
}
