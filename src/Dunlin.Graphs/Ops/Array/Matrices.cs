using System.Runtime.InteropServices;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>Square matrices [n, n] with the rows of x[…, n] on their diagonals, zeros elsewhere.</summary>
/// <remarks>Gradient: <see cref="DiagonalPart"/> of dy.</remarks>
public sealed record Diagonal : Operation
{
    /// <inheritdoc/>
    public override bool TakesLeadingDimensions => true;

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
    public override bool TakesLeadingDimensions => true;

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
    public override bool TakesLeadingDimensions => true;

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        return inputs[0].Shape.Rank >= 2 ? [inputs[0]] : throw Mismatch(inputs, "takes matrices: at least two dimensions.");
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) =>
        new BandKernel(context.Inputs[0], Lower < 0 ? long.MinValue / 2 : -(long)Lower, Upper < 0 ? long.MaxValue / 2 : Upper);

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) => [node.Graph.Add(this, [outputGradients[0]!])];
}

/// <summary>Matrices […, m, n] with zeros on one side of a diagonal: element (i, j) stays where j − i ≥ Offset (upper) or ≤ Offset (lower).</summary>
/// <remarks>Gradient: the same part of dy.</remarks>
/// <param name="Upper">Whether what lies above the diagonal stays, and not what lies below.</param>
/// <param name="Offset">The diagonal, which stays: 0 is the main one, 1 the one above it.</param>
public sealed record Triangle(bool Upper, int Offset) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        return inputs[0].Shape.Rank >= 2 ? [inputs[0]] : throw Mismatch(inputs, "takes matrices: at least two dimensions.");
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) =>
        new BandKernel(context.Inputs[0], Upper ? Offset : long.MinValue / 2, Upper ? long.MaxValue / 2 : Offset);

    /// <inheritdoc/>
    public override bool TakesLeadingDimensions => true;

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) => [node.Graph.Add(this, [outputGradients[0]!])];
}

/// <summary>Copies matrices where low ≤ j − i ≤ high, and clears the rest.</summary>
internal sealed unsafe class BandKernel(TensorType type, long low, long high) : ParallelKernel(type.Shape.ElementCount)
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
            var i = row % _matrix.Rows;
            var first = Math.Clamp(i + low, 0, _matrix.Columns) * _size;
            var last = Math.Max(Math.Clamp(i + high + 1, 0, _matrix.Columns) * _size, first);
            var x = Operand<byte>(0) + row * bytes;
            var y = Operand<byte>(1) + row * bytes;
            NativeMemory.Clear(y, (nuint)first);
            Buffer.MemoryCopy(x + first, y + first, last - first, last - first);
            NativeMemory.Clear(y + last, (nuint)(bytes - last));
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

    /// <summary>Square matrices with the rows of x[…, n] on a diagonal above (offset &gt; 0) or below the main one, zeros elsewhere: […, n + |offset|, n + |offset|].</summary>
    public static Value Diagonal(this Value x, int offset)
    {
        if (offset == 0) return x.Diagonal();
        var square = x.Diagonal();
        int[] Margin(int rows, int columns) => [.. Enumerable.Repeat(0, square.Shape.Rank - 2), rows, columns];
        return square.Pad(Margin(Math.Max(0, -offset), Math.Max(0, offset)), Margin(Math.Max(0, offset), Math.Max(0, -offset)));
    }

    /// <summary>A diagonal of matrices […, m, n], above (offset &gt; 0) or below the main one.</summary>
    /// <exception cref="ShapeException">m or n is unknown, or the matrices have no such diagonal.</exception>
    public static Value DiagonalPart(this Value x, int offset)
    {
        if (x.Shape.Rank < 2 || x.Shape[^1] == Shape.Unknown || x.Shape[^2] == Shape.Unknown || offset < -x.Shape[^2] || offset > x.Shape[^1])
            throw new ShapeException($"DiagonalPart({x}): takes matrices of known lengths that have a diagonal {offset}.");
        var (top, left) = (Math.Max(0, -offset), Math.Max(0, offset));
        var length = Math.Min(x.Shape[^2] - top, x.Shape[^1] - left);
        return x.StridedSlice([.. Enumerable.Repeat(Slicing.All, x.Shape.Rank - 2), top..(top + length), left..(left + length)]).DiagonalPart();
    }

    /// <summary>Matrices […, m, n] with other elements [min(m, n)] or […, min(m, n)] on the main diagonal. Gradients: dy off the diagonal for x, on it for the elements.</summary>
    /// <exception cref="ShapeException">m or n is unknown, or the elements do not fill the diagonal.</exception>
    public static Value SetDiagonal(this Value x, Value elements)
    {
        if (x.Shape.Rank < 2 || x.Shape[^1] == Shape.Unknown || x.Shape[^2] == Shape.Unknown || elements.Shape.Rank == 0 || elements.Shape[^1] != Math.Min(x.Shape[^1], x.Shape[^2]))
            throw new ShapeException($"SetDiagonal({x}, {elements}): takes matrices of known lengths and as many elements as their diagonals have.");
        var (rows, columns) = (x.Shape[^2], x.Shape[^1]);
        var square = elements.Diagonal();
        int[] none = new int[square.Shape.Rank], margin = new int[square.Shape.Rank];
        (margin[^2], margin[^1]) = (rows - elements.Shape[^1], columns - elements.Shape[^1]);
        return Select(x.Graph.Eye(rows, columns, DType.Bool), square.Pad(none, margin), x);
    }

    /// <summary>What lies on and above a diagonal of matrices, zeros elsewhere; see <see cref="Triangle"/>.</summary>
    public static Value Triu(this Value x, int offset = 0) => x.Graph.Add(new Triangle(Upper: true, offset), [x]);

    /// <summary>What lies on and below a diagonal of matrices, zeros elsewhere; see <see cref="Triangle"/>.</summary>
    public static Value Tril(this Value x, int offset = 0) => x.Graph.Add(new Triangle(Upper: false, offset), [x]);

    /// <inheritdoc cref="Ops.BandPart"/>
    public static Value BandPart(this Value x, int lower, int upper) => x.Graph.Add(new BandPart(lower, upper), [x]);
}
