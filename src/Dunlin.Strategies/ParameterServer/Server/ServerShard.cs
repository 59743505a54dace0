using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Training;

namespace Dunlin.Strategies;

/// <summary>A gradient of one slice: dense, or rows of it with their numbers within the slice, of which −1 names none.</summary>
/// <param name="Values">As the slice, or the rows [n, d…].</param>
/// <param name="Rows">The numbers [n], Int64; null where dense.</param>
internal readonly record struct SliceGradient(Tensor Values, Tensor? Rows = null)
{
    /// <summary>A gradient of a table that changes nothing.</summary>
    public static SliceGradient NoRows(TensorType type) => new(Tensor.Zeros(type.Type, type.Shape.With(0, 1)), Tensor.From([-1L]));
}

/// <summary>
/// A server's part of a model: slices of variables, and the optimiser that changes them, with its state for them. It is the optimiser that a worker alone would run, as a plan over these variables.
/// Not thread-safe: whoever owns it gives it one gradient at a time.
/// </summary>
internal sealed class ServerShard : IDisposable
{
    private readonly Session _session;
    private readonly Variable[] _variables;
    private readonly bool[] _isSparse;
    private readonly Step _apply;
    private readonly Lazy<GradientSum> _sum;
    private readonly Lazy<DelayCompensator> _compensator;
    private readonly Lazy<Step> _moveTowards;
    private readonly Lazy<Step> _lookAhead;
    private readonly Lazy<Tensor[]> _ahead;
    private readonly Lazy<SliceGradient[]> _noGradients;
    private readonly Variable _counter;
    private readonly Tensor[] _feeds;
    private readonly Tensor _factor = Tensor.Zeros(DType.Float32, Shape.Scalar);
    private readonly Dictionary<int, ClassScorer> _scorers = [];
    private Tensor[]? _goals;
    private long _aheadOf = -1;

    /// <summary>Builds the update; the weights are zeros until <see cref="Weights"/> are set.</summary>
    /// <param name="variables">All of the model's, to which slices belong.</param>
    /// <param name="slices">Those that are here.</param>
    /// <param name="sparse">The numbers of the variables whose gradients are rows.</param>
    /// <param name="optimizer">What changes them.</param>
    /// <param name="options">How the plan runs.</param>
    /// <exception cref="DunlinException">The optimiser needs whole tensors, and here are pieces.</exception>
    public ServerShard(IReadOnlyList<ServedVariable> variables, IReadOnlyList<Slice> slices, IReadOnlySet<int> sparse, Optimizer optimizer, SessionOptions options)
    {
        Slices = slices;
        CheckLinks(variables, slices, optimizer);
        var graph = new Graph();
        _counter = graph.Variable("server/step", DType.Int64, Shape.Scalar, Initializers.Zeros, trainable: false);
        var factor = graph.Placeholder("server/factor", DType.Float32, Shape.Scalar);
        _variables = [.. slices.Select(s => graph.AddVariable(NameOf(variables, s), s.Type.Type, s.Type.Shape, Initializers.Zeros))];
        _isSparse = [.. slices.Select(s => sparse.Contains(s.Variable))];
        List<Value> fed = [factor];
        var parameters = new List<Parameter>();
        for (var i = 0; i < slices.Count; i++)
        {
            var (type, shape) = slices[i].Type;
            var values = graph.Placeholder($"server/gradient{i}", type, _isSparse[i] ? shape.With(0, Shape.Unknown) : shape);
            fed.Add(values);
            if (!_isSparse[i])
            {
                parameters.Add(new(_variables[i], values));
                continue;
            }
            var rows = graph.Placeholder($"server/rows{i}", DType.Int64, [Shape.Unknown]);
            fed.Add(rows);
            parameters.Add(new(_variables[i], Gradient.Sparse(rows, values, _variables[i])));
        }
        IReadOnlyList<Value> updates = [.. optimizer.ScaledBy(factor).Build(graph, _counter.Value, parameters), _counter.Assign(_counter.Value + 1)];
        _session = new Session(graph, options);
        _apply = _session.Compile(fed, [], updates);
        _sum = new(() => new(slices, sparse, options));
        _compensator = new(() => new(slices, sparse, Compensation!, options));
        _moveTowards = new(() =>
        {
            Value[] goals = [.. slices.Select((s, i) => graph.Placeholder($"server/goal{i}", s.Type.Type, s.Type.Shape))];
            return _session.Compile([factor, .. goals], [], [.. _variables.Zip(goals, (v, goal) => v.Assign(v.Value + factor.Cast(v.TensorType.Type) * (goal - v.Value)))]);
        });
        _lookAhead = new(() => _session.Compile(fed, [.. _variables.Where((_, i) => !_isSparse[i]).Select(v => updates.FirstOrDefault(u => u.Node.Operation is Assign assign && assign.Variable == v)?.Node.Inputs[0] ?? v.Value)], []));
        // Rows of tables stay where they are without a gradient.
        _ahead = new(() => [.. slices.Select((s, i) => _isSparse[i] ? Weights![i] : Tensor.Zeros(s.Type.Type, s.Type.Shape))]);
        _noGradients = new(() => [.. slices.Select((s, i) => _isSparse[i] ? SliceGradient.NoRows(s.Type) : new(Tensor.Zeros(s.Type.Type, s.Type.Shape)))]);
        _feeds = new Tensor[fed.Count];
        Weights = [.. _variables.Select(_session.Storage)];
    }

