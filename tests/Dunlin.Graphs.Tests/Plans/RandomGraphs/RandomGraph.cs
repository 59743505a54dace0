using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Graphs.Tests.Plans.RandomGraphs;

/// <summary>A graph made from a seed, with feeds, fetches and targets. Every value is computed while the graph grows, so that none is large or not finite.</summary>
internal sealed class RandomGraph
{
    private const double Largest = 30;

    /// <summary>The two batch sizes that a graph is made to run with.</summary>
    public static readonly int[] Batches = [5, 7];

    /// <summary>With jumps or poles, next to which a rounding error grows without bound; or without a derivative by some operand.</summary>
    private static readonly HashSet<string> Jumping =
    [
        "Floor", "Ceiling", "Round", "Truncate", "Sign", "Modulo", "Fmod", "IeeeRemainder", "Frac", "LogGamma", "Digamma", "LogBeta", "Zeta", "Igamma", "Igammac", "IgammaByA",
    ];
    private static readonly Unary[] Unaries = [.. Unary.All.Where(u => u.NoGradientReason is null && !Jumping.Contains(u.Name))];
    private static readonly Binary[] Binaries = [.. Binary.All.Where(b => b.NoGradientReason is null && !Jumping.Contains(b.Name))];

    private readonly Random _random;
    private readonly DType _type;
    private readonly Interpreter[] _interpreters = [new(), new()];
    private readonly List<Value> _pool = [];
    private readonly List<Value> _assigned = [];
    private readonly HashSet<Variable> _open = [];
    private int _evaluated;

    public RandomGraph(int seed, DType type)
    {
        (_random, _type) = (new Random(seed), type);
        foreach (var shape in new Shape[] { [Shape.Unknown, 6], [Shape.Unknown, 3, 6, 6], [4, 6], [6] }) Feeds.Add(Graph.Placeholder($"x{Feeds.Count}", type, shape));
        for (var i = 0; i < 2; i++)
            foreach (var (feed, sample) in Feeds.Zip(Fed(Batches[i], i))) _interpreters[i].Feed(feed, sample);
        _pool.AddRange(Feeds);
        foreach (var shape in new Shape[] { [4, 6], [4, 6], [6], [6], [], [24] }) AddVariable(shape);
        var nodes = _random.Next(5, 60);
        for (var tries = 0; tries < 300 && _pool.Count < nodes + 10; tries++) Grow();
        if (_random.Next(2) == 0) Descend();
        while (_open.Count > 0 && _random.Next(4) > 0) Assign();
        for (var i = _random.Next(1, 6); i > 0; i--) Fetches.Add(Any());
        if (_random.Next(2) == 0) Fetches.Add(Fetches[0]);
        if (_random.Next(2) == 0) Fetches.Add(Pick(Graph.Variables.ToList()).Value);
        Targets.AddRange(_assigned.Where(_ => _random.Next(5) > 0));
    }

    public Graph Graph { get; } = new();

    public List<Value> Feeds { get; } = [];

    public List<Value> Fetches { get; } = [];

    public List<Value> Targets { get; } = [];

    public Tensor[] Fed(int batch, int round) => [.. Feeds.Select((f, i) => Signed(f.Shape.Rank > 0 && f.Shape[0] == Shape.Unknown ? f.Shape.With(0, batch) : f.Shape, 17 * round + i))];

    public Tensor First(Variable variable) => Signed(variable.TensorType.Shape, 1000 + Graph.Variables.ToList().IndexOf(variable));

    private Tensor Signed(Shape shape, int seed)
    {
        var random = new Random(seed);
        var numbers = new double[shape.ElementCount];
        foreach (ref var number in numbers.AsSpan()) number = (0.1 + 0.9 * random.NextDouble()) * (random.Next(2) * 2 - 1);
        return _type == DType.Float64 ? Tensor.From(numbers, shape) : Tensor.From([.. numbers.Select(n => (float)n)], shape);
    }

    private T Pick<T>(IReadOnlyList<T> list) => list[_random.Next(list.Count)];

    /// <summary>A value, more often a late one.</summary>
    private Value Any() => _random.Next(3) == 0 ? Pick(_pool) : _pool[Math.Max(_pool.Count - 1 - _random.Next(8), 0)];

    private Value Any(Func<Shape, bool> fits) => Pick(_pool.Where(v => fits(v.Shape)).DefaultIfEmpty(_pool[2]).ToList());

    private Variable AddVariable(Shape shape)
    {
        var variable = Graph.Variable($"v{Graph.Variables.Count}", _type, shape, new Zeros());
        foreach (var interpreter in _interpreters) interpreter.Variables[variable] = First(variable);
        _open.Add(variable);
        _pool.Add(variable.Value);
        return variable;
    }

    private Value Parameter(params int[] shape) => _random.Next(3) == 0
        ? Graph.Constant(Signed(Shape.Create(shape), _random.Next(100)))
        : AddVariable(Shape.Create(shape)).Value;

    private void Grow()
    {
        try { Keep(Next()); }
        catch (Exception e) when (e is ShapeException or InvalidValueException) { } // Operands that do not fit: another will.
    }

    private void Keep(IReadOnlyList<Value> made)
    {
        for (; _evaluated < Graph.Nodes.Count; _evaluated++)
            foreach (var interpreter in _interpreters)
            {
                if (!Graph.Nodes[_evaluated].Inputs.All(interpreter.Knows)) continue;
                try { interpreter.Evaluate(Graph.Nodes[_evaluated]); }
                catch (DunlinException) { } // Row numbers beyond a short table: the value stays unknown and unused.
            }
        _pool.AddRange(made.Where(m => m.Type == _type && IsTame(m)));
    }

