using System.Runtime.InteropServices;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>Square matrices [n, n] with the rows of x[…, n] on their diagonals, zeros elsewhere.</summary>
/// <remarks>Gradient: <see cref="DiagonalPart"/> of dy.</remarks>
public sealed record Diagonal : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        return inputs[0].Shape.Rank > 0 ? [new(inputs[0].Type, inputs[0].Shape.Append(inputs[0].Shape[^1]))] : throw Mismatch(inputs, "takes at least one dimension.");
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => new DiagonalKernel(context.Inputs[0], fill: true);

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) => [outputGradients[0]!.DiagonalPart()];
}

/// <summary>The diagonals […, n] of square matrices […, n, n].</summary>
/// <remarks>Gradient: <see cref="Diagonal"/> of dy.</remarks>
public sealed record DiagonalPart : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        var (type, x) = inputs[0];
        return x.Rank >= 2 && Shape.Of(x[^1]).Accepts([x[^2]]) ? [new(type, x[..^1])] : throw Mismatch(inputs, "takes square matrices […, n, n].");
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => new DiagonalKernel(context.Outputs[0], fill: false);

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) => [outputGradients[0]!.Diagonal()];
}

/// <summary>Copies between vectors and the diagonals of matrices.</summary>
internal sealed unsafe class DiagonalKernel(TensorType vectors, bool fill) : Kernel
{
    private readonly long _count = vectors.Shape.ElementCount;
    private readonly int _length = vectors.Shape[^1];
    private readonly int _size = vectors.Type.Size();

    public override void Run(nint* buffers, ThreadTeam threads)
    {
        var vector = (byte*)buffers[fill ? 0 : 1];
        var matrix = (byte*)buffers[fill ? 1 : 0];
        if (fill) NativeMemory.Clear(matrix, (nuint)(_count * _length * _size));
        for (var i = 0L; i < _count; i++)
        {
            var element = vector + i * _size;
            var cell = matrix + (i * _length + i % _length) * _size;
            for (var b = 0; b < _size; b++)
                if (fill) cell[b] = element[b];
                else element[b] = cell[b];
        }
    }
}

/// <summary>Matrices […, m, n] with zeros outside a band: element (i, j) stays where i − j ≤ Lower and j − i ≤ Upper.</summary>
/// <remarks>Gradient: the band of dy.</remarks>
/// <param name="Lower">Diagonals kept below the main one; negative for all.</param>
/// <param name="Upper">Diagonals kept above the main one; negative for all.</param>
public sealed record BandPart(int Lower, int Upper) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        return inputs[0].Shape.Rank >= 2 ? [inputs[0]] : throw Mismatch(inputs, "takes matrices: at least two dimensions.");
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => new BandKernel(context.Inputs[0], this);

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) => [node.Graph.Add(this, [outputGradients[0]!])];

    private sealed unsafe class BandKernel(TensorType type, BandPart band) : ParallelKernel(type.Shape.ElementCount)
    {
        private readonly long _rows = type.Shape[..^1].ElementCount;
        private readonly (int Rows, int Columns) _matrix = (type.Shape[^2], type.Shape[^1]);
        private readonly int _size = type.Type.Size();

        public override void Execute(int worker, int workers)
        {
            var (begin, end) = ThreadTeam.Share(_rows, worker, workers);
            var bytes = (long)_matrix.Columns * _size;
            for (var row = begin; row < end; row++)
            {
                var i = (int)(row % _matrix.Rows);
                var first = Math.Clamp(band.Lower < 0 ? 0 : (long)i - band.Lower, 0, _matrix.Columns) * _size;
                var last = Math.Clamp(band.Upper < 0 ? _matrix.Columns : (long)i + band.Upper + 1, 0, _matrix.Columns) * _size;
                var x = Operand<byte>(0) + row * bytes;
                var y = Operand<byte>(1) + row * bytes;
                NativeMemory.Clear(y, (nuint)Math.Min(first, bytes));
                if (last > first) Buffer.MemoryCopy(x + first, y + first, last - first, last - first);
                if (last < bytes) NativeMemory.Clear(y + Math.Max(last, first), (nuint)(bytes - Math.Max(last, first)));
            }
        }
    }
}

/// <summary>Parts of matrices.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.Diagonal"/>
    public static Value Diagonal(this Value x) => x.Graph.Add(new Diagonal(), [x]);

    /// <inheritdoc cref="Ops.DiagonalPart"/>
    public static Value DiagonalPart(this Value x) => x.Graph.Add(new DiagonalPart(), [x]);

    /// <inheritdoc cref="Ops.BandPart"/>
    public static Value BandPart(this Value x, int lower, int upper) => x.Graph.Add(new BandPart(lower, upper), [x]);
}
