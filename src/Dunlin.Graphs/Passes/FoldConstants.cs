using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Passes;

/// <summary>Computes ahead of time what depends on constants (or on shapes) only.</summary>
internal sealed unsafe class FoldConstants : IPlanPass
{
    /// <summary>Larger results are left to the plan: they would only hold memory.</summary>
    private const long LargestResult = 1 << 20;

    public string Name => "fold-constants";

    public void Run(PlanGraph graph)
    {
        var rewriting = new Rewriting(graph);
        foreach (var node in rewriting.Nodes())
        {
            if (node.Operation.IsStateful || node.Outputs.Any(o => o.Type.Type == DType.List) || node.After.Count > 0 || node.Outputs.Sum(o => o.Type.Bytes) > LargestResult) continue;
            if (!node.Inputs.Select((input, i) => input.Constant is not null || !node.Operation.ReadsElements(i)).All(known => known)) continue;
            var results = Evaluate(node);
            rewriting.Remove(node, null);
            for (var o = 0; o < results.Length; o++)
                rewriting.Replace(node.Outputs[o], new PlanValue(node.Outputs[o].Type, node.Name) { Constant = results[o] });
        }
    }

    private static Tensor[] Evaluate(PlanNode node)
    {
        Tensor[] outputs = [.. node.Outputs.Select(o => Tensor.Uninitialized(o.Type.Type, o.Type.Shape))];
        var context = new PrepareContext(node.InputTypes, [.. node.Outputs.Select(o => o.Type)], [.. node.Inputs.Select(_ => MemoryLayout.Plain)],
            KernelSets.Managed, ThreadTeam.Single, PlanResources.None);
        try
        {
            using var kernel = node.Operation.Prepare(context);
            var scratch = NativeBuffer.Rent(kernel.ScratchBytes);
            nint[] buffers = [.. node.Inputs.Select(i => i.Constant?.Address ?? 0), .. outputs.Select(o => o.Address), scratch.Address];
            fixed (nint* pinned = buffers) kernel.Run(pinned, ThreadTeam.Single);
            GC.KeepAlive(scratch);
        }
        catch (DunlinException e)
        {
            e.At(node.Name);
            throw;
        }
        GC.KeepAlive(node);
        return outputs;
    }
}
