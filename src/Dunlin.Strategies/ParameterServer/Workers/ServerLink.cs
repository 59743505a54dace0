using Dunlin.Tensors;
using Dunlin.Training;

namespace Dunlin.Strategies;

/// <summary>One server, and this worker's call to it.</summary>
internal sealed class ServerLink
{
    private readonly IServerChannel _server;
    private readonly RemoteModel _model;
    private readonly ServerCall _call;
    private readonly SliceGradient[] _gradients;
    private readonly Tensor[] _weights;

    public ServerLink(IServerChannel server, RemoteModel model)
    {
        (_server, _model, _call) = (server, model, server.NewCall());
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
        (_call.Gradients, _call.Number, _call.Examples) = (_gradients, _call.Number + 1, examples);
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
    public void Collect() => _server.Collect((weights, state) =>
    {
        for (var i = 0; i < _weights.Length; i++) Rows.CopyOut(weights[i], _server.Slices[i], WholeOf(_server.Slices[i]));
        foreach (var (name, slice, elements) in state) Rows.CopyOut(elements, slice, _model.Session.Storage(_model.Session.Graph.FindVariable(name)!));
    });

    private Tensor WholeOf(Slice slice) => _model.Session.Storage(_model.Learned[slice.Variable].Variable);

    private static Tensor CutOut(Tensor whole, Slice slice, Tensor? room)
    {
        room ??= Tensor.Uninitialized(slice.Type.Type, slice.Type.Shape);
        Rows.CopyIn(whole, slice, room);
        return room;
    }
}
