using System.Numerics;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// Combines rows by segment, element by element: y[s, d…] of all x[i, d…] with segments[i] = s. Inputs: x[n, d…] of Int32, Int64 or a
/// floating-point type, and segments[n] (Int32 or Int64, in any order). A segment outside 0 to Count − 1 is an error when it runs.
/// </summary>
/// <param name="Count">The number of segments.</param>
public abstract record SegmentReduction(int Count) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        var (x, segments) = (inputs[0], inputs[1]);
        if (segments.Type is not (DType.Int32 or DType.Int64) || segments.Shape.Rank != 1) throw Mismatch(inputs, "the second input, the segments, is Int32 or Int64 of one dimension.");
        if (x.Type is DType.Bool or DType.UInt8) throw Mismatch(inputs, $"is not defined for {x.Type}; Cast first.");
        return x.Shape.Rank > 0 && segments.Shape.Accepts(x.Shape[..1]) && Count >= 0 ? [new(x.Type, x.Shape.With(0, Count))] : throw Mismatch(inputs, "takes x[n, d…], and a segment for each of its rows.");
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching)
    {
        var (x, segments) = (batching.Everywhere(inputs[0]), inputs[1]);
        if (!segments.IsBatched) return [Batching.First(node.Graph.Add(this, [Batching.Behind(x, 1), segments.Value]), 1)];
        if (batching.Length < 0 || !batching.CanReshape(node.Inputs[0].Shape)) return null;
        var flat = node.Graph.Add(this with { Count = checked(batching.Length * Count) }, [batching.Merged(new(x, true), 0), batching.Offset(segments.Value, Count).Reshape([-1])]);
        return [batching.Apart(flat, 0, node.Outputs[0].Shape)];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => WidenedKernel.Create(context.Inputs, context.Outputs, (inputs, outputs) => inputs[0].Type switch
    {
        DType.Float32 => Make<float>(inputs, outputs[0]),
        DType.Float64 => Make<double>(inputs, outputs[0]),
        DType.Int32 => Make<int>(inputs, outputs[0]),
        _ => Make<long>(inputs, outputs[0]),
    });

    /// <summary>How rows are combined.</summary>
    protected abstract Reducer Reducer { get; }

    /// <summary>The gradient of an extreme: dy for the rows that are it, shared equally among equals.</summary>
    private protected IReadOnlyList<Gradient?> ShareExtreme(Node node, Value dy)
    {
        var (x, segments) = (node.Inputs[0], node.Inputs[1]);
        var wins = x.EqualTo(node.Outputs[0].Gather(segments)).Cast(x.Type);
        // An empty segment has no winner; nobody reads its share.
        var winners = wins.SegmentSum(segments, Count);
        return [wins * (dy / winners.Maximum(winners.Number(1))).Gather(segments), null];
    }

    private SegmentKernel<T> Make<T>(IReadOnlyList<TensorType> inputs, TensorType y) where T : unmanaged, INumber<T>, IMinMaxValue<T> =>
        new(Name, inputs[1], y, ScatterKernel.Combine<T>(Reducer), ReduceKernel<T>.StartOf(Reducer));
}

/// <summary>The largest of each segment, element by element; NaN if any is, −∞ (or the smallest integer) of none. See <see cref="SegmentReduction"/>.</summary>
/// <remarks>Gradient: dy for the largest, shared equally among equals.</remarks>
/// <param name="Count">The number of segments.</param>
public sealed record SegmentMax(int Count) : SegmentReduction(Count)
{
    /// <inheritdoc/>
    protected override Reducer Reducer => Reducer.Max;

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) => ShareExtreme(node, outputGradients[0]!);
}

/// <summary>The smallest of each segment, element by element; NaN if any is, ∞ (or the largest integer) of none. See <see cref="SegmentReduction"/>.</summary>
/// <remarks>Gradient: dy for the smallest, shared equally among equals.</remarks>
/// <param name="Count">The number of segments.</param>
public sealed record SegmentMin(int Count) : SegmentReduction(Count)
{
    /// <inheritdoc/>
    protected override Reducer Reducer => Reducer.Min;

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) => ShareExtreme(node, outputGradients[0]!);
}

/// <summary>The product of each segment, element by element; 1 of none. See <see cref="SegmentReduction"/>.</summary>
/// <remarks>Gradient: dy times the product of the segment's other rows, also where some are 0.</remarks>
/// <param name="Count">The number of segments.</param>
public sealed record SegmentProduct(int Count) : SegmentReduction(Count)
{
    /// <inheritdoc/>
    protected override Reducer Reducer => Reducer.Product;

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [outputGradients[0]!.Gather(node.Inputs[1]) * node.Inputs[0].ProductOfOthers(node.Inputs[1]), null];
}

/// <summary>Combines rows by segment. Threads share the elements of a row, so that every segment is combined in the order of the rows.</summary>
internal sealed unsafe class SegmentKernel<T>(string name, TensorType segments, TensorType y, BinaryMap<T> combine, T start)
    : ParallelKernel(y.Shape.ElementCount + segments.Shape.ElementCount * Math.Max(1, y.Shape[1..].ElementCount)) where T : unmanaged
{
    private readonly RowNumbers _segments = new(name, "segment", segments, y.Shape[0]);
    private readonly int _row = checked((int)y.Shape[1..].ElementCount);

    public override void Execute(int worker, int workers)
    {
        var (begin, end) = ThreadTeam.Share(_row, worker, workers, 16);
        var length = (int)(end - begin);
        if (length == 0) return;
        for (var s = 0; s < y.Shape[0]; s++) new Span<T>(Operand<T>(2) + (long)s * _row + begin, length).Fill(start);
        for (var i = 0L; i < _segments.Count; i++)
        {
            var target = new Span<T>(Operand<T>(2) + _segments.At(Buffers[1], i) * _row + begin, length);
            combine(target, new(Operand<T>(0) + i * _row + begin, length), target);
        }
    }
}

/// <summary>Reductions by segment.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.SegmentMax"/>
    public static Value SegmentMax(this Value x, Value segments, int count) => x.Graph.Add(new SegmentMax(count), [x, segments]);

    /// <inheritdoc cref="Ops.SegmentMin"/>
    public static Value SegmentMin(this Value x, Value segments, int count) => x.Graph.Add(new SegmentMin(count), [x, segments]);

    /// <inheritdoc cref="Ops.SegmentProduct"/>
    public static Value SegmentProduct(this Value x, Value segments, int count) => x.Graph.Add(new SegmentProduct(count), [x, segments]);

    /// <summary>The mean of the rows of each segment, of floating-point x[n, d…] and segments[n]; 0 of none. Gradient: dy of its segment by the segment's size, for each row.</summary>
    public static Value SegmentMean(this Value x, Value segments, int count) => PerRow(x.SegmentSum(segments, count), segments, count);

    /// <summary>Segment sums divided by the segments' sizes.</summary>
    private static Value PerRow(Value sums, Value segments, int count)
    {
        var sizes = segments.Bincount(count).Cast(sums.Type);
        return sums / Scattering.Align(sizes.Maximum(sizes.Number(1)), sums);
    }
}
