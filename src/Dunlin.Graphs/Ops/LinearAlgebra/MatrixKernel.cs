using System.Numerics;
using System.Numerics.Tensors;
using Dunlin.Graphs.Plans;

namespace Dunlin.Graphs.Ops;

/// <summary>A matrix that an operation can't factor or solve: it is singular, not positive definite, or not finite.</summary>
public sealed class FactorizationException : DunlinException
{
    /// <inheritdoc cref="DunlinException(string, Exception)"/>
    public FactorizationException(string message, Exception? inner = null) : base(message, inner) { }
}

/// <summary>Treats the matrices of a batch one by one; several workers share the batch, each with working memory of its own.</summary>
internal abstract unsafe class MatrixKernel : ParallelKernel
{
    private const long Alignment = 64;

    private readonly string _operation;
    private readonly Shape _batch;
    private readonly long _count;
    private readonly int _operands;
    private readonly long _scratch;

    /// <param name="operation">What messages call it.</param>
    /// <param name="batch">The leading dimensions.</param>
    /// <param name="work">About how many steps one matrix takes.</param>
    /// <param name="operands">Inputs and outputs together.</param>
    /// <param name="scratch">Bytes of working memory that one matrix takes.</param>
    /// <param name="workers">How many threads there may be.</param>
    protected MatrixKernel(string operation, Shape batch, double work, int operands, long scratch, int workers) : base((long)Math.Min(batch.ElementCount * work, long.MaxValue / 2))
    {
        (_operation, _batch, _count, _operands) = (operation, batch, batch.ElementCount, operands);
        _scratch = (scratch + Alignment - 1) / Alignment * Alignment;
        ScratchBytes = _scratch * workers;
    }

    public sealed override void Execute(int worker, int workers)
    {
        var (begin, end) = ThreadTeam.Share(_count, worker, workers);
        var scratch = _scratch == 0 ? null : Operand<byte>(_operands) + worker * _scratch;
        for (var matrix = begin; matrix < end; matrix++) Compute(matrix, scratch);
    }

    /// <summary>Treats one matrix.</summary>
    protected abstract void Compute(long matrix, byte* scratch);

    /// <summary>An error about one matrix of the batch.</summary>
    protected FactorizationException Failure(long matrix, string what, Exception? inner = null) => new($"{_operation}: {Which(matrix)} {what}", inner);

    private string Which(long matrix)
    {
        if (_batch.Rank == 0) return "the matrix";
        var place = new long[_batch.Rank];
        for (var d = _batch.Rank - 1; d >= 0; matrix /= _batch[d--]) place[d] = matrix % _batch[d];
        return $"matrix [{string.Join(", ", place)}] of the batch {_batch}";
    }
}

/// <summary>Steps on rows of dense matrices.</summary>
internal static unsafe class Rows
{
    /// <summary>y += a · x.</summary>
    public static void Add<T>(T* y, T a, T* x, int count) where T : unmanaged, INumber<T> =>
        TensorPrimitives.MultiplyAdd(new ReadOnlySpan<T>(x, count), a, new ReadOnlySpan<T>(y, count), new Span<T>(y, count));

    /// <summary>y = a · y.</summary>
    public static void Scale<T>(T* y, T a, int count) where T : unmanaged, INumber<T> =>
        TensorPrimitives.Multiply(new ReadOnlySpan<T>(y, count), a, new Span<T>(y, count));

    /// <summary>Σ x · y.</summary>
    public static T Dot<T>(T* x, T* y, int count) where T : unmanaged, INumber<T> =>
        TensorPrimitives.Dot(new ReadOnlySpan<T>(x, count), new ReadOnlySpan<T>(y, count));

    /// <summary>√Σ x².</summary>
    public static T Norm<T>(T* x, int count) where T : unmanaged, IRootFunctions<T> => TensorPrimitives.Norm(new ReadOnlySpan<T>(x, count));

