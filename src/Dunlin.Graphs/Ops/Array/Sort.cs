using System.Numerics;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// The first elements of the last dimension in order of size, and where they stood: of x[…, n] the outputs are values[…, k] and
/// Int64 indices[…, k]. Equal elements keep their order; NaN counts as larger than all numbers.
/// </summary>
/// <remarks>Gradient: dvalues in the places where they stood.</remarks>
/// <param name="Count">How many, k; null for all.</param>
/// <param name="Descending">Whether the largest come first.</param>
public sealed record Sort(int? Count, bool Descending) : Operation
{
    /// <inheritdoc/>
    public override string Name => Count is null ? "Sort" : "TopK";

    /// <inheritdoc/>
    public override bool TakesLeadingDimensions => true;

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        var (type, x) = inputs[0];
        if (type == DType.Bool || x.Rank == 0) throw Mismatch(inputs, "takes numbers of at least one dimension.");
        if (Count is { } count && (count < 0 || (x[^1] != Shape.Unknown && count > x[^1]))) throw Mismatch(inputs, $"the {count} first of {x[^1]} elements are not to be had.");
        var y = x.With(-1, Count ?? x[^1]);
        return [new(type, y), new(DType.Int64, y)];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => WidenedKernel.Create(context.Inputs, context.Outputs, (inputs, outputs) => inputs[0].Type switch
    {
        DType.Float32 => Make<float>(inputs[0], outputs[0], context.Threads),
        DType.Float64 => Make<double>(inputs[0], outputs[0], context.Threads),
        DType.Int32 => Make<int>(inputs[0], outputs[0], context.Threads),
        DType.UInt8 => Make<byte>(inputs[0], outputs[0], context.Threads),
        _ => Make<long>(inputs[0], outputs[0], context.Threads),
    });

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [outputGradients[0] is { } dy ? node.Graph.Add(new PutAlong(), [dy, node.Outputs[1], node.Inputs[0]]) : null];

    private Kernel Make<T>(TensorType x, TensorType y, ThreadTeam threads) where T : unmanaged, INumber<T> => new SortKernel<T>(x.Shape, y.Shape[^1], Descending)
    {
        ScratchBytes = 2L * sizeof(int) * x.Shape[^1] * threads.Size,
    };

    private sealed unsafe class SortKernel<T>(Shape shape, int count, bool descending) : ParallelKernel(shape.ElementCount * 8) where T : unmanaged, INumber<T>
    {
        /// <summary>Up to so many winners are kept in order one by one; more are found by sorting everything.</summary>
        private const int FewWinners = 16;

        private readonly int _length = shape[^1];
        private readonly long _rows = shape[..^1].ElementCount;

        public override void Execute(int worker, int workers)
        {
            var scratch = Operand<int>(3) + (nint)worker * 2 * _length;
            var (begin, end) = ThreadTeam.Share(_rows, worker, workers);
            for (var row = begin; row < end; row++)
            {
                var x = new ReadOnlySpan<T>(Operand<T>(0) + row * _length, _length);
                var order = count <= FewWinners ? Winners(x, new(scratch, count)) : Merged(x, new(scratch, _length), new(scratch + _length, _length));
                for (var i = 0; i < count; i++)
                {
                    Operand<T>(1)[row * count + i] = x[order[i]];
                    Operand<long>(2)[row * count + i] = order[i];
                }
            }
        }

        private Span<int> Winners(ReadOnlySpan<T> x, Span<int> best)
        {
            var found = 0;
            for (var i = 0; i < x.Length; i++)
            {
                if (found == count && (count == 0 || !Before(x[i], x[best[^1]]))) continue;
                var place = found < count ? found++ : count - 1;
                for (; place > 0 && Before(x[i], x[best[place - 1]]); place--) best[place] = best[place - 1];
                best[place] = i;
            }
            return best;
        }

