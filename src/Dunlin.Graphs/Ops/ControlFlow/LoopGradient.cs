namespace Dunlin.Graphs.Ops;

/// <summary>
/// Differentiates a loop: a second loop runs over the iterations from last to first, with the gradients of the states as its states. What it needs
/// of the forward iterations, and nothing else, is stacked by a twin of the forward loop; plans run the twins as one.
/// Gradients of captured values are sums over iterations: as states of the second loop or, where the sum is a product's or a
/// reduction's, by one such operation over all iterations.
/// </summary>
internal sealed class LoopGradient
{
    private readonly Loop _loop;
    private readonly Node _node;
    private readonly BodyBuilder _builder;
    private readonly List<Value> _taps = [];
    private readonly List<Func<Node, Value>> _scanned = [];
    private readonly List<Value> _scannedParameters = [];
    private readonly List<Value> _stacked = [];

    public LoopGradient(Loop loop, Node node)
    {
        (_loop, _node) = (loop, node);
        _builder = new(node.Graph, "backward", Bring);
    }

    private bool IsFixed => _loop.Trips == Trips.Length;

    private IReadOnlyList<Value> Parameters => _loop.Body.Parameters;

    private int FirstCapture => _loop.States + _loop.Scanned;

    /// <summary>Adds both loops.</summary>
    /// <param name="dys">The outputs' gradients, null where there are none.</param>
    /// <returns>The inputs' gradients.</returns>
    public IReadOnlyList<Gradient?> Build(IReadOnlyList<Value?> dys)
    {
        int[] smooth = [.. Enumerable.Range(0, Parameters.Count).Where(p => IsSmooth(Parameters[p]))];
        int[] carried = [.. smooth.Where(p => p < _loop.States)];
        int[] captured = [.. smooth.Where(p => p >= FirstCapture)];
        var hoisted = new Dictionary<int, Func<Node, Node, Gradient>>();
        List<Value> results;
        using (_builder.Graph.Build())
        {
            var states = carried.Select(p => _builder.Parameter(Parameters[p].TensorType, Parameters[p].Name + "/gradient")).ToList();
            var sums = captured.Select(p => _builder.Parameter(Parameters[p].TensorType, Parameters[p].Name + "/gradient")).ToList();
            var seeds = carried.Select((p, i) => (Of: _loop.Body.Results[_loop.FirstResult + p], Gradient: states[i])).ToList();
            for (var k = 0; k < _loop.Stacked.Count; k++)
                if (dys[_loop.States + k] is { } dy && IsSmooth(_loop.Stacked[k])) seeds.Add((_loop.Stacked[k], Scan(_loop.Stacked[k], _ => dy)));
            // The length, where nothing else gives it.
            if (IsFixed && _loop.Scanned > 0) Bring(_builder, Parameters[_loop.States]);
            var gradients = Gradients.Of([.. seeds.Select(s => s.Of)], [.. seeds.Select(s => s.Gradient)], [.. smooth.Select(p => Parameters[p])]);
            Gradient? GradientOf(int parameter) => gradients[Array.IndexOf(smooth, parameter)];
            // A state that nothing reads has the gradient zero in its own shape, which need not be the next state's.
            results = [.. carried.Select((p, i) => GradientOf(p)?.Dense() ?? (Parameters[p].Shape.IsKnown ? states[i] : _builder.Graph.Import(Parameters[p])).ZerosLike())];
            for (var c = 0; c < captured.Length; c++)
            {
                var gradient = GradientOf(captured[c]);
                if (gradient is not null && IsFixed && Parameters[captured[c]].Type != DType.List && new LoopSum(Outside, Stack).Hoist(gradient, _node.Inputs[_loop.FirstState + captured[c]]) is { } sum) hoisted[captured[c]] = sum;
                results.Add(gradient is null || hoisted.ContainsKey(captured[c]) ? sums[c] : Gradients.Plus(sums[c], gradient.Dense()));
            }
            var backwardScanned = smooth.Where(p => p >= _loop.States && p < FirstCapture).ToDictionary(p => p, p => GradientOf(p) is { } g ? Stack(g.Dense()) : -1);
            return Finish(dys, carried, captured, results, hoisted, GradientOf, backwardScanned);
        }
    }

