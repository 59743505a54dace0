using System.Numerics;
using System.Numerics.Tensors;

namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>dx = y · (dy − Σ y · dy); of the logarithm, dx = dy − exp(y) · Σ dy.</summary>
internal sealed unsafe class SoftmaxBackwardKernel<T> : ManagedKernel where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly SoftmaxPlan _plan;
    private readonly bool _logarithm;

    public SoftmaxBackwardKernel(SoftmaxBackwardSpec spec, int threads) : this(new SoftmaxPlan(spec.Outer, spec.Length, spec.Inner), spec.Logarithm, threads) { }

    private SoftmaxBackwardKernel(SoftmaxPlan plan, bool logarithm, int threads) : base(plan.Work)
    {
        _plan = plan;
        _logarithm = logarithm;
        ScratchBytes = plan.Inner == 1 ? 0 : 2 * SoftmaxPlan.Block * sizeof(T) * (long)threads;
    }

    public override void Execute(int worker, int workers)
    {
        var (begin, end) = ThreadTeam.Share(_plan.Pieces, worker, workers);
        for (var piece = begin; piece < end; piece++)
        {
            var (offset, lines) = _plan.Piece(piece);
            var y = Buffer<T>(0) + offset;
            var dy = Buffer<T>(1) + offset;
            var dx = Buffer<T>(2) + offset;
            if (_plan.Inner == 1) Line(new(y, _plan.Length), new(dy, _plan.Length), new(dx, _plan.Length));
            else Lines(y, dy, dx, lines, Buffer<T>(3) + (nint)worker * 2 * SoftmaxPlan.Block);
        }
    }

    private void Line(ReadOnlySpan<T> y, ReadOnlySpan<T> dy, Span<T> dx)
    {
        if (_logarithm)
        {
            var sum = TensorPrimitives.Sum(dy);
            TensorPrimitives.Exp(y, dx);
            TensorPrimitives.MultiplyAdd(dx, -sum, dy, dx);
        }
        else
        {
            var sum = TensorPrimitives.Dot(y, dy);
            TensorPrimitives.Subtract(dy, sum, dx);
            TensorPrimitives.Multiply(dx, y, dx);
        }
    }

    private void Lines(T* y, T* dy, T* dx, int lines, T* scratch)
    {
        var sum = new Span<T>(scratch, lines);
        var powers = new Span<T>(scratch + SoftmaxPlan.Block, lines);
        sum.Clear();
        for (var l = 0; l < _plan.Length; l++)
            if (_logarithm) TensorPrimitives.Add(sum, Row(dy, l, lines), sum);
            else TensorPrimitives.MultiplyAdd(Row(y, l, lines), Row(dy, l, lines), sum, sum);
        for (var l = 0; l < _plan.Length; l++)
        {
            var target = Row(dx, l, lines);
            if (_logarithm)
            {
                TensorPrimitives.Exp(Row(y, l, lines), powers);
                TensorPrimitives.Multiply(powers, sum, powers);
                TensorPrimitives.Subtract(Row(dy, l, lines), powers, target);
            }
            else
            {
                TensorPrimitives.Subtract(Row(dy, l, lines), sum, target);
                TensorPrimitives.Multiply(target, Row(y, l, lines), target);
            }
        }
    }

    private Span<T> Row(T* data, int index, int lines) => new(data + (nint)index * _plan.Inner, lines);
}
