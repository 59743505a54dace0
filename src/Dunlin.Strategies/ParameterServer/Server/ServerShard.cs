using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Training;

namespace Dunlin.Strategies;

/// <summary>A gradient of one slice: dense, or rows of it with their numbers within the slice, of which −1 names none.</summary>
/// <param name="Values">As the slice, or the rows [n, d…].</param>
/// <param name="Rows">The numbers [n], Int64; null where dense.</param>
internal readonly record struct SliceGradient(Tensor Values, Tensor? Rows = null);

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
    private readonly Step _beginSum;
    private readonly Step _addToSum;
    private readonly Variable[] _sums;
    private readonly List<SliceGradient>[] _rows;
    private readonly Variable _counter;
    private readonly Tensor[] _feeds;
    private readonly Tensor _factor = Tensor.Zeros(DType.Float32, Shape.Scalar);
    private bool _hasSum;

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
        _rows = [.. slices.Select(_ => new List<SliceGradient>())];
        // Of rows there are no sums: those of all gradients stand one behind the other.
        _sums = [.. _variables.Where((_, i) => !_isSparse[i]).Select(v => graph.AddVariable($"server/sum/{v.Name}", v.TensorType.Type, v.TensorType.Shape, Initializers.Zeros, trainable: false))];
        Value[] terms = [.. parameters.Select((p, i) => p.Gradient.Cast(slices[i].Type.Type) * factor.Cast(slices[i].Type.Type))];
        Value[] rowTerms = [.. terms.Where((_, i) => _isSparse[i])], sumTerms = [.. terms.Where((_, i) => !_isSparse[i])];
        _beginSum = _session.Compile(fed, rowTerms, [.. _sums.Zip(sumTerms, (sum, term) => sum.Assign(term))]);
        _addToSum = _session.Compile(fed, rowTerms, [.. _sums.Zip(sumTerms, (sum, term) => sum.Assign(sum + term))]);
        _feeds = new Tensor[fed.Count];
        Weights = [.. _variables.Select(_session.Storage)];
    }

    /// <summary>What is here.</summary>
    public IReadOnlyList<Slice> Slices { get; }

    /// <summary>The slices' elements: the shard's own memory.</summary>
    public IReadOnlyList<Tensor> Weights { get; }

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

    /// <summary>Updates the slices.</summary>
    /// <param name="gradients">One for each slice.</param>
    /// <param name="factor">By which the update is multiplied (<see cref="Optimizer.ScaledBy"/>).</param>
    public void Apply(ReadOnlySpan<SliceGradient> gradients, double factor = 1)
    {
        Feed(gradients, factor);
        _apply.Run(_feeds, []);
    }

    /// <summary>Updates the slices once, by the mean of several gradients over all of their examples.</summary>
    public void ApplyMean(IReadOnlyList<ServerCall> calls)
    {
        if (calls.Count == 1)
        {
            Apply(calls[0].Gradients);
            return;
        }
        var examples = (double)calls.Sum(c => c.Examples);
        foreach (var call in calls) AddToSum(call.Gradients, call.Examples / examples);
        ApplySum();
    }

    /// <summary>Adds gradients, times a number, to those that the next <see cref="ApplySum"/> applies. They may be changed afterwards.</summary>
    public void AddToSum(ReadOnlySpan<SliceGradient> gradients, double factor)
    {
        Feed(gradients, factor);
        var rows = new List<Tensor>();
        for (var i = 0; i < _isSparse.Length; i++)
        {
            if (!_isSparse[i]) continue;
            rows.Add(Tensor.Uninitialized(gradients[i].Values.Type, gradients[i].Values.Shape));
            _rows[i].Add(new(rows[^1], gradients[i].Rows!.Clone()));
        }
        (_hasSum ? _addToSum : _beginSum).Run(_feeds, [.. rows]);
        _hasSum = true;
    }

    /// <summary>Updates the slices once, by the sum of what was added.</summary>
    public void ApplySum()
    {
        var sum = new SliceGradient[_isSparse.Length];
        for (var (i, dense) = (0, 0); i < sum.Length; i++)
        {
            sum[i] = _isSparse[i] ? new(Joined([.. _rows[i].Select(r => r.Values)]), Joined([.. _rows[i].Select(r => r.Rows!)])) : new(_session.Storage(_sums[dense++]));
            _rows[i].Clear();
        }
        _hasSum = false;
        Apply(sum);
    }

    /// <inheritdoc/>
    public void Dispose() => _session.Dispose();

    private static string NameOf(IReadOnlyList<ServedVariable> variables, Slice slice) =>
        slice.IsWhole ? variables[slice.Variable].Name : $"{variables[slice.Variable].Name}[{slice.FirstRow}:{slice.FirstRow + slice.Type.Shape[0]}]";

    /// <summary>A link that needs more than is here would compute something else in silence.</summary>
    private static void CheckLinks(IReadOnlyList<ServedVariable> variables, IReadOnlyList<Slice> slices, Optimizer optimizer)
    {
        if (slices.FirstOrDefault(s => !s.IsWhole) is { } part && optimizer.Links.FirstOrDefault(l => !l.TakesPieces || l.Lengths != LengthsUsed.None) is { } link)
            throw new DunlinException($"The optimiser's link {link.GetType().Name} needs whole tensors, but {variables[part.Variable].Name} is larger than a server's share and lies on several. "
                + $"Leave the link out, take fewer servers, or override {nameof(GradientTransform.TakesPieces)} of a link of your own that works element by element.");
        if (slices.Count < variables.Count && optimizer.Links.FirstOrDefault(l => l.Lengths == LengthsUsed.OfAll) is { } joint)
            throw new DunlinException($"The optimiser's link {joint.GetType().Name} needs the length of all gradients together, which lie on several servers: take one server, or a limit for each gradient ({nameof(ClipByNorm)}).");
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

    /// <summary>Tensors one behind the other, along their first dimension.</summary>
    private static unsafe Tensor Joined(IReadOnlyList<Tensor> parts)
    {
        var whole = Tensor.Uninitialized(parts[0].Type, parts[0].Shape.With(0, parts.Sum(p => p.Shape[0])));
        var at = (byte*)whole.Address;
        foreach (var part in parts)
        {
            Buffer.MemoryCopy((void*)part.Address, at, part.Bytes, part.Bytes);
            at += part.Bytes;
            GC.KeepAlive(part);
        }
        return whole;
    }
}