    private IReadOnlyList<Gradient?> Finish(IReadOnlyList<Value?> dys, int[] carried, int[] captured, List<Value> results,
        Dictionary<int, Func<Node, Node, Gradient>> hoisted, Func<int, Gradient?> gradientOf, Dictionary<int, int> scanned)
    {
        var body = _builder.Return(results);
        Value[] stacked = [.. _stacked.Select(_builder.Graph.Import)];
        using var outside = _builder.Graph.Outer!.Build();
        // The twin stands where the loop stands: in the body of a forward loop, if this is one within another.
        var twin = _taps.Count == 0 ? _node : _node.Graph.AddHere(_loop with { Stacked = [.. _loop.Stacked, .. _taps] }, _node.Inputs, _node.Name);
        var backward = new Loop(body, results.Count, _scanned.Count, stacked)
        {
            Trips = IsFixed ? Trips.Length : Trips.Count,
            Length = _loop.Length,
            Reverse = !_loop.Reverse,
        };
        var inputs = new List<Value>();
        if (!IsFixed) inputs.Add(_loop.Trips == Trips.Count ? _node.Inputs[0] : twin.Outputs[((Loop)twin.Operation).CountOutput]);
        inputs.AddRange(carried.Select(p => dys[p] ?? _node.Outputs[p].ZerosLike()));
        inputs.AddRange(captured.Select(p => _node.Inputs[_loop.FirstState + p].ZerosLike()));
        inputs.AddRange(_scanned.Select(s => s(twin)));
        inputs.AddRange(_builder.Captures);
        var gradient = _node.Graph.AddNode(backward, inputs, "backward");
        var answer = new Gradient?[_node.Inputs.Count];
        for (var i = 0; i < carried.Length; i++) answer[_loop.FirstState + carried[i]] = Like(gradient.Outputs[i], _node.Inputs[_loop.FirstState + carried[i]]);
        for (var i = 0; i < captured.Length; i++)
            if (gradientOf(captured[i]) is not null)
                answer[_loop.FirstState + captured[i]] = hoisted.TryGetValue(captured[i], out var sum) ? sum(twin, gradient) : gradient.Outputs[carried.Length + i];
        foreach (var (parameter, place) in scanned)
            if (place >= 0) answer[_loop.FirstState + parameter] = gradient.Outputs[results.Count + place];
        return answer;
    }

    /// <summary>A gradient of a state's first elements has their shape, though the state's may change.</summary>
    private static Value Like(Value gradient, Value input) => input.Shape.IsKnown && !gradient.Shape.IsKnown ? gradient.ReshapeLike(input) : gradient;

    private static bool IsSmooth(Value value) => value.Type.IsFloat() || value.Type == DType.List;

    /// <summary>Adds a scanned input to the second loop.</summary>
    private Value Scan(Value like, Func<Node, Value> source)
    {
        var parameter = _builder.Parameter(like.TensorType, like.Name);
        _scanned.Add(source);
        _scannedParameters.Add(parameter);
        return parameter;
    }

    /// <summary>Adds a stacked output to the second loop.</summary>
    /// <returns>Its place among the stacked ones.</returns>
    private int Stack(Value value)
    {
        if (_stacked.IndexOf(value) is var known && known >= 0) return known;
        _stacked.Add(value);
        return _stacked.Count - 1;
    }

    /// <summary>For a value of the second loop's body that is an element of a scanned input, that input (of the second loop's twin and node); else null.</summary>
    private Func<Node, Node, Value>? Outside(Value value) => _scannedParameters.IndexOf(value) is var place && place >= 0
        ? (twin, _) => _scanned[place](twin)
        : null;

    /// <summary>What stands in the second loop's body for a value of the first's.</summary>
    private Value? Bring(BodyBuilder builder, Value value)
    {
        if (value.Graph != _loop.Body.Graph) return null;
        for (var p = 0; p < Parameters.Count; p++)
        {
            if (Parameters[p] != value || p < _loop.States) continue;
            var input = _node.Inputs[_loop.FirstState + p];
            return p < FirstCapture ? Scan(value, _ => input) : builder.Graph.Import(input);
        }
        // What costs nothing to make again is not kept.
        if (value.Node.Operation is Constant or View or FillLike) return builder.Graph.AddHere(value.Node.Operation, value.Node.Inputs).Outputs[value.Output];
        var place = _loop.States + _loop.Stacked.Count + _taps.Count;
        _taps.Add(value);
        return Scan(value, twin => twin.Outputs[place]);
    }
}
