using Dunlin.Graphs.Ops;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Passes;

/// <summary>
/// Backwards through maximum pooling of rectified values, rectifies the gradient before the pooling's and not after it: an element takes part of the gradient of a window
/// only where it is that window's maximum, so it is above 0 exactly where the maximum is. That reads and writes fewer elements, and the rectified values
/// need not be kept for the backward pass.
/// </summary>
internal sealed class RectifyPooled : IPlanPass
{
    public string Name => "rectify-pooled";

    public void Run(PlanGraph graph)
    {
        Dictionary<PlanValue, int>? readers = null;
        foreach (var node in graph.Nodes.ToList())
        {
            if (node.Operation is not Binary operation || operation != Binary.RectifierGradient || node.After.Count > 0) continue;
            if (node.Inputs is not [var x, { Producer: { Operation: PoolBackward { Kind: PoolKind.Max }, After.Count: 0 } pooling } dx]
                || pooling.Inputs[1].Producer is not { Operation: Pool { Kind: PoolKind.Max } } forward || forward.Inputs[0] != x) continue;
            readers ??= graph.Nodes.SelectMany(n => n.Inputs).Concat(graph.Fetches).CountBy(v => v).ToDictionary();
            if (readers[dx] > 1) continue;
            var dy = pooling.Inputs[0];
            var rectified = new PlanNode(operation, node.Name, [forward.Outputs[0], dy], [dy.Type], node.Order);
            var moved = new PlanNode(pooling.Operation, pooling.Name, [rectified.Outputs[0], .. pooling.Inputs.Skip(1)], [dx.Type], node.Order);
            graph.Nodes.Remove(pooling);
            var place = graph.Nodes.IndexOf(node);
            graph.Nodes[place] = moved;
            graph.Nodes.Insert(place, rectified);
            graph.Bypass(pooling, moved);
            graph.Bypass(node, moved);
            graph.Replace(node.Outputs[0], moved.Outputs[0]);
        }
    }
}
