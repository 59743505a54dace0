using System.Numerics;
using System.Numerics.Tensors;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// Sums the rows of equal number, without changing how many rows there are. Inputs: numbers[n] (Int32 or Int64; those below 0 name no row)
/// and rows[n, d…]. Outputs: numbers[n], in which a number stands at its first place and −1 wherever it occurs again; rows[n, d…], the sums
/// at the first places and zeros elsewhere; and Int64 first[n], for each row the place of its sum (−1 for a row without a number).
/// Rows are added in their order, whatever the number of threads.
/// </summary>
/// <remarks>Gradient: for each row, dy at the place of its sum.</remarks>
public sealed record SumDuplicateRows : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        var (numbers, rows) = (inputs[0], inputs[1]);
        RowNumbers.Check(inputs, 0, Mismatch);
        return rows.Type.IsFloat() && rows.Shape.Rank > 0 && rows.Shape[..1].Accepts(numbers.Shape)
            ? [numbers, rows with { Shape = rows.Shape.With(0, numbers.Shape[0]) }, new(DType.Int64, numbers.Shape)]
            : throw Mismatch(inputs, "takes as many floating-point rows[n, d…] as numbers.");
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => WidenedKernel.Create(context.Inputs, context.Outputs, (inputs, _) => inputs[1].Type == DType.Float64
        ? new SumKernel<double>(inputs[0], inputs[1])
        : new SumKernel<float>(inputs[0], inputs[1]));

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching)
    {
        // Numbers of their own have no bound by which those of different examples could be kept apart.
        if (inputs[0].IsBatched) return null;
        var outputs = node.Graph.AddNode(this, [inputs[0].Value, Batching.Behind(inputs[1].Value, 1)]).Outputs;
        return [batching.Everywhere(new Batched(outputs[0], false)), Batching.First(outputs[1], 1), batching.Everywhere(new Batched(outputs[2], false))];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [null, outputGradients[1] is { } dy ? dy.TakeRows(node.Outputs[2]) : null];

    private sealed unsafe class SumKernel<T> : Kernel, IParallelWork where T : unmanaged, INumber<T>
    {
        private const long WorthThreads = 64 * 1024, Grain = 16;

        private readonly RowNumbers _numbers;
        private readonly long _row;
        private readonly int _capacity;
        private nint* _buffers;

        public SumKernel(TensorType numbers, TensorType rows)
        {
            _numbers = new("SumDuplicateRows", "row number", numbers, int.MaxValue);
            _row = rows.Shape[1..].ElementCount;
            _capacity = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(2, 2 * _numbers.Count));
            ScratchBytes = (long)_capacity * sizeof(int);
        }

        public override bool CanOverwrite(int input, int output) => input == 1 && output == 1;

        public override void Run(nint* buffers, ThreadTeam threads)
        {
            _buffers = buffers;
            FindFirst(new((int*)buffers[5], _capacity), (long*)buffers[4]);
            if (threads.Size > 1 && _row >= 2 * Grain && _numbers.Count * _row >= WorthThreads) threads.Run(this);
            else Execute(0, 1);
        }

        /// <summary>Adds up one stretch of all rows.</summary>
        public void Execute(int worker, int workers)
        {
            var (begin, end) = ThreadTeam.Share(_row, worker, workers, Grain);
            if (begin >= end) return;
            var length = (int)(end - begin);
            T* rows = (T*)_buffers[1] + begin, sums = (T*)_buffers[3] + begin;
            var first = (long*)_buffers[4];
            for (var i = 0L; i < _numbers.Count; i++)
            {
                var row = new ReadOnlySpan<T>(rows + i * _row, length);
                var sum = new Span<T>(sums + i * _row, length);
                if (first[i] == i)
                {
                    if (rows != sums) row.CopyTo(sum);
                    continue;
                }
                if (first[i] >= 0)
                {
                    var total = new Span<T>(sums + first[i] * _row, length);
                    TensorPrimitives.Add(total, row, total);
                }
                sum.Clear();
            }
        }

        /// <summary>Finds where each number stands first, by a table with open addressing that is at most half full.</summary>
        private void FindFirst(Span<int> table, long* first)
        {
            table.Fill(-1);
            var shift = 64 - BitOperations.Log2((uint)_capacity);
            for (var i = 0; i < _numbers.Count; i++)
            {
                var number = _numbers.OrNone(_buffers[0], i);
                if (number < 0)
                {
                    first[i] = -1;
                    _numbers.Set(_buffers[2], i, -1);
                    continue;
                }
                // Multiplication by 2⁶⁴ / φ spreads numbers that lie close together (Knuth, volume 3, section 6.4).
                var place = (int)((ulong)number * 0x9E3779B97F4A7C15 >> shift);
                while (table[place] >= 0 && _numbers.OrNone(_buffers[0], table[place]) != number) place = (place + 1) & (_capacity - 1);
                var isFirst = table[place] < 0;
                if (isFirst) table[place] = i;
                first[i] = table[place];
                _numbers.Set(_buffers[2], i, isFirst ? number : -1);
            }
        }
    }
}

/// <summary>Rows that are named more than once.</summary>
public static partial class Operations
{
    /// <summary>Each row number once, the others −1, with the sums of the rows of equal number; see <see cref="Ops.SumDuplicateRows"/>.</summary>
    public static (Value Numbers, Value Rows) SumDuplicateRows(Value numbers, Value rows)
    {
        var outputs = rows.Graph.AddNode(new SumDuplicateRows(), [numbers, rows]).Outputs;
        return (outputs[0], outputs[1]);
    }
}
