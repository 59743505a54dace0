using Dunlin.Graphs.Plans;

namespace Dunlin.Graphs.Passes;

/// <summary>Computes equal operations on equal operands once (common sub-expressions).</summary>
internal sealed class MergeCommon : IPlanPass
{
    public string Name => "merge-common";

    public void Run(PlanGraph graph)
    {
        var seen = new Dictionary<(Operation, int), List<PlanNode>>();
        var constants = new List<PlanValue>();
        foreach (var node in graph.Nodes.ToList())
        {
            for (var i = 0; i < node.Inputs.Count; i++)
                if (node.Inputs[i].Constant is { Bytes: <= 64 }) node.Inputs[i] = Shared(constants, node.Inputs[i]);
            if (node.Operation.IsStateful || node.After.Count > 0) continue;
            var key = (node.Operation, node.Inputs.Count);
            if (!seen.TryGetValue(key, out var list)) seen[key] = list = [];
            if (list.Find(other => other.Inputs.SequenceEqual(node.Inputs)) is not { } twin)
            {
                list.Add(node);
                continue;
            }
            graph.Nodes.Remove(node);
            graph.Bypass(node, twin);
            for (var o = 0; o < node.Outputs.Count; o++) graph.Replace(node.Outputs[o], twin.Outputs[o]);
        }
    }

    private static PlanValue Shared(List<PlanValue> constants, PlanValue value)
    {
        var equal = constants.Find(c => c.Type == value.Type && c.Constant!.RawBytes.SequenceEqual(value.Constant!.RawBytes));
        if (equal is null) constants.Add(value);
        return equal ?? value;
    }
}
