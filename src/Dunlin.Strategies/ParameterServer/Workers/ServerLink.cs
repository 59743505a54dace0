using Dunlin.Graphs;
using Dunlin.Tensors;
using Dunlin.Training;

namespace Dunlin.Strategies;

/// <summary>How a worker makes its steps between meetings with servers.</summary>
/// <param name="Rule">When it meets them.</param>
/// <param name="Sums">Whether it may give the gradients of several steps as one.</param>
/// <param name="OwnSteps">What changes its own weights in between; null where they stay as they were given.</param>
internal sealed record WorkerPlan(WorkerRule Rule, bool Sums, Optimizer? OwnSteps);

/// <summary>One server, and this worker's call to it.</summary>
internal sealed class ServerLink : IDisposable
{
    private readonly IServerChannel _server;
    private readonly RemoteModel _model;
    private readonly ServerCall _call;
    private readonly SliceGradient[] _gradients;
    private readonly Tensor?[] _weights;
    private readonly RowFetch _fetch;
    private readonly GradientSum? _sum;
    private readonly SliceGradient[] _summed;
    private readonly SliceGradient[] _pushed;
    private readonly int[] _given;
    private readonly ClassLink _classes;
    private readonly OwnSteps? _own;
    private readonly Lazy<SliceGradient[]> _nothing;
    private SliceGradient[]? _ownWeights;
    private SliceGradient[]? _givenWeights;
    private long _examples;
    private bool _isCalling;

    public ServerLink(IServerChannel server, RemoteModel model, WorkerPlan plan)
    {
        (_server, _model, _call) = (server, model, server.NewCall());
        var slices = server.Slices;
        _gradients = new SliceGradient[slices.Count];
        (_fetch, _classes) = (new(server), new(server));
        // The gradients of classes are computed, and summed, where those are.
        _given = [.. Enumerable.Range(0, slices.Count).Where(i => !model.Classes.Contains(slices[i].Variable))];
        (_summed, _pushed) = (new SliceGradient[_given.Length], new SliceGradient[slices.Count]);
        // Of a variable that is here as a whole, the copy's own memory; of a table that stays at the servers there is none.
        _weights = [.. slices.Select(s => model.Tables.Contains(s.Variable) || model.Classes.Contains(s.Variable) ? null : s.IsWhole ? WholeOf(s) : Tensor.Uninitialized(s.Type.Type, s.Type.Shape))];
        var sparse = ServedVariable.SparseOf(model);
        _nothing = new(() => [.. slices.Select(s => sparse.Contains(s.Variable) ? SliceGradient.NoRows(s.Type) : new(Tensor.Zeros(s.Type.Type, s.Type.Shape)))]);
        if (slices.Count == 0) return;
        var options = new SessionOptions { Kernels = model.Session.Options.Kernels, Threads = 1, Seed = model.Session.Options.Seed };
        if (plan.Sums && _given.Length > 0) _sum = new([.. _given.Select(i => slices[i])], sparse, options);
        if (plan.OwnSteps is { } optimizer) _own = new(ServedVariable.Of(model), slices, sparse, optimizer, options);
    }

    /// <summary>The steps that the server has counted of this worker, or wants it to go on from, since the run began; and those that the worker has kept to itself.</summary>
    public long Clock => _call.Clock + Kept;

    /// <summary>The evaluation that the weights are for which the server gave last, where it has vectors.</summary>
    public long Evaluation => _call.Clock;

    /// <summary>Whether the server has said that all are to stop.</summary>
    public bool IsStopping => _call.IsStopping;

    /// <summary>Steps since it gave the server what it had.</summary>
    public long Kept { get; private set; }

    /// <summary>‖θ − θ′‖² over the server's slices: how far the worker's weights are from those that it was given.</summary>
    public double SquaredDistance => _own?.SquaredDistance ?? 0;

    /// <summary>Asks about those classes of a variable that are there.</summary>
    /// <param name="question">What is asked.</param>
    /// <param name="table">The number of the variable.</param>
    /// <param name="tensors">The features [N, D], the labels [N], of all classes, the normalisers [N] and the gradients of the losses [N], as far as the question has them.</param>
    /// <param name="isNext">Whether this server is to have the gradient of the step that is being done.</param>
    public void AskClasses(ClassQuestion question, int table, ReadOnlySpan<Tensor> tensors, bool isNext = false) => _classes.Ask(question, table, tensors, _call.Number + 1, isNext ? Kept + 1 : 0);

