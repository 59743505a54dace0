using Dunlin.Communication;

namespace Dunlin.Strategies;

/// <summary>How <see cref="ParameterServer"/> spreads a run.</summary>
public sealed record ParameterServerOptions
{
    /// <summary>How many servers hold the weights: each variable is one server's, the largest first, and one that is larger than a server's share is cut by rows.</summary>
    /// <value>At least 1; 1 unless set.</value>
    /// <exception cref="InvalidValueException">The value is less than 1.</exception>
    public int Servers { get; init => field = Require.AtLeast(nameof(ParameterServerOptions), value, 1); } = 1;

    /// <summary>When gradients are applied, and which workers wait for which.</summary>
    /// <value>Asynchronous unless set.</value>
    public ServerProtocol Protocol { get; init; } = new ServerProtocol.Asynchronous();

    /// <summary>
    /// Whether servers give the weights as their optimiser would next make them without a new gradient, where they will be when the worker's gradient comes: with momentum v, w − η μ v (the gradient projection of Chan and
    /// Lane, 2014; Nesterov's look-ahead). Of no effect with <see cref="ServerProtocol.Sandblaster"/>.
    /// </summary>
    /// <value>False unless set.</value>
    public bool LooksAhead { get; init; }

    /// <summary>How many threads a server's update may use.</summary>
    /// <value>At least 1; 1 unless set.</value>
    /// <exception cref="InvalidValueException">The value is less than 1.</exception>
    public int ServerThreads { get; init => field = Require.AtLeast(nameof(ParameterServerOptions), value, 1); } = 1;

    /// <summary>Simulated machines on which all runs, in simulated time; null for threads of this process in real time.</summary>
    public SimulatedCluster? Simulation { get; init; }

    /// <summary>How long a worker waits for others before it takes them for hung, and what is said of workers that do not end.</summary>
    public LocalOptions Local { get; init; } = new();

    /// <summary>Which process this is, where servers and workers are processes of their own; <see cref="Servers"/> is then as many as it names.</summary>
    /// <value>Null unless set: all are threads of this process.</value>
    public ServerProcesses? Processes { get; init; }

    /// <summary>
    /// The processes of the run, where a launcher such as mpirun or srun has started several: the first are the workers, and the last <see cref="Servers"/> the servers. They find each other by themselves, and are lost together.
    /// </summary>
    /// <value>Null unless set; with one process all are threads of it.</value>
    public Cluster? Cluster { get; init; }

    /// <summary>Of the processes of a <see cref="Cluster"/>: is told where servers are, who comes, goes and is refused, a line each; nobody unless set.</summary>
    public Action<string>? Log { get; init; }

    /// <summary>How many servers there are.</summary>
    internal int ServerCount => Processes?.Servers.Count ?? Servers;
}
