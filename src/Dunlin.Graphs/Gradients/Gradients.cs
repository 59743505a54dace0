using Dunlin.Graphs.Ops;

namespace Dunlin.Graphs;

/// <summary>
/// Differentiation as a library over graphs: it adds nodes and asks nothing of the runtime. Reverse mode (backpropagation), as in
/// Abadi et al., "TensorFlow" (2016), section 4.1: walk from the result to the sources, sum what the consumers contribute.
/// </summary>
public static class Gradients
{
    /// <summary>The gradients of a scalar with respect to some values.</summary>
    /// <param name="y">What to differentiate: one element.</param>
    /// <param name="xs">With respect to what.</param>
    /// <returns>One for each of <paramref name="xs"/>; null where y does not depend on it.</returns>
    /// <exception cref="ShapeException">y has more than one element.</exception>
    public static IReadOnlyList<Gradient?> Of(Value y, params IReadOnlyList<Value> xs)
    {
        if (!y.Shape.IsKnown || y.Shape.ElementCount != 1) throw new ShapeException($"Gradients.Of differentiates a scalar; {y} is none: reduce it with Mean or Sum.");
        return Of(y, y.OnesLike(), xs);
    }

    /// <summary>The gradients of a scalar with respect to variables, as dense or sparse tensors.</summary>
    /// <inheritdoc cref="Of(Value, IReadOnlyList{Value})"/>
    public static IReadOnlyList<Gradient?> Of(Value y, IEnumerable<Variable> variables) => Of(y, [.. variables.Select(v => v.Value)]);

    /// <summary>The product of a given gradient dy with the Jacobian of y (VJP).</summary>
    /// <param name="y">What to differentiate, of any shape.</param>
    /// <param name="dy">As y.</param>
    /// <param name="xs">With respect to what.</param>
    /// <returns>One for each of <paramref name="xs"/>; null where y does not depend on it.</returns>
    public static IReadOnlyList<Gradient?> Of(Value y, Value dy, IReadOnlyList<Value> xs)
    {
        var relevant = Between(xs, y);
        var sums = new Dictionary<Value, List<Gradient>> { [y] = [dy] };
        if (relevant.Contains(y.Node)) Walk(y, relevant, sums);
        return [.. xs.Select(x => sums.TryGetValue(x, out var parts) && (relevant.Contains(x.Node) || x == y) ? Sum(parts) : null)];
    }

    private static void Walk(Value y, HashSet<Node> relevant, Dictionary<Value, List<Gradient>> sums)
    {
        // Nodes in falling order of index: all consumers of a node come before it.
        foreach (var node in relevant.Where(n => n.Index <= y.Node.Index).OrderByDescending(n => n.Index).ToList())
        {
            if (!node.Outputs.Any(sums.ContainsKey) || node.Inputs.Count == 0) continue;
            using var scope = node.Graph.Scope("gradients/" + node.Name);
            Value?[] outputs = [.. node.Outputs.Select(o => sums.TryGetValue(o, out var parts) ? Settle(sums, o, parts) : null)];
            var inputs = node.Operation.Differentiate(node, outputs);
            for (var i = 0; i < inputs.Count; i++)
            {
                if (inputs[i] is not { } part || !relevant.Contains(node.Inputs[i].Node)) continue;
                if (!sums.TryGetValue(node.Inputs[i], out var list)) sums[node.Inputs[i]] = list = [];
                list.Add(part);
            }
        }
    }

    private static Value Settle(Dictionary<Value, List<Gradient>> sums, Value value, List<Gradient> parts)
    {
        var dense = Sum(parts).Dense();
        sums[value] = [dense];
        return dense;
    }

    private static Gradient Sum(List<Gradient> parts)
    {
        if (parts.Count == 1) return parts[0];
        if (parts.All(p => p.IsSparse))
            return Gradient.Sparse(
                Operations.Concat([.. parts.Select(p => p.Indices!)], 0), Operations.Concat([.. parts.Select(p => p.Values)], 0), parts[0].Like!);
        return parts.Select(p => p.Dense()).Aggregate((a, b) => a + b);
    }

    /// <summary>The nodes on a path from any of the sources to the result.</summary>
    private static HashSet<Node> Between(IReadOnlyList<Value> xs, Value y)
    {
        var sources = xs.Select(x => x.Node).ToHashSet();
        var reach = new Dictionary<Node, bool>();
        foreach (var node in Ancestors(y.Node).OrderBy(n => n.Index))
            reach[node] = sources.Contains(node)
                || (node.Operation.NoGradientReason is null && node.Inputs.Any(i => reach[i.Node] && i.Type.IsFloat()));
        return [.. reach.Where(r => r.Value).Select(r => r.Key)];
    }

    private static HashSet<Node> Ancestors(Node node)
    {
        var seen = new HashSet<Node> { node };
        var open = new Stack<Node>([node]);
        while (open.TryPop(out var next))
            foreach (var input in next.Inputs)
                if (seen.Add(input.Node)) open.Push(input.Node);
        return seen;
    }
}
