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
internal sealed class ServedWorker(int rank, int workers, LocalServers group) : IWorker, IRemoteUpdate
{
    private RemoteModel _model = null!;
    private Link[] _links = [];
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
        _model = model;
        var (servers, begin) = group.Begin(rank, model, position);
        _begin = begin.Step;
        _links = [.. servers.Select(s => new Link(s, rank, model))];
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

    /// <summary>One server, and this worker's call to it.</summary>
    private sealed class Link
    {
        private readonly LocalServer _server;
        private readonly RemoteModel _model;
        private readonly ServerCall _call;
        private readonly SliceGradient[] _gradients;
        private readonly Tensor[] _weights;
        private long _pushed;

        public Link(LocalServer server, int worker, RemoteModel model)
        {
            (_server, _model, _call) = (server, model, server.NewCall(worker));
            _gradients = new SliceGradient[server.Slices.Count];
            // Of a variable that is here as a whole, the copy's own memory.
            _call.Weights = _weights = [.. server.Slices.Select(s => s.IsWhole ? WholeOf(s) : Tensor.Uninitialized(s.Type.Type, s.Type.Shape))];
        }

        /// <summary>The step that the server wants of this worker, counted from where the run began.</summary>
        public long Clock => _call.Clock;

        /// <summary>Asks for the weights.</summary>
        public void Ask()
        {
            _call.Gradients = null;
            _server.Send(_call);
        }

        /// <summary>Gives the server its part of the gradients, and asks for the weights.</summary>
        public void Push(ReadOnlySpan<Tensor> gradients, ReadOnlySpan<Tensor?> rows, long examples)
        {
            for (var i = 0; i < _gradients.Length; i++)
            {
                var slice = _server.Slices[i];
                _gradients[i] = rows[slice.Variable] is { } numbers ? SparseSlice.Of(gradients[slice.Variable], numbers, slice)
                    : new(slice.IsWhole ? gradients[slice.Variable] : CutOut(gradients[slice.Variable], slice, _gradients[i].Values));
            }
            (_call.Gradients, _call.Number, _call.Examples) = (_gradients, ++_pushed, examples);
            _server.Send(_call);
        }

        /// <summary>Waits for the weights, and puts them where the worker's steps read them.</summary>
        public void Receive()
        {
            _server.Await(_call);
            for (var i = 0; i < _weights.Length; i++)
                if (_server.Slices[i] is { IsWhole: false } slice) Rows.CopyOut(_weights[i], slice, WholeOf(slice));
        }

        /// <summary>Copies weights and state, with no update between them.</summary>
        public void Collect() => _server.With(node =>
        {
            for (var i = 0; i < _weights.Length; i++) Rows.CopyOut(node.Shard.Weights[i], _server.Slices[i], WholeOf(_server.Slices[i]));
            foreach (var (name, slice, elements) in node.Shard.State) Rows.CopyOut(elements, slice, _model.Session.Storage(_model.Session.Graph.FindVariable(name)!));
        });

        private Tensor WholeOf(Slice slice) => _model.Session.Storage(_model.Learned[slice.Variable].Variable);

        private static Tensor CutOut(Tensor whole, Slice slice, Tensor? room)
        {
            room ??= Tensor.Uninitialized(slice.Type.Type, slice.Type.Shape);
            Rows.CopyIn(whole, slice, room);
            return room;
        }
    }
}
