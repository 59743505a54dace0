namespace Dunlin.Graphs;

/// <summary>What lies on the differentiable paths from some sources to some results.</summary>
internal sealed class Paths
{
    private readonly HashSet<Value> _values;
    private readonly List<Node> _nodes = [];

    public Paths(IReadOnlyList<Value> sources, IReadOnlyList<Value> results)
    {
        _values = [.. sources];
        foreach (var node in Ancestors(sources, results))
        {
            if (node.Operation.NoGradientReason is not null || !node.Inputs.Any(i => i.Type.IsFloat() && _values.Contains(i))) continue;
            _nodes.Add(node);
            foreach (var output in node.Outputs)
                if (output.Type.IsFloat()) _values.Add(output);
        }
    }

    /// <summary>The nodes that depend on a source, in the graph's order: inputs first.</summary>
    public IReadOnlyList<Node> Nodes => _nodes;

    /// <summary>Whether a value is a source or depends on one.</summary>
    public bool Contains(Value value) => _values.Contains(value);

    /// <summary>What the results are computed from, as far back as the first source: nodes before that can't depend on any.</summary>
    private static IEnumerable<Node> Ancestors(IReadOnlyList<Value> sources, IReadOnlyList<Value> results)
    {
        var first = sources.Select(s => s.Node.Index).DefaultIfEmpty(int.MaxValue).Min();
        var seen = new HashSet<Node>();
        var open = new Stack<Node>();
        foreach (var result in results) Visit(result.Node);
        while (open.TryPop(out var next))
            foreach (var input in next.Inputs) Visit(input.Node);
        return seen.OrderBy(n => n.Index);

        void Visit(Node node)
        {
            if (node.Index >= first && seen.Add(node)) open.Push(node);
        }
    }
}
