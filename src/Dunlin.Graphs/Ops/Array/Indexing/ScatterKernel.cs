using System.Numerics;
using System.Numerics.Tensors;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>Changes cells of a tensor by rows. Threads share the elements of a cell, so that every cell changes in the order of the rows.</summary>
internal static class ScatterKernel
{
    /// <summary>Prepares the change of x (the first input, and the output) by rows (the third) in the cells that the second names.</summary>
    public static Kernel Create(Reducer? reducer, string name, IReadOnlyList<TensorType> inputs, IReadOnlyList<TensorType> outputs) => reducer is null
        ? inputs[0].Type.Size() switch
        {
            8 => new ScatterKernel<long>(name, inputs, Replace),
            4 => new ScatterKernel<int>(name, inputs, Replace),
            2 => new ScatterKernel<short>(name, inputs, Replace),
            _ => new ScatterKernel<byte>(name, inputs, Replace),
        }
        : WidenedKernel.Create(inputs, outputs, (wide, _) => wide[0].Type switch
        {
            DType.Float32 => new ScatterKernel<float>(name, wide, Combine<float>(reducer.Value)),
            DType.Float64 => new ScatterKernel<double>(name, wide, Combine<double>(reducer.Value)),
            DType.Int32 => new ScatterKernel<int>(name, wide, Combine<int>(reducer.Value)),
            _ => new ScatterKernel<long>(name, wide, Combine<long>(reducer.Value)),
        });

    /// <summary>The function that combines two rows.</summary>
    public static BinaryMap<T> Combine<T>(Reducer reducer) where T : unmanaged, INumber<T> => reducer switch
    {
        Reducer.Max => TensorPrimitives.Max,
        Reducer.Min => TensorPrimitives.Min,
        Reducer.Product => TensorPrimitives.Multiply,
        _ => TensorPrimitives.Add,
    };

    private static void Replace<T>(ReadOnlySpan<T> cell, ReadOnlySpan<T> row, Span<T> y) => row.CopyTo(y);
}

/// <inheritdoc cref="ScatterKernel"/>
internal sealed unsafe class ScatterKernel<T>(string name, IReadOnlyList<TensorType> inputs, BinaryMap<T> change) : ParallelKernel(inputs[0].Shape.ElementCount + inputs[2].Shape.ElementCount)
    where T : unmanaged
{
    private readonly IndexTuples _tuples = new(name, inputs[1], inputs[0].Shape);

    public override bool CanOverwrite(int input, int output) => input == 0;

    public override void Execute(int worker, int workers)
    {
        T* x = Operand<T>(0), rows = Operand<T>(2), y = Operand<T>(3);
        var (begin, end) = ThreadTeam.Share(_tuples.CellLength, worker, workers, 16);
        var length = (int)(end - begin);
        if (length == 0) return;
        if (x != y)
        {
            if (length == _tuples.CellLength) Buffer.MemoryCopy(x, y, inputs[0].Bytes, inputs[0].Bytes);
            else
                for (var c = 0L; c < _tuples.Cells; c++)
                    new ReadOnlySpan<T>(x + c * _tuples.CellLength + begin, length).CopyTo(new(y + c * _tuples.CellLength + begin, length));
        }
        for (var i = 0L; i < _tuples.Count; i++)
        {
            var cell = new Span<T>(y + _tuples.Cell(Buffers[1], i) * _tuples.CellLength + begin, length);
            change(cell, new(rows + i * _tuples.CellLength + begin, length), cell);
        }
    }
}
