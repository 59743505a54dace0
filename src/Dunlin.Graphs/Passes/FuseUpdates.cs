using Dunlin.Graphs.Ops;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Passes;

/// <summary>
/// Lets element-wise operations on a large product of few terms take it block by block from the cache: an update of a linear layer's weights then neither writes the
/// gradient to memory nor reads it back.
/// </summary>
internal sealed class FuseUpdates : IPlanPass
{
    /// <summary>With more terms than this the product itself takes the time, which the kernel set's own does faster.</summary>
    private const int MostTerms = 256;

    /// <summary>Smaller results stay in the cache anyway.</summary>
    private const long LeastBytes = 512 << 10;

    public string Name => "fuse-updates";

    public void Run(PlanGraph graph)
    {
        Dictionary<PlanValue, int>? readers = null;
        foreach (var node in graph.Nodes.ToList())
        {
            if (node.After.Count > 0 || AsFused(node) is not { } then) continue;
            for (var place = 0; place < node.Inputs.Count; place++)
            {
                if (node.Inputs[place].Producer is not { Operation: MatMul product } producer || !Takes(producer)) continue;
                readers ??= graph.Nodes.SelectMany(n => n.Inputs).Concat(graph.Fetches).CountBy(v => v).ToDictionary();
                if (readers[node.Inputs[place]] > 1 || node.Inputs.Any(i => i.Type.Shape.ElementCount != 1 && i.Type.Shape != node.Inputs[place].Type.Shape)) continue;
                PlanValue[] inputs = [.. producer.Inputs, .. node.Inputs.Where((_, i) => i != place)];
                var fused = new PlanNode(new ProductThenElementwise(product, then, place), node.Name, inputs, node.Outputs.Select(o => o.Type), node.Order);
                graph.Nodes.Remove(producer);
                graph.Nodes[graph.Nodes.IndexOf(node)] = fused;
                graph.Bypass(producer, fused);
                graph.Bypass(node, fused);
                for (var o = 0; o < node.Outputs.Count; o++) graph.Replace(node.Outputs[o], fused.Outputs[o]);
                break;
            }
        }
    }

    private static FusedElementwise? AsFused(PlanNode node) => node.Operation switch
    {
        FusedElementwise fused => fused,
        Elementwise single => FusedElementwise.Single(single, node.InputTypes, node.Outputs[0].Type),
        _ => null,
    };

    /// <summary>Whether a node is a product that element-wise operations had better take from the cache.</summary>
    public static bool Takes(PlanNode node)
    {
        if (node is not { Operation: MatMul product, After.Count: 0 }) return false;
        var spec = product.Spec(node.InputTypes, bias: false, Activation.None);
        return spec.K is > 0 and <= MostTerms && node.Outputs[0].Type.Shape == Shape.Of(spec.M, spec.N) && node.Outputs[0].Type.Bytes >= LeastBytes && ProductBlocks.Of(spec) is not null;
    }
}