    /// <summary>Waits for the answers, one for each of the server's slices.</summary>
    public IEnumerable<(Slice Slice, Tensor Answer)> ReceiveClasses() => _classes.Receive();

    /// <summary>Asks for the server's part of rows that a step is to read.</summary>
    public void AskRows(ReadOnlySpan<RowRequest> requests) => _fetch.Ask(requests);

    /// <summary>Waits for them, and puts them among the others.</summary>
    public void ReceiveRows(ReadOnlySpan<RowRequest> requests) => _fetch.Receive(requests);

    /// <summary>Takes the server's part of a step's gradients, and moves the worker's own weights by it if it has some.</summary>
    /// <param name="gradients">Of all that is learned.</param>
    /// <param name="rows">Their rows' numbers.</param>
    /// <param name="examples">How many they are the mean over.</param>
    /// <param name="factor">What they count in the sum of several steps.</param>
    public void Take(ReadOnlySpan<Tensor> gradients, ReadOnlySpan<Tensor?> rows, long examples, double factor = 1)
    {
        Kept++;
        _examples += examples;
        if (_gradients.Length == 0) return;
        for (var i = 0; i < _gradients.Length; i++)
        {
            var slice = _server.Slices[i];
            if (_model.Classes.Contains(slice.Variable)) _gradients[i] = default;
            else _gradients[i] = rows[slice.Variable] is { } numbers ? SparseSlice.Of(gradients[slice.Variable], numbers, slice)
                : new(slice.IsWhole ? gradients[slice.Variable] : CutOut(gradients[slice.Variable], slice, _gradients[i].Values));
        }
        // The gradient of no examples is none.
        if (examples == 0) return;
        if (_sum is not null)
        {
            for (var i = 0; i < _given.Length; i++) _summed[i] = _gradients[_given[i]];
            _sum.Add(_summed, factor);
        }
        if (_own is null) return;
        _own.Apply(_gradients);
        Show(_own.Weights);
    }

    /// <summary>Asks for the weights.</summary>
    public void Ask()
    {
        Clear();
        (_call.Gradients, _call.Weights, _call.PrecedesStep, _isCalling) = (null, _weights, _model.Tables.Count == 0, true);
        _server.Send(_call);
    }

    /// <summary>Gives the server what it has not been given, and asks for the weights.</summary>
    /// <param name="fetch">Whether weights are wanted.</param>
    public void Push(bool fetch = true)
    {
        if (Kept == 0)
        {
            if (fetch) Ask();
            return;
        }
        Prepare(_sum is { Count: > 0 } ? TakeSum(_sum) : _gradients, fetch);
        _server.Send(_call);
    }

    /// <summary>Gives the server the sum of the gradients over a piece of the data.</summary>
    /// <param name="evaluation">Of which it is a part.</param>
    /// <param name="piece">Which piece.</param>
    /// <param name="measures">What was measured.</param>
    public void PushPiece(long evaluation, int piece, Tensor measures)
    {
        // Where there is no loss there is no gradient either, and what stands for it does not count.
        var isSum = Kept > 0 && _sum is { Count: > 0 } && !double.IsNaN(measures.Span<double>()[0]);
        Prepare(_sum is { Count: > 0 } ? TakeSum(_sum) : _nothing.Value, fetch: false);
        (_call.Clock, _call.Piece, _call.Measures, _call.Steps) = (evaluation, piece, measures, Math.Max(1, _call.Steps));
        if (!isSum) _call.Examples = 0;
        // A piece is to be asked for first, and there may be none.
        _call.PrecedesStep = false;
        _server.Send(_call);
    }

    /// <summary>Asks for a piece of the data.</summary>
    /// <returns>Its number, and the evaluation that it is of; or what stands for none (<see cref="SandblasterDiscipline"/>).</returns>
    public (int Piece, long Evaluation) NextPiece()
    {
        Clear();
        _call.WantsPiece = true;
        _server.Send(_call);
        _server.Await(_call);
        return (_call.Piece, _call.Clock);
    }