    private bool IsTame(Value value) => _interpreters.All(i => i.Knows(value) && i[value] is { ElementCount: > 0 and < 4000 } tensor && Elements(tensor).All(e => Math.Abs(e) <= Largest));

    public static IEnumerable<double> Elements(Tensor tensor) => tensor.Type == DType.Float64 ? tensor.ToArray<double>() : tensor.ToArray<float>().Select(f => (double)f);

    private IReadOnlyList<Value> Next()
    {
        var x = Any();
        switch (_random.Next(24))
        {
            case 0 or 1: return [Graph.Add(Pick(Unaries), [x])];
            case 2 or 3 or 4: return [Graph.Add(Pick(Binaries), [x, Any()])];
            case 5: return [_random.Next(5) switch { 0 => x * 1, 1 => x + 0, 2 => 0.5 * x, 3 => 1 - x, _ => x + x }];
            case 6: return [Operations.Select(x > Any(), x, Any())];
            case 7: return [x.Graph.Add(new Reduce(Pick(new[] { Reducer.Sum, Reducer.Mean, Reducer.Max }), _random.Next(2) == 0 ? null : new Axes(_random.Next(Math.Max(1, x.Shape.Rank))), _random.Next(2) == 0), [x])];
            case 8: return [x.Reshape(Pick(new Shape[] { [24], [4, 6], [6, 4], [-1], [-1, 6], [1, -1] }))];
            case 9: return [_random.Next(4) switch { 0 => x.Identity(), 1 => x.StopGradient(), 2 => x.ExpandDims(0), _ => x.ReshapeLike(Any()) }];
            case 10: return [_random.Next(3) switch { 0 => x.StridedSlice(1..3), 1 => x.StridedSlice(.., 1..^1), _ => x.Reverse(0) }];
            case 11: return [Operations.Concat([x, Any(), x], _random.Next(Math.Max(1, x.Shape.Rank)))];
            case 12: return x.Split(2, x.Shape.Rank - 1);
            case 13: return [x.Transpose([.. Enumerable.Range(0, x.Shape.Rank).OrderBy(_ => _random.Next())])];
            case 14 or 15: return [Product()];
            case 16 or 17: return [Convolution()];
            case 18: return [Pooled()];
            case 19: return [x.Gather(Graph.Constant(Tensor.From([1, 0, 1, 3])))];
            case 20: return [Operations.ScatterAdd(x, Graph.Constant(Tensor.From([1, 0, 1, 3])), x.Gather(Graph.Constant(Tensor.From([0, 1, 2, 1]))))];
            case 21: return [x.Softmax()];
            case 22: return [Graph.Add(Pick(Unaries), [Any(s => s.Rank == 4)])];
            default: Assign(); return [];
        }
    }

    private Value Product()
    {
        var x = Any(s => s.Rank == 2 && s[1] > 0);
        var width = Pick([5, 6, 16]);
        var y = x.MatMul(Parameter(x.Shape[1], width));
        if (_random.Next(3) > 0) y += _random.Next(2) == 0 ? Parameter(width) : Parameter(1, width);
        return _random.Next(2) == 0 ? y.Relu() : y;
    }

    private Value Convolution()
    {
        var x = Any(s => s.Rank == 4 && s[1] > 0);
        if (x.Shape.Rank != 4) x = Feeds[1];
        var channels = Pick([3, 8, 16]);
        var y = x.Conv(Parameter(channels, x.Shape[1], 3, 3), Sliding.Uniform(2, padding: 1)) * (_random.Next(2) == 0 ? 1 : 0.2);
        if (_random.Next(3) > 0) y += Parameter(channels, 1, 1);
        return _random.Next(2) == 0 ? y.Relu() : y;
    }

    private Value Pooled()
    {
        var x = Any(s => s.Rank == 4);
        if (x.Shape.Rank != 4) x = Feeds[1];
        return _random.Next(2) == 0 ? x.MaxPool([2, 2], Sliding.Uniform(2, stride: 2)) : x.AveragePool([2, 2], Sliding.Uniform(2));
    }

    private void Assign()
    {
        if (_open.Count == 0) return;
        var variable = Pick(_open.ToList());
        var candidates = _pool.Where(v => v.TensorType == variable.TensorType).ToList();
        var value = Pick(candidates);
        if (_random.Next(3) == 0) value = variable.Value * 0.9 + value * 0.1;
        else if (_random.Next(6) == 0) value = Graph.Constant(Signed(variable.TensorType.Shape, 5));
        Assign(variable, value);
    }

    private void Assign(Variable variable, Value value)
    {
        using var after = _random.Next(3) == 0 ? Graph.RunAfter(Any()) : null;
        _open.Remove(variable);
        var assigned = variable.Assign(value);
        _assigned.Add(assigned);
        Keep([assigned]);
    }

    private void Descend()
    {
        var loss = Any().Mean() + Any().Sin().Sum() + Any().Mean();
        var variables = _open.ToList();
        var gradients = Gradients.Of(loss, variables);
        Value?[] dense = [.. gradients.Select(g => g?.Dense())];
        Keep([]);
        for (var i = 0; i < variables.Count; i++)
            if (dense[i] is { } gradient && IsTame(gradient))
            {
                _pool.Add(gradient);
                if (_random.Next(4) > 0) Assign(variables[i], variables[i].Value - gradient * 0.01);
            }
    }

    private sealed record Zeros : Initializer
    {
        public override void Fill(Tensor target, ulong seed, ulong stream) => target.RawBytes.Clear();
    }
}
