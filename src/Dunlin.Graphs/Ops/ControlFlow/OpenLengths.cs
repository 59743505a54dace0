namespace Dunlin.Graphs.Ops;

/// <summary>
/// Types within a body for parameters of which lengths are not known yet: each such length is given a number of its own, and two get the same
/// number only where an operation takes nothing else. So lengths that agree are those that always will, and one that depends on elements is
/// seen though all are called unknown.
/// </summary>
/// <param name="body">The body.</param>
internal sealed class OpenLengths(Body body)
{
    // Many divisors, and no two numbers alike in anything else: an operation that divides a length in parts is not in the way.
    private const int Divisors = 60;

    private readonly Dictionary<(Value Value, int Dimension), int> _numbers = [];
    private readonly Dictionary<int, int> _same = [];
    private int _prime = 7;

    /// <summary>Whether a condition holds for a node and its inputs' types; what could not be inferred has its declared types.</summary>
    public bool Any(Func<Node, IReadOnlyList<TensorType>, bool> condition)
    {
        // Each time round two lengths become one.
        while (true)
            if (Walk(condition) is { } holds) return holds;
    }

    private bool? Walk(Func<Node, IReadOnlyList<TensorType>, bool> condition)
    {
        var types = new Dictionary<Value, TensorType>();
        foreach (var parameter in body.Parameters) types[parameter] = Numbered(parameter, parameter.TensorType);
        foreach (var node in body.Graph.Nodes.Where(n => n.Operation is not Placeholder))
        {
            TensorType[] inputs = [.. node.Inputs.Select(i => types.GetValueOrDefault(i, i.TensorType))];
            if (TryInfer(node, inputs) is not { } outputs)
            {
                if (Unite(node, inputs)) return null;
                outputs = [.. node.Outputs.Select(o => o.TensorType)];
            }
            if (condition(node, inputs)) return true;
            for (var o = 0; o < outputs.Length; o++) types[node.Outputs[o]] = Numbered(node.Outputs[o], outputs[o]);
        }
        return false;
    }

    /// <summary>Finds two lengths that have to be one.</summary>
    private bool Unite(Node node, TensorType[] inputs)
    {
        int[] lengths = [.. inputs.SelectMany(i => i.Shape.Dimensions.ToArray()).Where(d => d >= Divisors * 11).Distinct()];
        foreach (var a in lengths)
            foreach (var b in lengths.TakeWhile(l => l != a))
                if (TryInfer(node, [.. inputs.Select(i => With(i, (d, _) => d == a ? b : d))]) is not null)
                {
                    _same[a] = b;
                    return true;
                }
        return false;
    }

    private TensorType Numbered(Value value, TensorType type) => With(type, (length, dimension) => length == Shape.Unknown ? Number(value, dimension) : length);

    private int Number(Value value, int dimension)
    {
        if (!_numbers.TryGetValue((value, dimension), out var number))
        {
            do _prime += 2; while (Enumerable.Range(2, (int)Math.Sqrt(_prime) - 1).Any(d => _prime % d == 0));
            _numbers[(value, dimension)] = number = Divisors * _prime;
        }
        while (_same.TryGetValue(number, out var other)) number = other;
        return number;
    }

    private static TensorType With(TensorType type, Func<int, int, int> length) => type with { Shape = Shape.Create([.. type.Shape.Dimensions.ToArray().Select(length)]) };

    private static TensorType[]? TryInfer(Node node, TensorType[] inputs)
    {
        try { return node.Operation is If branches ? branches.InferStrictly(inputs) : node.Operation.Infer(inputs); }
        catch (Exception e) when (e is ShapeException or OverflowException) { return null; }
    }
}
