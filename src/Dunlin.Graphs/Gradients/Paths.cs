namespace Dunlin.Graphs;

/// <summary>What lies on the differentiable paths from some sources to some results.</summary>
internal sealed class Paths
{
    private readonly HashSet<Value> _values;
    private readonly List<Node> _nodes = [];

    public Paths(IReadOnlyList<Value> sources, IReadOnlyList<Value> results)
    {
        _values = [.. sources];
        foreach (var node in Subgraph.Behind(results, Subgraph.First(sources)))
        {
            if (node.Operation.NoGradientReason is not null || !node.Inputs.Any(i => IsSmooth(i.Type) && _values.Contains(i))) continue;
            _nodes.Add(node);
            foreach (var output in node.Outputs)
                if (IsSmooth(output.Type)) _values.Add(output);
        }
    }

    /// <summary>The nodes that depend on a source, in the graph's order: inputs first.</summary>
    public IReadOnlyList<Node> Nodes => _nodes;

    /// <summary>Whether values of an element type can have gradients.</summary>
    private static bool IsSmooth(DType type) => type.IsFloat() || type == DType.List;

    /// <summary>Whether a value is a source or depends on one.</summary>
    public bool Contains(Value value) => _values.Contains(value);
}
