using System.Runtime.InteropServices;
using Dunlin.Tensors.Collectives;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// The rows that ranks name, on every rank. Inputs: numbers[n] (Int32 or Int64; those below 0 name no row) and rows[n, d…], of which each rank may have another n.
/// Outputs: numbers[Capacity] and rows[Capacity, d…], those of rank 0 first, each rank's in their order, then −1 and zeros. Only rows with a number travel. More
/// than Capacity of them on all ranks together is an error when it runs.
/// </summary>
/// <param name="Axis">The mesh axis.</param>
/// <param name="Capacity">How many rows all ranks together name at most; equal on all ranks.</param>
internal sealed record AllGatherRows(string Axis, int Capacity) : Collective(Axis)
{
    /// <inheritdoc/>
    public override string? NoGradientReason => "Strategies make it after differentiation.";

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        RowNumbers.Check(inputs, 0, Mismatch);
        var (numbers, rows) = (inputs[0], inputs[1]);
        return rows.Shape.Rank > 0 && rows.Shape[..1].Accepts(numbers.Shape) && Capacity >= 0
            ? [numbers with { Shape = [Capacity] }, rows with { Shape = rows.Shape.With(0, Capacity) }]
            : throw Mismatch(inputs, $"takes as many rows[n, d…] as numbers, and room for at least 0 rows, not {Capacity}.");
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => new ExchangeKernel(context.Communicator(Axis), context.Inputs[0], context.Inputs[1], Capacity);

    /// <summary>Tells all ranks how many rows each has; then each sends its rows to all others, right to where they belong.</summary>
    private sealed unsafe class ExchangeKernel : Kernel
    {
        private readonly ICommunicator _communicator;
        private readonly RowNumbers _numbers;
        private readonly DType _numberType;
        private readonly DType _rowType;
        private readonly long _row;
        private readonly int _capacity;
        private readonly IPendingOperation?[] _pending;

        public ExchangeKernel(ICommunicator communicator, TensorType numbers, TensorType rows, int capacity)
        {
            (_communicator, _numberType, _rowType, _capacity) = (communicator, numbers.Type, rows.Type, capacity);
            _numbers = new(nameof(AllGatherRows), "row number", numbers, int.MaxValue);
            _row = rows.Shape[1..].ElementCount;
            _pending = new IPendingOperation?[2 * communicator.Size];
            ScratchBytes = communicator.Size * sizeof(long);
        }

        public override void Run(nint* buffers, ThreadTeam threads)
        {
            var counts = new Span<long>((long*)buffers[4], _communicator.Size);
            ref var own = ref counts[_communicator.Rank];
            own = 0;
            for (var i = 0L; i < _numbers.Count; i++)
                if (_numbers.OrNone(buffers[0], i) >= 0) own++;
            var rank = _communicator.Rank;
            _communicator.AllGather(new(buffers[4] + rank * sizeof(long), 1, DType.Int64), new(buffers[4], counts.Length, DType.Int64));

            var (total, before) = (0L, 0L);
            for (var r = 0; r < counts.Length; r++)
            {
                if (r == rank) before = total;
                total += counts[r];
            }
            if (total > _capacity)
                throw new DunlinException($"AllGatherRows: the {counts.Length} ranks name {total} rows, more than the {_capacity} that there is room for; exchange this gradient densely (DataParallelOptions.SparseGradients).");
            Place(buffers, before);
            var begin = 0L;
            for (var r = 0; r < counts.Length; begin += counts[r++])
            {
                if (counts[r] == 0) continue;
                _pending[2 * r] = _communicator.StartBroadcast(Part(buffers[2], _numberType, begin, counts[r]), r);
                _pending[2 * r + 1] = _communicator.StartBroadcast(Part(buffers[3], _rowType, begin * _row, counts[r] * _row), r);
            }
            for (var i = total; i < _capacity; i++) _numbers.Set(buffers[2], i, -1);
            var rest = Part(buffers[3], _rowType, total * _row, (_capacity - total) * _row);
            NativeMemory.Clear((void*)rest.Address, (nuint)rest.Bytes);
            foreach (ref var pending in _pending.AsSpan())
            {
                pending?.Wait();
                pending = null;
            }
        }

        /// <summary>Copies this rank's rows to their place in the outputs.</summary>
        private void Place(nint* buffers, long at)
        {
            for (var i = 0L; i < _numbers.Count; i++)
            {
                if (_numbers.OrNone(buffers[0], i) is var number && number < 0) continue;
                _numbers.Set(buffers[2], at, number);
                var (from, to) = (Part(buffers[1], _rowType, i * _row, _row), Part(buffers[3], _rowType, at * _row, _row));
                Buffer.MemoryCopy((void*)from.Address, (void*)to.Address, to.Bytes, from.Bytes);
                at++;
            }
        }

        private static CommBuffer Part(nint buffer, DType type, long begin, long count) => new(buffer + (nint)(begin * type.Size()), count, type);
    }
}

/// <summary>Collectives on rows.</summary>
public static partial class Operations
{
    /// <summary>
    /// The rows that ranks along an axis name, on every rank, in the ranks' order: of numbers[n] (below 0: no row) and rows[n, d…], n possibly another on each rank,
    /// numbers[capacity] and rows[capacity, d…], with −1 and zeros behind them. Bytes that travel depend on how many rows have a number.
    /// </summary>
    /// <param name="numbers">Int32 or Int64.</param>
    /// <param name="rows">One for each number.</param>
    /// <param name="axis">The mesh axis.</param>
    /// <param name="capacity">How many rows all ranks together name at most; equal on all ranks. More are an error when it runs.</param>
    public static (Value Numbers, Value Rows) AllGatherRows(Value numbers, Value rows, string axis, int capacity)
    {
        var outputs = numbers.Graph.AddNode(new AllGatherRows(axis, capacity), [numbers, rows]).Outputs;
        return (outputs[0], outputs[1]);
    }
}
