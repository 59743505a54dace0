using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// Rows of a table[R, d…] by their numbers[n] (Int32 or Int64), and zeros where the number is below 0: y[n, d…]. A number of R or more is an
/// error when it runs.
/// </summary>
/// <remarks>Gradient with respect to the table: sparse, the rows dy at those numbers.</remarks>
public sealed record TakeRows : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        RowNumbers.Check(inputs, 1, Mismatch);
        return inputs[0].Shape.Rank > 0
            ? [inputs[0] with { Shape = inputs[1].Shape.Append(inputs[0].Shape.Dimensions[1..]) }]
            : throw Mismatch(inputs, "the first input, the table, has rows.");
    }

    /// <inheritdoc/>
    public override long? BytesTouched(IReadOnlyList<TensorType> inputs, IReadOnlyList<TensorType> outputs) => 2 * outputs[0].Bytes + inputs[1].Bytes;

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => new TakeKernel(context.Inputs[0], context.Inputs[1]);

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching)
    {
        var (table, numbers, rows) = (inputs[0], inputs[1], node.Inputs[0].Shape[0]);
        if (!numbers.IsBatched) return [Batching.First(node.Graph.Add(this, [Batching.Behind(table.Value, 1), numbers.Value]), 1)];
        if (!batching.CanReshape(node.Outputs[0].Shape)) return null;
        if (!table.IsBatched) return [batching.Apart(node.Graph.Add(this, [table.Value, numbers.Value.Reshape([-1])]), 0, node.Outputs[0].Shape)];
        if (batching.Length < 0 || rows < 1) return null;
        return [batching.Apart(node.Graph.Add(this, [batching.Merged(table, 0), batching.OffsetRows(numbers.Value, rows).Reshape([-1])]), 0, node.Outputs[0].Shape)];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        var (table, numbers, dy) = (node.Inputs[0], node.Inputs[1], outputGradients[0]!);
        // Rows that were not there add zeros to row 0, so that a table without any rows has to be left out.
        var isRow = Operations.Select(numbers >= 0, dy.Number(1), dy.Number(0)).Reshape([-1, .. Enumerable.Repeat(1, dy.Shape.Rank - 1)]);
        return table.Shape[0] == 0 ? [table.ZerosLike(), null] : [Gradient.Sparse(numbers.Maximum(numbers.Number(0)), dy * isRow, table), null];
    }

    private sealed unsafe class TakeKernel(TensorType table, TensorType numbers) : ParallelKernel(numbers.Shape.ElementCount * table.Shape[1..].ElementCount)
    {
        private readonly RowNumbers _numbers = new("TakeRows", "row number", numbers, table.Shape[0]);
        private readonly long _rowBytes = table.Shape[1..].ElementCount * table.Type.Size();

        public override void Execute(int worker, int workers)
        {
            var (begin, end) = ThreadTeam.Share(_numbers.Count, worker, workers);
            for (var i = begin; i < end; i++)
            {
                var number = _numbers.OrNone(Buffers[1], i);
                var target = Operand<byte>(2) + i * _rowBytes;
                if (number < 0) System.Runtime.InteropServices.NativeMemory.Clear(target, (nuint)_rowBytes);
                else Buffer.MemoryCopy(Operand<byte>(0) + number * _rowBytes, target, _rowBytes, _rowBytes);
            }
        }
    }
}

/// <summary>
/// A table[R, d…] with rows[n, d…] in the places numbers[n] (Int32 or Int64), which are all different; rows whose number is below 0 go nowhere.
/// Inputs: table, numbers, rows. Assigned to the variable that is the table, it writes the rows in place and costs nothing for the others. A
/// number of R or more is an error when it runs.
/// </summary>
/// <remarks>Gradients: dy for the table, without those rows; the taken rows of dy for the rows.</remarks>
public sealed record PutRows : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 3);
        RowNumbers.Check(inputs, 1, Mismatch);
        var rows = inputs[0].Shape.Rank == 0 ? Shape.Scalar : inputs[1].Shape.Append(inputs[0].Shape.Dimensions[1..]);
        return inputs[0].Shape.Rank > 0 && inputs[0].Type == inputs[2].Type && rows.Accepts(inputs[2].Shape)
            ? [inputs[0]]
            : throw Mismatch(inputs, $"the first input, the table, has rows; the third are {inputs[0].Type}{rows}.");
    }

    /// <inheritdoc/>
    /// <remarks>Assigned to the variable that is the table, as it nearly always is, it writes only the rows.</remarks>
    public override long? BytesTouched(IReadOnlyList<TensorType> inputs, IReadOnlyList<TensorType> outputs) => 2 * inputs[2].Bytes + inputs[1].Bytes;

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => new PutKernel(context.Inputs[0], context.Inputs[1]);

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching)
    {
        var (table, numbers, rows, count) = (batching.Everywhere(inputs[0]), inputs[1], batching.Everywhere(inputs[2]), node.Inputs[0].Shape[0]);
        if (!numbers.IsBatched) return [Batching.First(node.Graph.Add(this, [Batching.Behind(table, 1), numbers.Value, Batching.Behind(rows, 1)]), 1)];
        if (batching.Length < 0 || count < 1 || !batching.CanReshape(node.Inputs[2].Shape)) return null;
        var flat = node.Graph.Add(this, [batching.Merged(new(table, true), 0), batching.OffsetRows(numbers.Value, count).Reshape([-1]), batching.Merged(new(rows, true), 0)]);
        return [batching.Apart(flat, 0, node.Outputs[0].Shape)];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        var (numbers, dy) = (node.Inputs[1], outputGradients[0]!);
        return [Operations.PutRows(dy, numbers, node.Inputs[2].ZerosLike()), null, dy.TakeRows(numbers)];
    }

    private sealed unsafe class PutKernel(TensorType table, TensorType numbers) : ParallelKernel(numbers.Shape.ElementCount * table.Shape[1..].ElementCount)
    {
        private readonly RowNumbers _numbers = new("PutRows", "row number", numbers, table.Shape[0]);
        private readonly long _rowBytes = table.Shape[1..].ElementCount * table.Type.Size();

        public override bool CanOverwrite(int input, int output) => input == 0;

        protected override void Begin()
        {
            if (Buffers[0] != Buffers[3]) Buffer.MemoryCopy(Operand<byte>(0), Operand<byte>(3), table.Bytes, table.Bytes);
        }

        public override void Execute(int worker, int workers)
        {
            var (begin, end) = ThreadTeam.Share(_numbers.Count, worker, workers);
            for (var i = begin; i < end; i++)
                if (_numbers.OrNone(Buffers[1], i) is >= 0 and var number)
                    Buffer.MemoryCopy(Operand<byte>(2) + i * _rowBytes, Operand<byte>(3) + number * _rowBytes, _rowBytes, _rowBytes);
        }
    }
}

/// <summary>Some rows of a table.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.TakeRows"/>
    public static Value TakeRows(this Value table, Value numbers) => table.Graph.Add(new TakeRows(), [table, numbers]);

    /// <inheritdoc cref="Ops.PutRows"/>
    public static Value PutRows(Value table, Value numbers, Value rows) => table.Graph.Add(new PutRows(), [table, numbers, rows]);
}
