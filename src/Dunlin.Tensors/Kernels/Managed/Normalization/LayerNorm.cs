using System.Numerics;
using System.Numerics.Tensors;

namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>Normalises each row by its own statistics.</summary>
internal sealed unsafe class LayerNormForwardKernel<T>(LayerNormForwardSpec spec) : ManagedKernel((double)spec.Rows * spec.Columns)
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public override void Execute(int worker, int workers)
    {
        var columns = spec.Columns;
        var count = T.CreateChecked(Math.Max(1, columns));
        var scale = new ReadOnlySpan<T>(Buffer<T>(1), columns);
        var shift = new ReadOnlySpan<T>(Buffer<T>(2), columns);
        var (begin, end) = ThreadTeam.Share(spec.Rows, worker, workers);
        for (var row = (nint)begin; row < end; row++)
        {
            var x = Buffer<T>(0) + row * columns;
            var y = Buffer<T>(3) + row * columns;
            var mean = Rows<T>.Sum(x, columns) / count;
            var variance = Rows<T>.SumOfSquares(x, mean, columns) / count;
            Buffer<T>(4)[row] = mean;
            Buffer<T>(5)[row] = variance;
            Rows<T>.Scale(x, mean, Rows<T>.InverseDeviation(variance, spec.Epsilon), T.Zero, y, columns);
            var target = new Span<T>(y, columns);
            TensorPrimitives.MultiplyAdd(target, scale, shift, target);
        }
    }
}

/// <summary>
/// Gradient of layer normalisation. With x̂ = (x − mean) / σ and g = dy · scale: dx = (g − ⟨g⟩ − x̂ · ⟨g · x̂⟩) / σ, means over the row;
/// dscale = Σ dy · x̂ and dshift = Σ dy over the rows (Ba, Kiros and Hinton, 2016). Threads take rows for dx, then columns for the sums.
/// </summary>
internal sealed unsafe class LayerNormBackwardKernel<T>(LayerNormBackwardSpec spec) : ManagedKernel((double)spec.Rows * spec.Columns)
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private bool _sums;

    protected override void Run(ThreadTeam threads)
    {
        _sums = false;
        Parallel(threads);
        _sums = true;
        Parallel(threads);
    }

    public override void Execute(int worker, int workers)
    {
        var (begin, end) = ThreadTeam.Share(_sums ? spec.Columns : spec.Rows, worker, workers, _sums ? 16 : 1);
        if (_sums) Sums((int)begin, (int)(end - begin));
        else for (var row = (nint)begin; row < end; row++) Row(row);
    }

    private void Row(nint row)
    {
        var columns = spec.Columns;
        var x = Buffer<T>(0) + row * columns;
        var dx = Buffer<T>(5) + row * columns;
        var mean = Buffer<T>(2)[row];
        var inverse = Rows<T>.InverseDeviation(Buffer<T>(3)[row], spec.Epsilon);
        var count = T.CreateChecked(Math.Max(1, columns));
        TensorPrimitives.Multiply(new ReadOnlySpan<T>(Buffer<T>(4) + row * columns, columns), new ReadOnlySpan<T>(Buffer<T>(1), columns), new Span<T>(dx, columns));
        var gradientMean = Rows<T>.Sum(dx, columns) / count;
        var slope = Rows<T>.SumOfProducts(x, mean, dx, T.Zero, columns) * inverse * inverse / count;
        Rows<T>.Gradient(x, mean, slope, dx, gradientMean, inverse, dx, columns);
    }

    private void Sums(int column, int count)
    {
        var dscale = Buffer<T>(6) + column;
        var dshift = Buffer<T>(7) + column;
        new Span<T>(dscale, count).Clear();
        new Span<T>(dshift, count).Clear();
        for (var row = 0; row < spec.Rows; row++)
        {
            var x = Buffer<T>(0) + (nint)row * spec.Columns + column;
            var dy = Buffer<T>(4) + (nint)row * spec.Columns + column;
            var mean = Buffer<T>(2)[row];
            var inverse = Rows<T>.InverseDeviation(Buffer<T>(3)[row], spec.Epsilon);
            var (means, inverses) = (new Vector<T>(mean), new Vector<T>(inverse));
            var i = 0;
            for (; i + Vector<T>.Count <= count; i += Vector<T>.Count)
            {
                var gradient = Vector.Load(dy + i);
                (Vector.Load(dshift + i) + gradient).Store(dshift + i);
                (Vector.Load(dscale + i) + gradient * ((Vector.Load(x + i) - means) * inverses)).Store(dscale + i);
            }
            for (; i < count; i++)
            {
                dshift[i] += dy[i];
                dscale[i] += dy[i] * ((x[i] - mean) * inverse);
            }
        }
    }
}
