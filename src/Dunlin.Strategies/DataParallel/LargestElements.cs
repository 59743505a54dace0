using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Training;

namespace Dunlin.Strategies;

/// <summary>Sums over workers of which only the largest elements travel, while the rest waits for the next step.</summary>
internal static class LargestElements
{
    /// <summary>
    /// Of each gradient g and what is kept, r, the largest elements of g + r by magnitude are sent and the others become the new r: what is sent and what is kept add up to g + r exactly.
    /// </summary>
    /// <param name="gradients">Of Float32 and known shapes.</param>
    /// <param name="ratio">The part that is sent.</param>
    /// <param name="axis">The mesh axis.</param>
    /// <param name="ranks">The number of workers.</param>
    /// <param name="updates">Takes the new r.</param>
    /// <returns>The sums of what all workers send, in their order.</returns>
    public static IReadOnlyList<Value> Sum(IReadOnlyList<Value> gradients, double ratio, string axis, int ranks, List<(Variable, Value)> updates)
    {
        var graph = gradients[0].Graph;
        int[] lengths = [.. gradients.Select(g => checked((int)g.Shape.ElementCount))];
        int[] begins = [.. lengths.Select((_, i) => lengths[..i].Sum())];
        var (places, elements) = (new List<Value>(), new List<Value>());
        for (var i = 0; i < lengths.Length; i++)
        {
            if (lengths[i] == 0) continue;
            var kept = OwnState.Add(graph, $"residual/{updates.Count}", gradients[i].TensorType);
            var sum = (kept.Value + gradients[i]).Reshape([lengths[i]]);
            var (_, at) = sum.Abs().TopK(Math.Clamp((int)Math.Ceiling(ratio * lengths[i]), 1, lengths[i]));
            var largest = sum.Gather(at);
            updates.Add((kept, Operations.PutRows(sum, at, largest.ZerosLike()).Reshape(gradients[i].Shape)));
            places.Add(at + begins[i]);
            elements.Add(largest);
        }
        if (places.Count == 0) return gradients;
        // One message: the places, then the elements by their bits.
        var message = Operations.Concat([Operations.Concat(places, 0).Cast(DType.Int32), Operations.Concat(elements, 0).Bitcast(DType.Int32)], 0);
        var count = message.Shape[0] / 2;
        var all = message.AllGather(axis, ranks).Reshape([ranks, 2, count]);
        Value Part(int part, DType type) => all.StridedSlice(.., part..(part + 1)).Reshape([ranks * count]).Bitcast(type);
        var whole = Operations.ScatterAdd(graph.Constant(Tensor.Zeros(DType.Float32, [lengths.Sum()])), Part(0, DType.Int32), Part(1, DType.Float32));
        return [.. gradients.Select((g, i) => whole.StridedSlice(begins[i]..(begins[i] + lengths[i])).Reshape(g.Shape))];
    }
}
