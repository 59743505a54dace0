using System.Numerics;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// Where values would have to be put among sorted numbers to keep them sorted: Int64 in the shape of the values, 0 to n. Inputs:
/// sorted[n] and values of any shape; or sorted[b…, n] and values[b…, m], row by row. That the numbers are sorted is not checked; NaN
/// counts as larger than all numbers.
/// </summary>
/// <param name="Right">Whether behind equal numbers, and not before them.</param>
public sealed record SearchSorted(bool Right) : Operation
{
    /// <inheritdoc/>
    public override string? NoGradientReason => "A place does not change smoothly.";

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        var (sorted, values) = (inputs[0], inputs[1]);
        if (sorted.Type != values.Type || sorted.Type == DType.Bool) throw Mismatch(inputs, "takes numbers of one type.");
        return sorted.Shape.Rank == 1 || (sorted.Shape.Rank > 1 && sorted.Shape.Rank == values.Shape.Rank && sorted.Shape[..^1].Accepts(values.Shape[..^1]))
            ? [values with { Type = DType.Int64 }]
            : throw Mismatch(inputs, "the sorted numbers are of one dimension, or of as many as the values and of equal lengths but for the last.");
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching)
    {
        var (sorted, values) = (inputs[0], inputs[1]);
        if (node.Inputs[0].Shape.Rank > 1) return [node.Graph.Add(this, batching.Everywhere(inputs))];
        if (!sorted.IsBatched) return [node.Graph.Add(this, [sorted.Value, values.Value])];
        // Each example's own numbers are a row, and so are all its values.
        if (!batching.CanReshape(node.Outputs[0].Shape)) return null;
        var places = node.Graph.Add(this, [sorted.Value, batching.WithShape(batching.Everywhere(values), [node.Outputs[0].Shape.IsKnown ? checked((int)node.Outputs[0].Shape.ElementCount) : Shape.Unknown])]);
        return [batching.WithShape(places, node.Outputs[0].Shape)];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => WidenedKernel.Create(context.Inputs, context.Outputs, (inputs, _) => inputs[0].Type switch
    {
        DType.Float32 => new SearchKernel<float>(inputs, Right),
        DType.Float64 => new SearchKernel<double>(inputs, Right),
        DType.Int32 => new SearchKernel<int>(inputs, Right),
        DType.UInt8 => new SearchKernel<byte>(inputs, Right),
        _ => new SearchKernel<long>(inputs, Right),
    });

    private sealed unsafe class SearchKernel<T>(IReadOnlyList<TensorType> inputs, bool right) : ParallelKernel(inputs[1].Shape.ElementCount * 8) where T : unmanaged, INumber<T>
    {
        private readonly long _count = inputs[1].Shape.ElementCount;
        private readonly int _length = inputs[0].Shape[^1];
        private readonly long _perRow = inputs[0].Shape.Rank == 1 ? Math.Max(1, inputs[1].Shape.ElementCount) : inputs[1].Shape[^1];

        public override void Execute(int worker, int workers)
        {
            var (begin, end) = ThreadTeam.Share(_count, worker, workers);
            for (var i = begin; i < end; i++)
            {
                var sorted = Operand<T>(0) + i / _perRow * _length;
                var value = Operand<T>(1)[i];
                var (low, high) = (0, _length);
                while (low < high)
                {
                    var middle = (low + high) / 2;
                    if (right ? !Less(value, sorted[middle]) : Less(sorted[middle], value)) low = middle + 1;
                    else high = middle;
                }
                Operand<long>(2)[i] = low;
            }
        }

        private static bool Less(T a, T b) => a < b || (T.IsNaN(b) && !T.IsNaN(a));
    }
}

/// <summary>Places among sorted numbers.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.SearchSorted"/>
    /// <param name="sorted">Numbers in rising order.</param>
    /// <param name="values">What to look for.</param>
    /// <param name="right">Whether behind equal numbers, and not before them.</param>
    public static Value SearchSorted(this Value sorted, Value values, bool right = false) => sorted.Graph.Add(new SearchSorted(right), [sorted, values]);

    /// <summary>The number of the bucket of each element: how many of the boundaries, in rising order, it reaches (or, if <paramref name="right"/>, exceeds). Int64.</summary>
    public static Value Bucketize(this Value x, double[] boundaries, bool right = false)
    {
        for (var i = 1; i < boundaries.Length; i++)
            if (boundaries[i] < boundaries[i - 1]) throw new DunlinException($"Bucketize: the boundaries rise, but {boundaries[i]} comes after {boundaries[i - 1]}.");
        return x.Graph.Constant(Tensor.From(boundaries)).Cast(x.Type).SearchSorted(x, right: !right);
    }
}
