using System.Runtime.InteropServices;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// Sums of rows by segment: y[s, d…] = Σ x[i, d…] over all i with segments[i] = s. Inputs: x[n, d…] and segments[n] (Int32 or Int64,
/// in any order). A segment outside 0 to Count − 1 is an error when it runs.
/// </summary>
/// <remarks>Gradient: for each row, dy of its segment.</remarks>
/// <param name="Count">The number of segments.</param>
public sealed record SegmentSum(int Count) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        var (x, segments) = (inputs[0], inputs[1]);
        if (segments.Type is not (DType.Int32 or DType.Int64) || segments.Shape.Rank != 1) throw Mismatch(inputs, "the second input, the segments, is Int32 or Int64 of one dimension.");
        return x.Type.IsFloat() && x.Shape.Rank > 0 && segments.Shape.Accepts(x.Shape[..1]) && Count >= 0
            ? [new(x.Type, x.Shape.With(0, Count))]
            : throw Mismatch(inputs, "takes floating-point x[n, d…], and a segment for each of its rows.");
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => WidenedKernel.Create(context.Inputs, context.Outputs, (inputs, outputs) => inputs[0].Type == DType.Float64
        ? new RowSumKernel<double>("SegmentSum", "segment", outputs[0], inputs[1], fromTable: false)
        : new RowSumKernel<float>("SegmentSum", "segment", outputs[0], inputs[1], fromTable: false));

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching)
    {
        var (x, segments) = (batching.Everywhere(inputs[0]), inputs[1]);
        if (!segments.IsBatched) return [Batching.First(Batching.Behind(x, 1).SegmentSum(segments.Value, Count), 1)];
        if (batching.Length < 0) return null;
        var flat = batching.Merged(new(x, true), 0).SegmentSum(batching.Offset(segments.Value, Count).Reshape([-1]), checked(batching.Length * Count));
        return [batching.Apart(flat, 0, node.Outputs[0].Shape)];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) => [outputGradients[0]!.Gather(node.Inputs[1]), null];
}

/// <summary>How often each of 0 to Count − 1 occurs among some numbers (Int32 or Int64): Int64[Count]. Another number is an error when it runs.</summary>
public sealed record Bincount(int Count) : Operation
{
    /// <inheritdoc/>
    public override string? NoGradientReason => "Its input is made of integers.";

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        return inputs[0].Type is DType.Int32 or DType.Int64 && Count >= 0 ? [new(DType.Int64, [Count])] : throw Mismatch(inputs, "takes Int32 or Int64.");
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching)
    {
        if (batching.Length < 0) return null;
        var flat = node.Graph.Add(new Bincount(checked(batching.Length * Count)), [batching.Offset(inputs[0].Value, Count)]);
        return [batching.Apart(flat, 0, node.Outputs[0].Shape)];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => new CountKernel(context.Inputs[0], Count);

    private sealed unsafe class CountKernel(TensorType numbers, int count) : Kernel
    {
        private readonly RowNumbers _numbers = new("Bincount", "number", numbers, count);

        public override void Run(nint* buffers, ThreadTeam threads)
        {
            NativeMemory.Clear((void*)buffers[1], (nuint)count * sizeof(long));
            for (var i = 0L; i < _numbers.Count; i++) ((long*)buffers[1])[_numbers.At(buffers[0], i)]++;
        }
    }
}

/// <summary>Sums and counts by number.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.SegmentSum"/>
    public static Value SegmentSum(this Value x, Value segments, int count) => x.Graph.Add(new SegmentSum(count), [x, segments]);

    /// <summary>For each of 0 to count − 1 the sum of the weights of the numbers [n] that are it; gradient: dy of its number for each weight. See <see cref="Ops.SegmentSum"/>.</summary>
    public static Value Bincount(this Value numbers, int count, Value weights) => weights.SegmentSum(numbers, count);

    /// <inheritdoc cref="Ops.Bincount"/>
    public static Value Bincount(this Value numbers, int count) => numbers.Graph.Add(new Bincount(count), [numbers]);
}
