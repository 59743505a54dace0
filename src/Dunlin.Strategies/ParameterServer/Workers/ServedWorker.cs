using Dunlin.Communication;
using Dunlin.Graphs;
using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;
using Dunlin.Training;

namespace Dunlin.Strategies;

/// <summary>A worker of parameter servers: it gives them its gradients, and takes weights, when its protocol says.</summary>
/// <param name="rank">Which worker.</param>
/// <param name="workers">Of how many.</param>
/// <param name="protocol">When it meets them.</param>
/// <param name="group">Its servers.</param>
internal sealed class ServedWorker(int rank, int workers, ServerProtocol protocol, IServerGroup group) : IWorker, IRemoteUpdate, IDisposable
{
    private readonly WholeDataWorker? _whole = protocol is ServerProtocol.Sandblaster sandblaster ? new(rank, sandblaster) : null;
    private RemoteModel _model = null!;
    private WorkerRule _rule = null!;
    private ServerLink[] _links = [];
    private long _begin;
    private bool _hasLeft;

    public int Rank => rank;

    /// <summary>Workers meet at the servers alone.</summary>
    public ICommunicator Communicator { get; init; } = LocalGroup.Create(1)[0];

    public string Axis => "data";

    public double ClockOffset { get; init; }

    public IRemoteUpdate Remote => this;

    /// <summary>Own steps need weights of one's own.</summary>
    public bool HasTables => protocol.KeepsTables(workers);

    public IWholeDataUpdate? WholeData => _whole;

    public int Shares => workers;

    public bool IsStopping
    {
        get
        {
            foreach (var link in _links)
                if (link.IsStopping) return true;
            return false;
        }
    }

    public long StepsDone => _begin + LeastClock;

    /// <summary>Steps that all servers have done.</summary>
    private long LeastClock
    {
        get
        {
            var least = long.MaxValue;
            foreach (var link in _links) least = Math.Min(least, link.Clock);
            return least;
        }
    }

    public IReadOnlyList<Gradient> Combine(IReadOnlyList<Gradient> gradients, WorkerShare share) => gradients;

    public IReadOnlyList<Value> Sum(IReadOnlyList<Value> scalars) => scalars;

    public RunPosition Begin(RemoteModel model, RunPosition position)
    {
        var (servers, begin) = group.Begin(rank, model, position);
        _begin = begin.Step;
        _model = model;
        var plan = protocol.Plan(model.Optimizer, workers);
        if (!HasTables && model.Classes.Count > 0)
            throw new DunlinException($"The scores of the classes of {model.Learned[model.Classes.First()].Variable.Name} are to be computed on servers, but with {protocol.GetType().Name} workers compute with weights of their own: take a protocol without those, or compute the scores on the workers.");
        _rule = plan.Rule;
        _links = [.. servers.Select(s => new ServerLink(s, model, plan))];
        foreach (var link in _links) link.Ask();
        foreach (var link in _links) link.Receive();
        _whole?.Join(_links);
        // Worker 0 may come back in the middle of the run, from a checkpoint of it.
        return rank == 0 && position.Step > begin.Step ? position : begin;
    }

    public void Fetch(ReadOnlySpan<RowRequest> requests)
    {
        foreach (var link in _links) link.AskRows(requests);
        foreach (var link in _links) link.ReceiveRows(requests);
    }

    public void Losses(Variable weights, Tensor features, Tensor labels, Tensor losses, Tensor normalizers)
    {
        var table = TableOf(weights, features);
        ReadOnlySpan<long> right = labels.Span<long>();
        var classes = weights.TensorType.Shape[0];
        for (var n = 0; n < right.Length; n++)
            if (right[n] < 0 || right[n] >= classes) throw new DunlinException($"The right class of example {n} is {right[n]}, and the classes of {weights.Name} are 0 to {classes - 1}.");
        foreach (var link in _links) link.AskClasses(ClassQuestion.Sums, table, [features, labels]);
        SoftmaxParts.Combine([.. _links.SelectMany(l => l.ReceiveClasses()).Select(a => a.Answer)], losses.Span<float>(), normalizers.Span<float>());
    }

    public void Gradients(Variable weights, Tensor features, Tensor labels, Tensor normalizers, Tensor lossGradients, Tensor featureGradients)
    {
        var table = TableOf(weights, features);
        // As with the step's other gradients.
        var step = LeastClock;
        foreach (var link in _links) link.AskClasses(ClassQuestion.Gradients, table, [features, labels, normalizers, lossGradients], isNext: link.Clock == step);
        SoftmaxParts.Sum([.. _links.SelectMany(l => l.ReceiveClasses()).Select(a => a.Answer)], featureGradients.Span<float>());
    }

    public void Scores(Variable weights, Tensor features, Tensor scores)
    {
        var table = TableOf(weights, features);
        foreach (var link in _links) link.AskClasses(ClassQuestion.Scores, table, [features]);
        foreach (var (slice, answer) in _links.SelectMany(l => l.ReceiveClasses())) SoftmaxParts.PutColumns(answer, slice.FirstRow, scores);
    }

    public void Step(ReadOnlySpan<Tensor> gradients, ReadOnlySpan<Tensor?> rows, long examples)
    {
        group.Computed();
        if (_whole is not null)
        {
            _whole.Take(gradients, rows, examples);
            return;
        }
        // A server may have had this step of the worker's last life, when it died before the others had it; it does not get it again.
        var step = LeastClock;
        foreach (var link in _links)
            if (link.Clock == step) link.Take(gradients, rows, examples);
        _rule.Stepped(_links);
    }

    public void Collect()
    {
        if (_whole is null) Meet();
        foreach (var link in _links) link.Collect();
    }

    public void Continue()
    {
        foreach (var link in _links) link.Continue();
    }

    public void Stop() => group.Stop();

    public void End()
    {
        if (_whole is not null) _whole.End();
        else Meet();
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

    /// <inheritdoc/>
    public void Dispose()
    {
        Leave();
        foreach (var link in _links) link.Dispose();
    }

    /// <summary>The number of weights of classes among those learned.</summary>
    private int TableOf(Variable weights, Tensor features)
    {
        foreach (var table in _model.Classes)
        {
            if (_model.Learned[table].Variable != weights) continue;
            return features.Shape[^1] == weights.TensorType.Shape[1] ? table
                : throw new ShapeException($"Scores of the classes of {weights.Name} {weights.TensorType} take features of {weights.TensorType.Shape[1]}, not {features}.");
        }
        throw new DunlinException($"Scores of the classes of {weights.Name} are asked of servers, which were not told so: name it in {nameof(RemoteModel)}.{nameof(RemoteModel.Classes)}.");
    }

    /// <summary>Gives the servers what this worker has kept.</summary>
    private void Meet()
    {
        if (!_hasLeft && _links.Any(l => l.Kept > 0)) _rule.Meet(_links);
    }
}