    /// <summary>What is here.</summary>
    public IReadOnlyList<Slice> Slices { get; }

    /// <summary>The slices' elements: the shard's own memory.</summary>
    public IReadOnlyList<Tensor> Weights { get; }

    /// <summary>Whether workers are given the weights as the optimiser would next make them without a new gradient.</summary>
    public bool LooksAhead { get; init; }

    /// <summary>How gradients are corrected that are late; null where they are not.</summary>
    public DelayCompensation? Compensation { get; init; }

    /// <summary>
    /// What workers are given: the weights, or where they would be after an update by a zero gradient. With momentum v that is w − η μ v, near where the server will be when a gradient comes back (Chan and Lane's gradient
    /// projection; Nesterov's look-ahead).
    /// </summary>
    public IReadOnlyList<Tensor> Given
    {
        get
        {
            if (!LooksAhead) return Weights;
            if (_aheadOf != Version)
            {
                Feed(_noGradients.Value, 1);
                _lookAhead.Value.Run(_feeds, [.. _ahead.Value.Where((_, i) => !_isSparse[i])]);
                _aheadOf = Version;
            }
            return _ahead.Value;
        }
    }

    /// <summary>Updates done; the optimiser's schedules go by it.</summary>
    public long Version
    {
        get => _session.Storage(_counter).Item<long>();
        set => _session.Storage(_counter).Span<long>()[0] = value;
    }

    /// <summary>
    /// The optimiser's state: under its name in a session that has the whole model, the elements that are here, and which slice they go with; null for what the optimiser keeps once for all. To be used when there are
    /// weights: some of it starts as they are.
    /// </summary>
    public IEnumerable<(string Name, Slice? Slice, Tensor Elements)> State
    {
        get
        {
            foreach (var variable in _session.Graph.Variables.Where(v => !v.IsTrainable && !v.Name.StartsWith("server/", StringComparison.Ordinal)))
            {
                var of = Array.FindIndex(_variables, v => variable.Name.EndsWith($"/{v.Name}", StringComparison.Ordinal) && variable.TensorType.Shape == v.TensorType.Shape);
                yield return (of < 0 || Slices[of].IsWhole ? variable.Name : variable.Name[..variable.Name.LastIndexOf('[')], of < 0 ? null : Slices[of], _session.Storage(variable));
            }
        }
    }

    /// <summary>Copies all that is here to where it is to lie.</summary>
    /// <param name="weights">The places of the slices.</param>
    /// <param name="state">The places of the state.</param>
    public void CopyTo(IReadOnlyList<Tensor> weights, StatePlaces state)
    {
        for (var i = 0; i < weights.Count; i++) Weights[i].CopyTo(weights[i]);
        foreach (var (name, slice, elements) in State)
            if (state(name, slice, elements.TensorType) is { } place) elements.CopyTo(place);
    }

    /// <summary>Updates the slices.</summary>
    /// <param name="gradients">One for each slice.</param>
    /// <param name="factor">By which the update is multiplied (<see cref="Optimizer.ScaledBy"/>).</param>
    public void Apply(ReadOnlySpan<SliceGradient> gradients, double factor = 1)
    {
        Feed(gradients, factor);
        _apply.Run(_feeds, []);
    }

