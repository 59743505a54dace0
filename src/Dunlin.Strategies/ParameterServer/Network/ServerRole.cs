using Dunlin.Communication;
using Dunlin.Graphs;
using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;
using Dunlin.Training;

namespace Dunlin.Strategies;

/// <summary>A server's part in a run, where servers are processes: it builds the same model as the workers, to know what it holds, and then serves.</summary>
/// <param name="workers">How many workers there are.</param>
/// <param name="options">Of the strategy.</param>
internal sealed class ServerRole(int workers, ParameterServerOptions options) : IWorker, IRemoteUpdate
{
    private readonly ServerProcesses _processes = options.Processes!;

    /// <summary>After the workers: it neither reports nor saves.</summary>
    public int Rank => workers + _processes.Number;

    public ICommunicator Communicator { get; } = LocalGroup.Create(1)[0];

    public string Axis => "data";

    public IRemoteUpdate Remote => this;

    public IWholeDataUpdate? WholeData => options.Protocol is ServerProtocol.Sandblaster sandblaster ? new WholeDataWorker(Rank, sandblaster) : null;

    public int Shares => workers + options.ServerCount;

    public bool IsStopping => false;

    /// <summary>As the workers: what lies where depends on it.</summary>
    public bool HasTables => options.Protocol.KeepsTables(workers);

    public long StepsDone => 0;

    public IReadOnlyList<Gradient> Combine(IReadOnlyList<Gradient> gradients, WorkerShare share) => gradients;

    public IReadOnlyList<Value> Sum(IReadOnlyList<Value> scalars) => scalars;

    public bool Serve(RemoteModel model, CancellationToken stop)
    {
        var served = new ServedModel(model, options, workers);
        var node = served.Build(_processes.Number);
        var log = _processes.Log ?? (_ => { });
        using var host = new ServerHost(node, new()
        {
            Number = _processes.Number,
            Servers = options.ServerCount,
            Workers = workers,
            Description = served.Description,
            Forms = served.FormsOf(node.Shard.Slices),
            UpdatesPerStep = options.Protocol.Create(workers).UpdatesOf(workers),
            Grace = _processes.Grace,
            FirstWait = _processes.FirstWait,
            Timeout = options.Local.Timeout,
            Log = log,
            Steps = _processes.Meeting is null ? null : _processes.Meeting.Cluster.ReportStep,
        }, _processes.LogDirectory is { } directory ? new FileLogStorage(Path.Combine(directory, $"server-{_processes.Number}.log")) : null);
        var at = Endpoint.Parse(_processes.Listen ?? _processes.Servers[_processes.Number]);
        using var listener = _processes.Meeting is { Listener: { } socket } meeting
            ? FrameListener.Over(socket, meeting.Own(_processes.Token), RemoteGroup.Stall, host.Serve, log)
            : new FrameListener(at, new ConnectionSecurity(_processes.Token, _processes.Tls), RemoteGroup.Stall, host.Serve, log);
        log($"Server {_processes.Number} of {options.ServerCount} listens on {at.Host}, port {listener.Port}.");
        using var stopping = stop.Register(host.Stop);
        host.AwaitEnd();
        return true;
    }

    public RunPosition Begin(RemoteModel model, RunPosition position) => throw NoWorker();

    public void Fetch(ReadOnlySpan<RowRequest> requests) => throw NoWorker();

    public void Step(ReadOnlySpan<Tensor> gradients, ReadOnlySpan<Tensor?> rows, long examples) => throw NoWorker();

    public void Losses(Variable weights, Tensor features, Tensor labels, Tensor losses, Tensor normalizers) => throw NoWorker();

    public void Scores(Variable weights, Tensor features, Tensor scores) => throw NoWorker();

    public void Gradients(Variable weights, Tensor features, Tensor labels, Tensor normalizers, Tensor lossGradients, Tensor featureGradients) => throw NoWorker();

    public void Collect() => throw NoWorker();

    public void Continue() => throw NoWorker();

    public void Stop() => throw NoWorker();

    public void End() => throw NoWorker();

    private static InvalidOperationException NoWorker() => new("A server makes no steps.");
}
