using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// Sums of weighted rows of a table by segment, without a copy of the rows: y[s, d…] = Σ weights[i] · table[rows[i], d…] over all i with
/// segments[i] = s. Inputs: table[R, d…], rows[n] and segments[n] (each Int32 or Int64, in any order), and weights[n], of the table's
/// floating-point type. A row outside 0 to R − 1 or a segment outside 0 to Count − 1 is an error when it runs.
/// </summary>
/// <remarks>Gradients: sparse for the table, weights[i] · dy[segments[i]] at rows[i]; for the weights <see cref="RowDot"/> of the table's rows and dy's.</remarks>
/// <param name="Count">The number of segments.</param>
public sealed record SparseSegmentSum(int Count) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 4);
        var (table, weights) = (inputs[0], inputs[3]);
        if (inputs[1].Type is not (DType.Int32 or DType.Int64) || inputs[2].Type is not (DType.Int32 or DType.Int64)) throw Mismatch(inputs, "the rows and the segments are Int32 or Int64.");
        return table.Type.IsFloat() && table.Type == weights.Type && table.Shape.Rank > 0 && weights.Shape.Rank == 1 && Count >= 0
            && weights.Shape.Accepts(inputs[1].Shape) && weights.Shape.Accepts(inputs[2].Shape)
            ? [table with { Shape = table.Shape.With(0, Count) }]
            : throw Mismatch(inputs, "takes a floating-point table[R, d…], and as many rows as segments and weights of its type.");
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => WidenedKernel.Create(context.Inputs, context.Outputs, (inputs, outputs) => inputs[0].Type == DType.Float64
        ? new SumKernel<double>(inputs, outputs[0])
        : new SumKernel<float>(inputs, outputs[0]));

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching)
    {
        var (table, weights) = (inputs[0], inputs[3]);
        if (!inputs.Skip(1).Any(i => i.IsBatched)) return [Batching.First(node.Graph.Add(this, [Batching.Behind(table.Value, 1), .. inputs.Skip(1).Select(i => i.Value)]), 1)];
        if (batching.Length < 0 || (table.IsBatched && !node.Inputs[0].Shape.IsKnown)) return null;
        var (rows, numbers) = batching.Stacked(table, inputs[1]);
        var segments = batching.Offset(batching.Everywhere(inputs[2]), Count).Reshape([-1]);
        var flat = node.Graph.Add(new SparseSegmentSum(checked(batching.Length * Count)), [rows, numbers, segments, batching.Merged(weights, 0)]);
        return [batching.Apart(flat, 0, node.Outputs[0].Shape)];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        var (table, rows, segments, weights) = (node.Inputs[0], node.Inputs[1], node.Inputs[2], node.Inputs[3]);
        var dy = outputGradients[0]!;
        var pulled = dy.Gather(segments);
        return [Gradient.Sparse(rows, pulled * Scattering.Align(weights, pulled), table), null, null, Operations.RowDot(table, rows, dy, segments)];
    }

    private sealed unsafe class SumKernel<T>(IReadOnlyList<TensorType> inputs, TensorType y) : ParallelKernel(inputs[1].Shape.ElementCount * Math.Max(1, y.Shape[1..].ElementCount))
        where T : unmanaged, INumber<T>
    {
        private readonly RowNumbers _rows = new("SparseSegmentSum", "row number", inputs[1], inputs[0].Shape[0]);
        private readonly RowNumbers _segments = new("SparseSegmentSum", "segment", inputs[2], y.Shape[0]);
        private readonly int _row = checked((int)y.Shape[1..].ElementCount);

        public override void Execute(int worker, int workers)
        {
            // Threads share the elements of a row, so that every segment is summed in one order.
            var (begin, end) = ThreadTeam.Share(_row, worker, workers, 16);
            var length = (int)(end - begin);
            if (length == 0) return;
            for (var s = 0; s < y.Shape[0]; s++) NativeMemory.Clear(Operand<T>(4) + (long)s * _row + begin, (nuint)(length * sizeof(T)));
            for (var i = 0L; i < _rows.Count; i++)
            {
                var target = new Span<T>(Operand<T>(4) + _segments.At(Buffers[2], i) * _row + begin, length);
                var row = new ReadOnlySpan<T>(Operand<T>(0) + _rows.At(Buffers[1], i) * _row + begin, length);
                TensorPrimitives.MultiplyAdd(row, Operand<T>(3)[i], target, target);
            }
        }
    }
}

