using Dunlin.Graphs.Ops;

namespace Dunlin.Graphs;

/// <summary>
/// Forward mode from a gradient rule: the gradient Jᵀu is linear in u, and the gradient of ⟨Jᵀu, t⟩ with respect to u is Jt, whatever u is
/// (Townsend, "A new trick for calculating Jacobian vector products", 2017). Plans drop the nodes that only served to get there.
/// </summary>
internal static class DoubleTranspose
{
    /// <inheritdoc cref="Operation.PushForward"/>
    public static IReadOnlyList<Value?> PushForward(Node node, IReadOnlyList<Value?> inputTangents)
    {
        if (node.Operation.NoGradientReason is not null || inputTangents.All(t => t is null)) return new Value?[node.Outputs.Count];
        // Only shape and type of u matter: a view of the output costs nothing.
        Value?[] us = [.. node.Outputs.Select(o => o.Type.IsFloat() ? o.Identity() : null)];
        var vjps = node.Operation.Differentiate(node, us);
        var (ys, dys) = (new List<Value>(), new List<Value>());
        for (var i = 0; i < vjps.Count; i++)
        {
            if (vjps[i] is not { } vjp || inputTangents[i] is not { } tangent) continue;
            ys.Add(vjp.Values);
            dys.Add(vjp.Indices is { } rows ? tangent.Gather(rows) : tangent);
        }
        Value[] sources = [.. us.OfType<Value>()];
        RefuseBlocked(node, sources, ys);
        var transposed = Gradients.Of(ys, dys, sources);
        return [.. us.Select(u => u is null ? null : transposed[Array.IndexOf(sources, u)]?.Dense())];
    }

    /// <summary>Throws if a gradient depends on u through an operation without a gradient: the result would silently be zero.</summary>
    private static void RefuseBlocked(Node node, Value[] us, List<Value> vjps)
    {
        if (us.Length == 0) return;
        var (smooth, blocked) = (us.ToHashSet(), new Dictionary<Value, Node>());
        for (var n = us[0].Node.Index; n < node.Graph.Nodes.Count; n++)
        {
            var next = node.Graph.Nodes[n];
            var operands = next.Inputs.Where((v, i) => v.Type.IsFloat() && next.Operation.ReadsElements(i)).ToList();
            var culprit = operands.Select(v => blocked.GetValueOrDefault(v)).FirstOrDefault(b => b is not null)
                ?? (next.Operation.NoGradientReason is not null && operands.Any(smooth.Contains) ? next : null);
            foreach (var output in next.Outputs)
                if (!output.Type.IsFloat()) continue;
                else if (culprit is not null) blocked[output] = culprit;
                else if (operands.Any(smooth.Contains)) smooth.Add(output);
        }
        foreach (var vjp in vjps)
            if (blocked.TryGetValue(vjp, out var by))
                throw new DunlinException($"{node.Operation.Name} (node {node.Name}) can't be differentiated forwards: its gradient is computed by {by.Operation.Name}, "
                    + $"which has no gradient ({by.Operation.NoGradientReason}). Override PushForward.");
    }
}
