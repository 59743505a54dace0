using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>Rows of a table [R, d…] by their numbers [n…] (Int32 or Int64): y[n…, d…]. A number outside 0 to R − 1 is an error when it runs.</summary>
/// <remarks>Gradient with respect to the table: sparse, the rows dy at those numbers.</remarks>
public sealed record Gather : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        if (inputs[1].Type is not (DType.Int32 or DType.Int64)) throw Mismatch(inputs, "the second input, the row numbers, is Int32 or Int64.");
        if (inputs[0].Shape.Rank == 0) throw Mismatch(inputs, "the first input, the table, has rows.");
        return [new(inputs[0].Type, inputs[1].Shape.Append(inputs[0].Shape.Dimensions[1..]))];
    }

    /// <inheritdoc/>
    public override long? BytesTouched(IReadOnlyList<TensorType> inputs, IReadOnlyList<TensorType> outputs) => 2 * outputs[0].Bytes + inputs[1].Bytes;

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => new GatherKernel(context.Inputs[0], context.Inputs[1]);

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching)
    {
        var ((table, indices), rank, rows) = ((inputs[0], inputs[1]), node.Inputs[1].Shape.Rank, node.Inputs[0].Shape[0]);
        if (!table.IsBatched) return [table.Value.Gather(indices.Value)];
        if (!indices.IsBatched) return [Batching.First(Batching.Behind(table.Value, 1).Gather(indices.Value), rank)];
        return batching.Length < 0 || rows < 0 ? null : [batching.Merged(table, 0).Gather(batching.Offset(indices.Value, rows))];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        var (table, indices, dy) = (node.Inputs[0], node.Inputs[1], outputGradients[0]!);
        var row = table.Shape[1..];
        var rows = indices.Shape.Rank == 1 ? dy : dy.Reshape(Shape.Of(-1).Append(row.Dimensions));
        return [Gradient.Sparse(indices.Shape.Rank == 1 ? indices : indices.Reshape([-1]), rows, table), null];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Value?> PushForward(Node node, IReadOnlyList<Value?> inputTangents) => Tangents.Linear(node, inputTangents, 0);

    private sealed unsafe class GatherKernel(TensorType table, TensorType indices) : Kernel
    {
        private readonly RowNumbers _numbers = new("Gather", "row number", indices, table.Shape[0]);
        private readonly long _rowBytes = table.Shape[1..].ElementCount * table.Type.Size();

        public override void Run(nint* buffers, ThreadTeam threads)
        {
            for (var i = 0L; i < _numbers.Count; i++)
                Buffer.MemoryCopy((byte*)buffers[0] + _numbers.At(buffers[1], i) * _rowBytes, (byte*)buffers[2] + i * _rowBytes, _rowBytes, _rowBytes);
        }
    }
}

/// <summary>
/// Adds rows [n, d…] to those of a table [R, d…] with the given numbers [n]; a number that occurs again adds again. Inputs: table, numbers, rows.
/// </summary>
/// <remarks>Gradients: dy for the table, its gathered rows for the rows.</remarks>
public sealed record ScatterAdd : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 3);
        if (inputs[1].Type is not (DType.Int32 or DType.Int64) || inputs[1].Shape.Rank != 1) throw Mismatch(inputs, "the second input, the row numbers, is Int32 or Int64 of one dimension.");
        var rows = inputs[0].Shape.Rank == 0 ? Shape.Scalar : inputs[1].Shape.Append(inputs[0].Shape.Dimensions[1..]);
        return inputs[0].Type == inputs[2].Type && inputs[0].Type.IsFloat() && rows.Accepts(inputs[2].Shape)
            ? [inputs[0]]
            : throw Mismatch(inputs, $"the rows are {inputs[0].Type}{rows}, and floating-point.");
    }

    /// <inheritdoc/>
    /// <remarks>Where the table is needed no more, as it nearly always is, only the rows change.</remarks>
    public override long? BytesTouched(IReadOnlyList<TensorType> inputs, IReadOnlyList<TensorType> outputs) => 3 * inputs[2].Bytes + inputs[1].Bytes;

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => WidenedKernel.Create(context.Inputs, context.Outputs, (inputs, _) => inputs[0].Type == DType.Float64
        ? new RowSumKernel<double>(Name, "row number", inputs[0], inputs[1], fromTable: true)
        : new RowSumKernel<float>(Name, "row number", inputs[0], inputs[1], fromTable: true));

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching)
    {
        var (table, indices, rows, count) = (batching.Everywhere(inputs[0]), inputs[1], batching.Everywhere(inputs[2]), node.Inputs[0].Shape[0]);
        if (!indices.IsBatched) return [Batching.First(Operations.ScatterAdd(Batching.Behind(table, 1), indices.Value, Batching.Behind(rows, 1)), 1)];
        if (batching.Length < 0 || count < 0) return null;
        var flat = Operations.ScatterAdd(batching.Merged(new(table, true), 0), batching.Offset(indices.Value, count).Reshape([-1]), batching.Merged(new(rows, true), 0));
        return [batching.Apart(flat, 0, node.Outputs[0].Shape)];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [outputGradients[0]!, null, outputGradients[0]!.Gather(node.Inputs[1])];
}

