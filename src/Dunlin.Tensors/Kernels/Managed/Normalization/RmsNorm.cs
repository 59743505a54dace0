using System.Numerics;
using System.Numerics.Tensors;

namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>Divides each row by its root mean square.</summary>
internal sealed unsafe class RmsNormForwardKernel<T>(RmsNormForwardSpec spec) : ManagedKernel((double)spec.Rows * spec.Columns)
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public override void Execute(int worker, int workers)
    {
        var scale = new ReadOnlySpan<T>(Buffer<T>(1), spec.Columns);
        var (begin, end) = ThreadTeam.Share(spec.Rows, worker, workers);
        for (var row = (nint)begin; row < end; row++)
        {
            var x = new ReadOnlySpan<T>(Buffer<T>(0) + row * spec.Columns, spec.Columns);
            var y = new Span<T>(Buffer<T>(2) + row * spec.Columns, spec.Columns);
            TensorPrimitives.Multiply(x, RmsNormBackwardKernel<T>.InverseRoot(Buffer<T>(0) + row * spec.Columns, spec.Columns, spec.Epsilon), y);
            TensorPrimitives.Multiply(y, scale, y);
        }
    }
}

/// <summary>
/// Gradient of root mean square normalisation. With r = 1 / √(⟨x²⟩ + ε), x̂ = x · r and g = dy · scale: dx = r · (g − x̂ · ⟨g · x̂⟩), means over the row;
/// dscale = Σ dy · x̂ over the rows (Zhang and Sennrich, 2019). Threads take rows for dx, then columns for the sums.
/// </summary>
internal sealed unsafe class RmsNormBackwardKernel<T> : ManagedKernel where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly RmsNormBackwardSpec _spec;
    private bool _sums;

    public RmsNormBackwardKernel(RmsNormBackwardSpec spec) : base((double)spec.Rows * spec.Columns)
    {
        _spec = spec;
        ScratchBytes = (long)spec.Rows * sizeof(T);
    }

    /// <summary>1 / √(⟨x²⟩ + ε).</summary>
    public static T InverseRoot(T* x, int count, double epsilon) =>
        Rows<T>.InverseDeviation(Rows<T>.SumOfSquares(x, T.Zero, count) / T.CreateChecked(Math.Max(1, count)), epsilon);

    protected override void Run(ThreadTeam threads)
    {
        _sums = false;
        Parallel(threads);
        _sums = true;
        Parallel(threads);
    }

    public override void Execute(int worker, int workers)
    {
        var (begin, end) = ThreadTeam.Share(_sums ? _spec.Columns : _spec.Rows, worker, workers, _sums ? 16 : 1);
        if (_sums) Sums((int)begin, (int)(end - begin));
        else for (var row = (nint)begin; row < end; row++) Row(row);
    }

    private void Row(nint row)
    {
        var columns = _spec.Columns;
        var x = Buffer<T>(0) + row * columns;
        var dx = Buffer<T>(3) + row * columns;
        var inverse = InverseRoot(x, columns, _spec.Epsilon);
        Buffer<T>(5)[row] = inverse;
        TensorPrimitives.Multiply(new ReadOnlySpan<T>(Buffer<T>(2) + row * columns, columns), new ReadOnlySpan<T>(Buffer<T>(1), columns), new Span<T>(dx, columns));
        var slope = Rows<T>.SumOfProducts(x, T.Zero, dx, T.Zero, columns) * inverse * inverse / T.CreateChecked(Math.Max(1, columns));
        Rows<T>.Gradient(x, T.Zero, slope, dx, T.Zero, inverse, dx, columns);
    }

    private void Sums(int column, int count)
    {
        var dscale = Buffer<T>(4) + column;
        new Span<T>(dscale, count).Clear();
        for (var row = 0; row < _spec.Rows; row++)
        {
            var x = Buffer<T>(0) + (nint)row * _spec.Columns + column;
            var dy = Buffer<T>(2) + (nint)row * _spec.Columns + column;
            var inverse = Buffer<T>(5)[row];
            var inverses = new Vector<T>(inverse);
            var i = 0;
            for (; i + Vector<T>.Count <= count; i += Vector<T>.Count) (Vector.Load(dscale + i) + Vector.Load(dy + i) * Vector.Load(x + i) * inverses).Store(dscale + i);
            for (; i < count; i++) dscale[i] += dy[i] * x[i] * inverse;
        }
    }
}
