using Dunlin.Communication;
using Dunlin.Graphs;
using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;
using Dunlin.Training;

namespace Dunlin.Strategies;

/// <summary>A worker of parameter servers: after each step it pushes its gradients to all of them, and pulls the weights.</summary>
/// <param name="rank">Which worker.</param>
/// <param name="workers">Of how many.</param>
/// <param name="group">Its servers.</param>
internal sealed class ServedWorker(int rank, int workers, IServerGroup group) : IWorker, IRemoteUpdate
{
    private ServerLink[] _links = [];
    private long _begin;
    private bool _hasLeft;

    public int Rank => rank;

    /// <summary>Workers meet at the servers alone.</summary>
    public ICommunicator Communicator { get; } = LocalGroup.Create(1)[0];

    public string Axis => "data";

    public IRemoteUpdate Remote => this;

    public int Shares => workers;

    public bool IsStopping => group.IsStopping;

    /// <summary>Those that all servers have done.</summary>
    public long StepsDone => _begin + _links.Min(l => l.Clock);

    public IReadOnlyList<Gradient> Combine(IReadOnlyList<Gradient> gradients, WorkerShare share) => gradients;

    public IReadOnlyList<Value> Sum(IReadOnlyList<Value> scalars) => scalars;

    public RunPosition Begin(RemoteModel model, RunPosition position)
    {
        var (servers, begin) = group.Begin(rank, model, position);
        _begin = begin.Step;
        _links = [.. servers.Select(s => new ServerLink(s, model))];
        foreach (var link in _links) link.Ask();
        foreach (var link in _links) link.Receive();
        return begin;
    }

    public void Step(ReadOnlySpan<Tensor> gradients, ReadOnlySpan<Tensor?> rows, long examples)
    {
        foreach (var link in _links) link.Push(gradients, rows, examples);
        foreach (var link in _links) link.Receive();
    }

    public void Collect()
    {
        foreach (var link in _links) link.Collect();
    }

    public void Stop() => group.Stop();

    public void End()
    {
        Leave();
        if (rank == 0) group.AwaitAll();
    }

    /// <summary>Nobody is to wait for this worker any more.</summary>
    public void Leave()
    {
        if (_hasLeft) return;
        _hasLeft = true;
        group.Leave(rank);
    }
}