    /// <summary>Copies elements.</summary>
    public static void Copy<T>(T* from, T* to, long count) where T : unmanaged => Buffer.MemoryCopy(from, to, count * sizeof(T), count * sizeof(T));

    /// <summary>Writes the transpose [columns, rows] of a matrix [rows, columns].</summary>
    public static void Transpose<T>(T* from, T* to, int rows, int columns) where T : unmanaged
    {
        for (var r = 0; r < rows; r++)
            for (var c = 0; c < columns; c++) to[(long)c * rows + r] = from[(long)r * columns + c];
    }
}

/// <summary>Shape rules that operations on matrices share.</summary>
internal static class MatrixTypes
{
    /// <summary>Throws unless the input is floating-point and […, n, n]; returns n, which may be unknown.</summary>
    public static int Square(IReadOnlyList<TensorType> inputs, int input, Func<IReadOnlyList<TensorType>, string, ShapeException> mismatch)
    {
        var x = Matrix(inputs, input, mismatch);
        return Shape.Of(x[^1]).Accepts([x[^2]])
            ? Math.Max(x[^1], x[^2])
            : throw mismatch(inputs, $"takes square matrices […, n, n]; got {x[^2]} rows and {x[^1]} columns.");
    }

    /// <summary>Throws unless the input is floating-point and […, m, n]; returns its shape.</summary>
    public static Shape Matrix(IReadOnlyList<TensorType> inputs, int input, Func<IReadOnlyList<TensorType>, string, ShapeException> mismatch) =>
        inputs[input].Type.IsFloat() && inputs[input].Shape.Rank >= 2
            ? inputs[input].Shape
            : throw mismatch(inputs, "takes floating-point matrices: at least two dimensions.");

    /// <summary>Throws unless the second input [B…, n, k] can stand on the right of equations with the first, [B…, n, n].</summary>
    public static void RightSide(IReadOnlyList<TensorType> inputs, Func<IReadOnlyList<TensorType>, string, ShapeException> mismatch)
    {
        var n = Square(inputs, 0, mismatch);
        var (a, b) = (inputs[0].Shape, inputs[1].Shape);
        if (inputs[1].Type == inputs[0].Type && b.Rank == a.Rank && a[..^2].Accepts(b[..^2]) && Shape.Of(n).Accepts([b[^2]])) return;
        var expected = new TensorType(inputs[0].Type, a[..^2].Append(n, Shape.Unknown));
        throw mismatch(inputs, $"the right sides are {expected}: matrices of as many rows for each matrix; give a vector a last dimension with ExpandDims(-1).");
    }

    /// <summary>
    /// Solves for the right sides of all examples: where they share the matrices, whose factors are then computed once, as more columns. See <see cref="RightSide"/> for the inputs.
    /// </summary>
    public static IReadOnlyList<Value> ManyRightSides(Node node, IReadOnlyList<Batched> inputs, Batching batching)
    {
        if (inputs[0].IsBatched || !batching.CanReshape(node.Inputs[1].Shape)) return node.Graph.AddNode(node.Operation, batching.Everywhere(inputs)).Outputs;
        var columns = node.Inputs[1].Shape.Rank - 1;
        return [batching.Apart(node.Graph.Add(node.Operation, [inputs[0].Value, batching.Merged(inputs[1], columns)]), columns, node.Outputs[0].Shape)];
    }

    /// <summary>The shorter side of a matrix, which may be unknown.</summary>
    public static int ShortSide(Shape x) => x[^1] == Shape.Unknown || x[^2] == Shape.Unknown ? Shape.Unknown : Math.Min(x[^1], x[^2]);
}

/// <summary>The relative distance of neighbouring numbers.</summary>
internal static class Precision
{
    /// <summary>2⁻⁵² or 2⁻²³.</summary>
    public static T Of<T>() where T : IFloatingPointIeee754<T> => T.BitIncrement(T.One) - T.One;

    /// <summary>That of an element type; of 16-bit floats, Float32's, in which they are computed.</summary>
    public static double Of(DType type) => type == DType.Float64 ? Of<double>() : Of<float>();
}