        /// <summary>Merge sort from the bottom up: stable, and without memory of its own.</summary>
        private Span<int> Merged(ReadOnlySpan<T> x, Span<int> from, Span<int> to)
        {
            for (var i = 0; i < from.Length; i++) from[i] = i;
            for (var width = 1; width < x.Length; width *= 2)
            {
                for (var begin = 0; begin < x.Length; begin += 2 * width)
                {
                    var (middle, end) = (Math.Min(begin + width, x.Length), Math.Min(begin + 2 * width, x.Length));
                    var (a, b) = (begin, middle);
                    for (var k = begin; k < end; k++)
                        to[k] = a < middle && (b >= end || !Before(x[from[b]], x[from[a]])) ? from[a++] : from[b++];
                }
                var swap = from;
                from = to;
                to = swap;
            }
            return from;
        }

        private bool Before(T a, T b) => descending ? Less(b, a) : Less(a, b);

        private static bool Less(T a, T b) => a < b || (T.IsNaN(b) && !T.IsNaN(a));
    }
}

/// <summary>Whether each row's target is among its k largest predictions: predictions[n, C], targets[n] (Int32 or Int64) give Bool[n]. Ties count as among them; NaN does not.</summary>
/// <param name="K">At least 1.</param>
public sealed record InTopK(int K) : Operation
{
    /// <inheritdoc/>
    public override string? NoGradientReason => "A test is constant almost everywhere.";

    /// <inheritdoc/>
    public override bool TakesLeadingDimensions => true;

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        SoftmaxCrossEntropy.Check(inputs, Mismatch);
        return K >= 1 ? [new(DType.Bool, inputs[0].Shape[..^1])] : throw Mismatch(inputs, $"k is at least 1, not {K}.");
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => WidenedKernel.Create(context.Inputs, context.Outputs, (inputs, _) => inputs[0].Type == DType.Float64
        ? new InTopKernel<double>(inputs, K)
        : new InTopKernel<float>(inputs, K));

    private sealed unsafe class InTopKernel<T>(IReadOnlyList<TensorType> inputs, int k) : ParallelKernel(inputs[0].Shape.ElementCount) where T : unmanaged, INumber<T>
    {
        private readonly int _classes = inputs[0].Shape[^1];
        private readonly RowNumbers _targets = new("InTopK", "target", inputs[1], inputs[0].Shape[^1]);

        public override void Execute(int worker, int workers)
        {
            var (begin, end) = ThreadTeam.Share(_targets.Count, worker, workers);
            for (var row = begin; row < end; row++)
            {
                var x = new ReadOnlySpan<T>(Operand<T>(0) + row * _classes, _classes);
                var score = x[(int)_targets.At(Buffers[1], row)];
                var better = 0;
                foreach (var other in x) better += other > score ? 1 : 0;
                Operand<bool>(2)[row] = better < k && !T.IsNaN(score);
            }
        }
    }
}

/// <summary>Sorting.</summary>
public static partial class Operations
{
    /// <summary>The elements of the last dimension in order of size, and where they stood; see <see cref="Ops.Sort"/>.</summary>
    public static (Value Values, Value Indices) Sort(this Value x, bool descending = false) => Sorted(x, null, descending);

    /// <summary>Where the elements of the last dimension, in order of size, stood; see <see cref="Ops.Sort"/>.</summary>
    public static Value ArgSort(this Value x, bool descending = false) => x.Sort(descending).Indices;

    /// <summary>The k largest elements of the last dimension, largest first, and where they stood; see <see cref="Ops.Sort"/>.</summary>
    public static (Value Values, Value Indices) TopK(this Value x, int k) => Sorted(x, k, descending: true);

    /// <inheritdoc cref="Ops.InTopK"/>
    public static Value InTopK(this Value predictions, Value targets, int k) => predictions.Graph.Add(new InTopK(k), [predictions, targets]);

    private static (Value, Value) Sorted(Value x, int? count, bool descending)
    {
        var outputs = x.Graph.AddNode(new Sort(count, descending), [x]).Outputs;
        return (outputs[0], outputs[1]);
    }
}
