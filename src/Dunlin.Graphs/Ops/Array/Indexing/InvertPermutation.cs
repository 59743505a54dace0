using System.Runtime.InteropServices;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>The permutation that undoes another: y[x[i]] = i, of x[n] (Int32 or Int64) with each of 0 to n − 1 once. Anything else is an error when it runs.</summary>
public sealed record InvertPermutation : Operation
{
    /// <inheritdoc/>
    public override string? NoGradientReason => "Its input is made of integers.";

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        return inputs[0].Type is DType.Int32 or DType.Int64 && inputs[0].Shape.Rank == 1 ? [inputs[0]] : throw Mismatch(inputs, "takes Int32 or Int64 of one dimension.");
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching)
    {
        // One permutation of all examples' elements, in which each example's stay among themselves.
        if (batching.Length < 0 || node.Inputs[0].Shape[0] is var length && length < 0) return null;
        var numbers = inputs[0].Value;
        var all = node.Graph.Add(this, [batching.Offset(numbers, length).Reshape([-1])]);
        return [batching.Apart(all, 0, node.Outputs[0].Shape) - batching.Offset(numbers.ZerosLike(), Math.Max(1, length))];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => new InvertKernel(context.Inputs[0]);

    private sealed unsafe class InvertKernel(TensorType type) : Kernel
    {
        private readonly RowNumbers _numbers = new("InvertPermutation", "number", type, type.Shape[0]);

        public override void Run(nint* buffers, ThreadTeam threads)
        {
            var wide = type.Type == DType.Int64;
            // All bits set: a place that no number has been to.
            NativeMemory.Fill((void*)buffers[1], (nuint)type.Bytes, 0xFF);
            for (var i = 0L; i < _numbers.Count; i++)
            {
                var at = _numbers.At(buffers[0], i);
                var earlier = wide ? ((long*)buffers[1])[at] : ((int*)buffers[1])[at];
                if (earlier >= 0) throw new DunlinException($"InvertPermutation: {at} stands at position {earlier} and again at position {i}; a permutation has every number once.");
                if (wide) ((long*)buffers[1])[at] = i;
                else ((int*)buffers[1])[at] = (int)i;
            }
        }
    }
}

/// <summary>Permutations.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.InvertPermutation"/>
    public static Value InvertPermutation(this Value x) => x.Graph.Add(new InvertPermutation(), [x]);
}