/// <summary>Adds rows to those of a table, or to zeros, with the given numbers. Inputs: the table if there is one, then numbers and rows, or else rows and numbers.</summary>
internal sealed unsafe class RowSumKernel<T>(string operation, string what, TensorType table, TensorType indices, bool fromTable) : Kernel
    where T : unmanaged, System.Numerics.INumber<T>
{
    private readonly RowNumbers _numbers = new(operation, what, indices, table.Shape[0]);
    private readonly int _row = checked((int)table.Shape[1..].ElementCount);

    public override bool CanOverwrite(int input, int output) => fromTable && input == 0;

    public override void Run(nint* buffers, ThreadTeam threads)
    {
        var (numbers, rows, sums) = fromTable ? (buffers[1], buffers[2], buffers[3]) : (buffers[1], buffers[0], buffers[2]);
        if (!fromTable) System.Runtime.InteropServices.NativeMemory.Clear((void*)sums, (nuint)table.Bytes);
        else if (buffers[0] != sums) Buffer.MemoryCopy((void*)buffers[0], (void*)sums, table.Bytes, table.Bytes);
        for (var i = 0L; i < _numbers.Count; i++)
        {
            var target = new Span<T>((T*)sums + _numbers.At(numbers, i) * _row, _row);
            System.Numerics.Tensors.TensorPrimitives.Add(target, new ReadOnlySpan<T>((T*)rows + i * _row, _row), target);
        }
    }
}

/// <summary>Reads integers that number something (rows, classes) and checks them against how many there are.</summary>
/// <param name="operation">Who reads, for the error.</param>
/// <param name="what">What is numbered.</param>
/// <param name="numbers">Int32 or Int64.</param>
/// <param name="bound">How many there are.</param>
internal sealed unsafe class RowNumbers(string operation, string what, TensorType numbers, int bound)
{
    public long Count { get; } = numbers.Shape.ElementCount;

    /// <summary>Throws unless the given input is made of row numbers in one dimension.</summary>
    public static void Check(IReadOnlyList<TensorType> inputs, int index, Func<IReadOnlyList<TensorType>, string, ShapeException> mismatch)
    {
        if (inputs[index].Type is not (DType.Int32 or DType.Int64) || inputs[index].Shape.Rank != 1)
            throw mismatch(inputs, $"input {index + 1}, the row numbers, is Int32 or Int64 of one dimension.");
    }

    public long At(nint address, long position)
    {
        var number = Read(address, position);
        return (ulong)number < (ulong)bound
            ? number
            : throw new DunlinException($"{operation}: the {what} {number} at position {position} is not within 0 to {bound - 1}.");
    }

    /// <summary>As <see cref="At"/>, but any number below 0 is none and comes back as −1.</summary>
    public long OrNone(nint address, long position) => Read(address, position) < 0 ? -1 : At(address, position);

    /// <summary>Writes a number of the same type.</summary>
    public void Set(nint address, long position, long number)
    {
        if (numbers.Type == DType.Int32) ((int*)address)[position] = (int)number;
        else ((long*)address)[position] = number;
    }

    private long Read(nint address, long position) => numbers.Type == DType.Int32 ? ((int*)address)[position] : ((long*)address)[position];
}

/// <summary>Rows of tables.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.Gather"/>
    public static Value Gather(this Value table, Value indices) => table.Graph.Add(new Gather(), [table, indices]);

    /// <inheritdoc cref="Ops.ScatterAdd"/>
    public static Value ScatterAdd(Value table, Value indices, Value rows) => table.Graph.Add(new ScatterAdd(), [table, indices, rows]);
}
