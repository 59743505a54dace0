using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// Cells by index tuples: y[n…, d…] = x[indices[n…, 0], …, indices[n…, k − 1], d…], of x of any type and indices[n…, k] (Int32 or
/// Int64), 1 ≤ k ≤ rank of x. An index outside its dimension is an error when it runs.
/// </summary>
/// <remarks>Gradient: <see cref="ScatterNdAdd"/> of dy to zeros.</remarks>
public sealed record GatherNd : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        var (x, indices) = (inputs[0], inputs[1]);
        if (IndexTuples.Problem(indices, x.Shape) is { } problem) throw Mismatch(inputs, problem);
        return [new(x.Type, indices.Shape[..^1].Append(x.Shape.Dimensions[indices.Shape[^1]..]))];
    }

    /// <inheritdoc/>
    public override long? BytesTouched(IReadOnlyList<TensorType> inputs, IReadOnlyList<TensorType> outputs) => 2 * outputs[0].Bytes + inputs[1].Bytes;

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => new GatherKernel(context.Inputs[0], context.Inputs[1]);

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching)
    {
        var (x, indices, tuple) = (inputs[0], inputs[1], node.Inputs[1].Shape);
        if (!x.IsBatched) return [node.Graph.Add(this, [x.Value, indices.Value])];
        if (!indices.IsBatched) return [Batching.First(node.Graph.Add(this, [Batching.Behind(x.Value, tuple[^1]), indices.Value]), tuple.Rank - 1)];
        return batching.Length < 0 || !tuple.IsKnown ? null : [node.Graph.Add(this, [x.Value, batching.Numbered(indices.Value)])];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [Operations.ScatterNdAdd(node.Inputs[0].ZerosLike(), node.Inputs[1], outputGradients[0]!), null];

    private sealed unsafe class GatherKernel(TensorType x, TensorType indices) : ParallelKernel(indices.Shape[..^1].ElementCount * Math.Max(1, x.Shape[indices.Shape[^1]..].ElementCount))
    {
        private readonly IndexTuples _tuples = new("GatherNd", indices, x.Shape);
        private readonly long _bytes = x.Shape[indices.Shape[^1]..].ElementCount * x.Type.Size();

        public override void Execute(int worker, int workers)
        {
            var (begin, end) = ThreadTeam.Share(_tuples.Count, worker, workers);
            for (var i = begin; i < end; i++)
                Buffer.MemoryCopy(Operand<byte>(0) + _tuples.Cell(Buffers[1], i) * _bytes, Operand<byte>(2) + i * _bytes, _bytes, _bytes);
        }
    }
}

/// <summary>Cells by index tuples.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.GatherNd"/>
    public static Value GatherNd(this Value x, Value indices) => x.Graph.Add(new GatherNd(), [x, indices]);
}
