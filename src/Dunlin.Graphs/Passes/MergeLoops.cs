using Dunlin.Graphs.Ops;
using Dunlin.Graphs.Plans;

namespace Dunlin.Graphs.Passes;

/// <summary>Runs loops once that differ only in what they stack: a loop and its twins, which keep what the backward pass reads.</summary>
internal sealed class MergeLoops : IPlanPass
{
    public string Name => "merge-loops";

    public void Run(PlanGraph graph)
    {
        var nodes = graph.Nodes.Where(n => n.Operation is Loop).ToList();
        while (nodes.Count > 1)
        {
            var (first, loop) = (nodes[0], (Loop)nodes[0].Operation);
            var twins = nodes.Where(n => n.Inputs.SequenceEqual(first.Inputs) && (Loop)n.Operation with { Stacked = loop.Stacked } == loop).ToList();
            nodes.RemoveAll(twins.Contains);
            if (twins.Count > 1) Merge(graph, loop, twins);
        }
    }

    private static void Merge(PlanGraph graph, Loop loop, List<PlanNode> twins)
    {
        Value[] stacked = [.. twins.SelectMany(t => ((Loop)t.Operation).Stacked).Distinct()];
        var all = loop with { Stacked = stacked };
        var merged = new PlanNode(all, twins[0].Name, twins[0].Inputs, all.Infer(twins[0].InputTypes), twins[0].Order);
        graph.Nodes[graph.Nodes.IndexOf(twins[0])] = merged;
        foreach (var twin in twins)
        {
            var own = (Loop)twin.Operation;
            merged.After.UnionWith(twin.After);
            graph.Nodes.Remove(twin);
            graph.Bypass(twin, merged);
            for (var o = 0; o < twin.Outputs.Count; o++)
                graph.Replace(twin.Outputs[o], merged.Outputs[o < own.States ? o : o == own.CountOutput ? all.CountOutput : all.States + Array.IndexOf(stacked, own.Stacked[o - own.States])]);
        }
    }
}