    /// <summary>Updates the slices by gradients of weights that were given before, corrected by how far the weights have moved since.</summary>
    public void ApplyCorrected(IReadOnlyList<SliceGradient> gradients, IReadOnlyList<Tensor> given, double factor) => Apply(_compensator.Value.Correct(gradients, Weights, given), factor);

    /// <summary>Answers a question about classes.</summary>
    /// <returns>The gradient of their weights, where that is asked for; else null.</returns>
    public Tensor? Answer(ClassQuery query)
    {
        if (!_scorers.TryGetValue(query.Slice, out var scorer)) _scorers[query.Slice] = scorer = new(Slices[query.Slice].Type, _session.Options);
        return scorer.Answer(query, Given[query.Slice]);
    }

    /// <summary>Moves the weights a part of the way to others: w + rate (goal − w).</summary>
    public void MoveTowards(ReadOnlySpan<SliceGradient> goals, double rate)
    {
        if (goals.Length == 0) return;
        _factor.Span<float>()[0] = (float)rate;
        _goals ??= new Tensor[goals.Length + 1];
        _goals[0] = _factor;
        for (var i = 0; i < goals.Length; i++) _goals[i + 1] = goals[i].Values;
        _moveTowards.Value.Run(_goals, []);
    }

    /// <summary>Updates the slices once, by the mean of several gradients over all of their examples.</summary>
    public void ApplyMean(List<ServerCall> calls)
    {
        if (calls.Count == 1)
        {
            Apply(calls[0].Gradients);
            return;
        }
        var examples = 0.0;
        foreach (var call in calls) examples += call.Examples;
        foreach (var call in calls) AddToSum(call.Gradients, call.Examples / examples);
        ApplySum();
    }

    /// <summary>Adds gradients, times a number, to those that the next <see cref="ApplySum"/> applies. They may be changed afterwards.</summary>
    public void AddToSum(ReadOnlySpan<SliceGradient> gradients, double factor) => _sum.Value.Add(gradients, factor);

    /// <summary>Updates the slices once, by the sum of what was added.</summary>
    public void ApplySum() => Apply(_sum.Value.Take());

    /// <inheritdoc/>
    public void Dispose()
    {
        _session.Dispose();
        if (_sum.IsValueCreated) _sum.Value.Dispose();
        if (_compensator.IsValueCreated) _compensator.Value.Dispose();
        foreach (var scorer in _scorers.Values) scorer.Dispose();
    }

    private static string NameOf(IReadOnlyList<ServedVariable> variables, Slice slice) =>
        slice.IsWhole ? variables[slice.Variable].Name : $"{variables[slice.Variable].Name}[{slice.FirstRow}:{slice.FirstRow + slice.Type.Shape[0]}]";

    /// <summary>A link that needs more than is here would compute something else in silence.</summary>
    private static void CheckLinks(IReadOnlyList<ServedVariable> variables, IReadOnlyList<Slice> slices, Optimizer optimizer)
    {
        if ((slices.Count < variables.Count || slices.Any(s => !s.IsWhole)) && optimizer.Links.FirstOrDefault(l => l.Lengths == LengthsUsed.OfAll) is { } joint)
            throw new DunlinException($"The optimiser's link {joint.GetType().Name} needs the length of all gradients together, which lie on several servers: take one server, or a limit for each gradient ({nameof(ClipByNorm)}).");
        if (slices.FirstOrDefault(s => !s.IsWhole) is { } part && optimizer.Links.FirstOrDefault(l => !l.TakesPieces || l.Lengths != LengthsUsed.None) is { } link)
            throw new DunlinException($"The optimiser's link {link.GetType().Name} needs whole tensors, but {variables[part.Variable].Name} is larger than a server's share and lies on several. "
                + $"Leave the link out, take fewer servers, or override {nameof(GradientTransform.TakesPieces)} of a link of your own that works element by element.");
    }

    private void Feed(ReadOnlySpan<SliceGradient> gradients, double factor)
    {
        _factor.Span<float>()[0] = (float)factor;
        var next = 0;
        _feeds[next++] = _factor;
        for (var i = 0; i < _isSparse.Length; i++)
        {
            _feeds[next++] = gradients[i].Values;
            if (_isSparse[i]) _feeds[next++] = gradients[i].Rows!;
        }
    }
}
