namespace Dunlin.Graphs;

/// <summary>The part of a graph between some values.</summary>
internal static class Subgraph
{
    /// <summary>What the results are computed from, as far back as a place in the graph, in the graph's order: inputs first.</summary>
    /// <param name="results">The results.</param>
    /// <param name="first">The index of the first node that matters.</param>
    public static IReadOnlyList<Node> Behind(IReadOnlyList<Value> results, int first)
    {
        var seen = new HashSet<Node>();
        var open = new Stack<Node>();
        foreach (var result in results) Visit(result.Node);
        while (open.TryPop(out var next))
            foreach (var input in next.Inputs) Visit(input.Node);
        return [.. seen.OrderBy(n => n.Index)];

        void Visit(Node node)
        {
            if (node.Index >= first && seen.Add(node)) open.Push(node);
        }
    }

    /// <summary>The results as they would be with some values replaced: what depends on those is computed by new nodes, the rest is shared.</summary>
    /// <param name="results">The results.</param>
    /// <param name="replaced">The values to replace.</param>
    /// <param name="by">What stands in their places.</param>
    public static IReadOnlyList<Value> Rebuild(IReadOnlyList<Value> results, IReadOnlyList<Value> replaced, IReadOnlyList<Value> by)
    {
        var now = new Dictionary<Value, Value>();
        for (var i = 0; i < replaced.Count; i++) now[replaced[i]] = by[i];
        foreach (var node in Behind(results, First(replaced)))
        {
            if (!node.Inputs.Any(now.ContainsKey)) continue;
            var copy = node.Graph.AddNode(node.Operation, [.. node.Inputs.Select(i => now.GetValueOrDefault(i, i))]);
            for (var o = 0; o < node.Outputs.Count; o++) now.TryAdd(node.Outputs[o], copy.Outputs[o]);
        }
        return [.. results.Select(r => now.GetValueOrDefault(r, r))];
    }

    /// <summary>The lowest index of the values' nodes.</summary>
    public static int First(IReadOnlyList<Value> values) => values.Select(v => v.Node.Index).DefaultIfEmpty(int.MaxValue).Min();
}