/// <summary>
/// Inner products of chosen rows of two tables: z[i] = Σ a[rows[i], d…] · b[others[i], d…]. Inputs: a[R, d…], rows[n], b[S, d…] and
/// others[n], the tables of one floating-point type, the numbers Int32 or Int64; one that has no row is an error when it runs.
/// </summary>
/// <remarks>Gradients: sparse, dz[i] times the other table's row.</remarks>
public sealed record RowDot : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 4);
        var (a, b) = (inputs[0], inputs[2]);
        if (inputs[1].Type is not (DType.Int32 or DType.Int64) || inputs[3].Type is not (DType.Int32 or DType.Int64)) throw Mismatch(inputs, "the row numbers are Int32 or Int64.");
        return a.Type.IsFloat() && a.Type == b.Type && a.Shape.Rank > 0 && b.Shape.Rank > 0 && a.Shape[1..].Accepts(b.Shape[1..]) && inputs[1].Shape.Rank == 1 && inputs[1].Shape.Accepts(inputs[3].Shape)
            ? [new(a.Type, inputs[1].Shape)]
            : throw Mismatch(inputs, "takes two tables of one floating-point type and row shape, and as many row numbers for each.");
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => WidenedKernel.Create(context.Inputs, context.Outputs, (inputs, _) => inputs[0].Type == DType.Float64
        ? new DotKernel<double>(inputs)
        : new DotKernel<float>(inputs));

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching)
    {
        if (batching.Length < 0 || new[] { 0, 2 }.Any(i => inputs[i].IsBatched && !node.Inputs[i].Shape.IsKnown)) return null;
        var ((a, rows), (b, others)) = (batching.Stacked(inputs[0], inputs[1]), batching.Stacked(inputs[2], inputs[3]));
        return [batching.Apart(node.Graph.Add(this, [a, rows, b, others]), 0, node.Outputs[0].Shape)];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        var (a, rows, b, others) = (node.Inputs[0], node.Inputs[1], node.Inputs[2], node.Inputs[3]);
        var dz = Scattering.Align(outputGradients[0]!, a);
        return [Gradient.Sparse(rows, dz * b.Gather(others), a), null, Gradient.Sparse(others, dz * a.Gather(rows), b), null];
    }

    private sealed unsafe class DotKernel<T>(IReadOnlyList<TensorType> inputs) : ParallelKernel(inputs[1].Shape.ElementCount * Math.Max(1, inputs[0].Shape[1..].ElementCount))
        where T : unmanaged, INumber<T>
    {
        private readonly RowNumbers _rows = new("RowDot", "row number", inputs[1], inputs[0].Shape[0]);
        private readonly RowNumbers _others = new("RowDot", "other row number", inputs[3], inputs[2].Shape[0]);
        private readonly int _row = checked((int)inputs[0].Shape[1..].ElementCount);

        public override void Execute(int worker, int workers)
        {
            var (begin, end) = ThreadTeam.Share(_rows.Count, worker, workers);
            for (var i = begin; i < end; i++)
            {
                var a = new ReadOnlySpan<T>(Operand<T>(0) + _rows.At(Buffers[1], i) * _row, _row);
                Operand<T>(4)[i] = TensorPrimitives.Dot(a, new(Operand<T>(2) + _others.At(Buffers[3], i) * _row, _row));
            }
        }
    }
}

/// <summary>Sums of rows of tables.</summary>
public static partial class Operations
{
    /// <summary>Sums of (weighted) rows of a table by segment, as bags of embeddings are; see <see cref="Ops.SparseSegmentSum"/>.</summary>
    /// <param name="table">The table [R, d…].</param>
    /// <param name="rows">The numbers [n] of the rows.</param>
    /// <param name="segments">The segment [n] of each.</param>
    /// <param name="count">The number of segments.</param>
    /// <param name="weights">A weight [n] for each; 1 unless given.</param>
    public static Value SparseSegmentSum(this Value table, Value rows, Value segments, int count, Value? weights = null) =>
        table.Graph.Add(new SparseSegmentSum(count), [table, rows, segments, weights ?? rows.FillLike(table.Number(1))]);

    /// <summary>Means of rows of a table by segment; 0 of none. See <see cref="Ops.SparseSegmentSum"/>.</summary>
    /// <inheritdoc cref="SparseSegmentSum"/>
    public static Value SparseSegmentMean(this Value table, Value rows, Value segments, int count) => PerRow(table.SparseSegmentSum(rows, segments, count), segments, count);

    /// <inheritdoc cref="Ops.RowDot"/>
    public static Value RowDot(Value a, Value rows, Value b, Value others) => a.Graph.Add(new RowDot(), [a, rows, b, others]);
}
