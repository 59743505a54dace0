using Dunlin.Graphs.Ops;
using Dunlin.Graphs.Plans;

namespace Dunlin.Graphs.Passes;

/// <summary>
/// Drops what nobody reads: operands of which only the shape matters need no elements, and loops carry no states and stack no values
/// that nothing depends on.
/// </summary>
internal sealed class TrimOperands : IPlanPass
{
    public string Name => "trim-operands";

    public void Run(PlanGraph graph)
    {
        graph.Sort();
        var used = graph.Fetches.ToHashSet();
        var awaited = graph.Nodes.SelectMany(n => n.After).ToHashSet();
        // What nobody reads goes: it may read what a loop no longer gives.
        var unused = new HashSet<PlanNode>();
        foreach (var node in graph.Nodes.AsEnumerable().Reverse().ToList())
        {
            if (!node.Operation.IsStateful && !awaited.Contains(node) && !node.Outputs.Any(used.Contains))
            {
                unused.Add(node);
                continue;
            }
            var trimmed = node.Operation is Loop ? Trim(graph, node, used) : node;
            for (var i = 0; i < trimmed.Inputs.Count; i++)
                if (trimmed.Operation.ReadsElements(i)) used.Add(trimmed.Inputs[i]);
                else if (trimmed.Inputs[i].Producer is not null) trimmed.Inputs[i] = PlanValue.OfShape(trimmed.Inputs[i]);
        }
        graph.Nodes.RemoveAll(unused.Contains);
    }

    private static PlanNode Trim(PlanGraph graph, PlanNode node, HashSet<PlanValue> used)
    {
        var (loop, inputs, outputs) = LoopTrim.Of((Loop)node.Operation, [.. node.Outputs.Select(used.Contains)]);
        if (inputs.Count == node.Inputs.Count && outputs.Count == node.Outputs.Count) return node;
        PlanValue[] kept = [.. inputs.Select(i => node.Inputs[i])];
        var trimmed = new PlanNode(loop, node.Name, kept, loop.Infer([.. kept.Select(k => k.Type)]), node.Order);
        trimmed.After.UnionWith(node.After);
        graph.Nodes[graph.Nodes.IndexOf(node)] = trimmed;
        graph.Bypass(node, trimmed);
        for (var o = 0; o < outputs.Count; o++) graph.Replace(node.Outputs[outputs[o]], trimmed.Outputs[o]);
        return trimmed;
    }
}
