using System.Numerics;
using System.Numerics.Tensors;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>Reduces along any set of dimensions: whole runs where the innermost one is reduced, whole rows where it is kept.</summary>
internal static class ReduceKernel
{
    /// <summary>Prepares the reduction of known types; 16-bit floats are added up in Float32.</summary>
    public static Kernel Create(Reducer reducer, TensorType input, TensorType output, int[] axes, ThreadTeam threads) =>
        WidenedKernel.Create([input], [output], (inputs, _) => inputs[0].Type switch
        {
            DType.Float32 => new ReduceKernel<float>(reducer, input.Shape, axes, threads),
            DType.Float64 => new ReduceKernel<double>(reducer, input.Shape, axes, threads),
            DType.Int32 => new ReduceKernel<int>(reducer, input.Shape, axes, threads),
            DType.UInt8 => new ReduceKernel<byte>(reducer, input.Shape, axes, threads),
            _ => new ReduceKernel<long>(reducer, input.Shape, axes, threads),
        });
}

/// <inheritdoc cref="ReduceKernel"/>
internal sealed unsafe class ReduceKernel<T> : Kernel, IParallelWork where T : unmanaged, INumber<T>, IMinMaxValue<T>
{
    private const long ParallelWork = 64 * 1024;

    private readonly Reducer _reducer;
    private readonly (int Length, long Stride)[] _kept;
    private readonly (int Length, long Stride)[] _reduced;
    private readonly int _run;
    private readonly bool _runIsReduced;
    private readonly long _outerKept;
    private readonly long _outerReduced;
    private readonly long _perOutput;
    private readonly bool _parallel;
    private T* _x;
    private T* _y;

    public ReduceKernel(Reducer reducer, Shape shape, int[] axes, ThreadTeam threads)
    {
        _reducer = reducer;
        var strides = shape.Strides;
        var merged = new List<(int Length, long Stride, bool Reduced)>();
        for (var d = 0; d < shape.Rank; d++)
        {
            if (shape[d] == 1) continue;
            var reduced = axes.Contains(d);
            if (merged.Count > 0 && merged[^1].Reduced == reduced) merged[^1] = (merged[^1].Length * shape[d], strides[d], reduced);
            else merged.Add((shape[d], strides[d], reduced));
        }
        if (merged.Count == 0) merged.Add((1, 1, true));
        (_run, _, _runIsReduced) = merged[^1];
        merged.RemoveAt(merged.Count - 1);
        _kept = [.. merged.Where(m => !m.Reduced).Select(m => (m.Length, m.Stride))];
        _reduced = [.. merged.Where(m => m.Reduced).Select(m => (m.Length, m.Stride))];
        _outerKept = _kept.Aggregate(1L, (n, k) => n * k.Length);
        _outerReduced = _reduced.Aggregate(1L, (n, k) => n * k.Length);
        _perOutput = _outerReduced * (_runIsReduced ? _run : 1);
        _parallel = threads.Size > 1 && shape.ElementCount >= ParallelWork;
    }

    public override void Run(nint* buffers, ThreadTeam threads)
    {
        _x = (T*)buffers[0];
        _y = (T*)buffers[1];
        if (_parallel) threads.Run(this);
        else Execute(0, 1);
    }

    public void Execute(int worker, int workers)
    {
        if (_runIsReduced)
        {
            var (begin, end) = ThreadTeam.Share(_outerKept, worker, workers);
            for (var k = begin; k < end; k++) _y[k] = Finish(Runs(_x + Offset(_kept, k)));
            return;
        }
        // Rows: workers share the columns where there is only one row of results, else the rows.
        var (firstRow, lastRow) = _outerKept == 1 ? (0, 1) : ThreadTeam.Share(_outerKept, worker, workers);
        var (firstColumn, lastColumn) = _outerKept == 1 ? ThreadTeam.Share(_run, worker, workers, 16) : (0, _run);
        for (var k = firstRow; k < lastRow; k++)
            Rows(_x + Offset(_kept, k) + firstColumn, new Span<T>(_y + k * _run + firstColumn, (int)(lastColumn - firstColumn)));
    }

    private T Runs(T* x)
    {
        var result = Start;
        for (var r = 0L; r < _outerReduced; r++)
        {
            var run = new ReadOnlySpan<T>(x + Offset(_reduced, r), _run);
            if (run.Length == 0) continue;
            result = Combine(result, _reducer switch
            {
                Reducer.Max => TensorPrimitives.Max(run),
                Reducer.Min => TensorPrimitives.Min(run),
                Reducer.Product => TensorPrimitives.Product(run),
                _ => TensorPrimitives.Sum(run),
            });
        }
        return result;
    }

    private void Rows(T* x, Span<T> y)
    {
        y.Fill(Start);
        for (var r = 0L; r < _outerReduced; r++)
        {
            var row = new ReadOnlySpan<T>(x + Offset(_reduced, r), y.Length);
            switch (_reducer)
            {
                case Reducer.Max: TensorPrimitives.Max(y, row, y); break;
                case Reducer.Min: TensorPrimitives.Min(y, row, y); break;
                case Reducer.Product: TensorPrimitives.Multiply(y, row, y); break;
                default: TensorPrimitives.Add(y, row, y); break;
            }
        }
        if (_reducer == Reducer.Mean) TensorPrimitives.Divide(y, T.CreateTruncating(_perOutput), y);
    }

    private T Finish(T value) => _reducer == Reducer.Mean ? value / T.CreateTruncating(_perOutput) : value;

    private T Start => StartOf(_reducer);

    /// <summary>What a reduction makes of no elements.</summary>
    public static T StartOf(Reducer reducer) => reducer switch
    {
        Reducer.Max => Lowest,
        Reducer.Min => Highest,
        Reducer.Product => T.One,
        _ => T.Zero,
    };

    private static T Highest => typeof(T) == typeof(float) ? (T)(object)float.PositiveInfinity : typeof(T) == typeof(double) ? (T)(object)double.PositiveInfinity : T.MaxValue;

    private static T Lowest => typeof(T) == typeof(float) ? (T)(object)float.NegativeInfinity : typeof(T) == typeof(double) ? (T)(object)double.NegativeInfinity : T.MinValue;

    private T Combine(T a, T b) => _reducer switch
    {
        Reducer.Max => T.Max(a, b),
        Reducer.Min => T.Min(a, b),
        Reducer.Product => a * b,
        _ => a + b,
    };

    private static long Offset((int Length, long Stride)[] dimensions, long index)
    {
        var offset = 0L;
        for (var d = dimensions.Length - 1; d >= 0; d--)
        {
            offset += index % dimensions[d].Length * dimensions[d].Stride;
            index /= dimensions[d].Length;
        }
        return offset;
    }
}