    /// <summary>Has the server run a program.</summary>
    /// <param name="program">What it is to do.</param>
    /// <param name="results">Where the numbers go that it gives, when they are waited for (<see cref="Receive"/>).</param>
    public void Run(Tensor program, Tensor results)
    {
        Clear();
        (_call.Program, _call.Results, _call.Number, _isCalling) = (program, results, _call.Number + 1, true);
        _server.Send(_call);
    }

    /// <summary>Does that if the server is free.</summary>
    public void TryPush()
    {
        if (_server.TryReserve()) Push();
    }

    /// <summary>Gives the server the worker's weights.</summary>
    public void PushWeights()
    {
        Prepare(_ownWeights ??= [.. (_own?.Weights ?? []).Select(w => new SliceGradient(w))], fetch: true);
        _server.Send(_call);
    }

    /// <summary>Waits for what was asked for, and goes on with it.</summary>
    public void Receive()
    {
        if (!Await()) return;
        _own?.Begin(_weights!);
        Show(_weights);
    }

    /// <summary>Waits for the server's weights w after they have moved towards the worker's x by a part of the difference d that there was, and moves the worker's by as much: with d = (x − w) / (1 − rate).</summary>
    public void ReceiveElastic(double rate)
    {
        if (!Await() || _own is null) return;
        _own.MoveTowards(_givenWeights ??= [.. _weights.Select(w => new SliceGradient(w!))], rate / (1 - rate));
        Show(_own.Weights);
    }

    /// <summary>Brings weights and state, with no update between them, to where they are measured and saved.</summary>
    public void Collect() => _server.Collect([.. _server.Slices.Select(s => Rows.Of(WholeOf(s), s))],
        (name, slice, type) => _model.Session.Graph.FindVariable(name) is { } room ? Rows.Of(_model.Session.Storage(room), slice, type) : null);

    /// <summary>Goes on with the worker's own weights after others were measured.</summary>
    public void Continue()
    {
        if (_own is not null) Show(_own.Weights);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _sum?.Dispose();
        _own?.Dispose();
    }

    /// <summary>Makes the call one that asks for nothing.</summary>
    private void Clear() => (_call.Gradients, _call.Weights, _call.Measures, _call.Program, _call.Results, _call.WantsPiece, _call.PrecedesStep) = (null, null, null, null, null, false, false);

    private void Prepare(SliceGradient[] brought, bool fetch)
    {
        Clear();
        (_call.Gradients, _call.Weights, _call.Number, _call.Steps, _call.Examples) = (brought, fetch ? _weights : null, _call.Number + 1, Kept, _examples);
        (Kept, _examples, _isCalling, _call.PrecedesStep) = (0, 0, true, _model.Tables.Count == 0);
    }

    /// <summary>The sums of what is given, each in its slice's place.</summary>
    private SliceGradient[] TakeSum(GradientSum sum)
    {
        var taken = sum.Take();
        for (var i = 0; i < _given.Length; i++) _pushed[_given[i]] = taken[i];
        return _pushed;
    }

    private bool Await()
    {
        if (!_isCalling) return false;
        _isCalling = false;
        _server.Await(_call);
        return _call.Weights is not null;
    }

    /// <summary>Puts weights where the worker's steps read them.</summary>
    private void Show(IReadOnlyList<Tensor?> weights)
    {
        for (var i = 0; i < weights.Count; i++)
        {
            if (weights[i] is not { } elements) continue;
            var (slice, whole) = (_server.Slices[i], WholeOf(_server.Slices[i]));
            if (!ReferenceEquals(elements, whole)) Rows.CopyOut(elements, slice, whole);
        }
    }

    private Tensor WholeOf(Slice slice) => _model.Session.Storage(_model.Learned[slice.Variable].Variable);

    private static Tensor CutOut(Tensor whole, Slice slice, Tensor? room)
    {
        room ??= Tensor.Uninitialized(slice.Type.Type, slice.Type.Shape);
        Rows.CopyIn(whole, slice, room);
        return room;
    }
}
