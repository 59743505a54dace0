using System.Numerics;
using System.Numerics.Tensors;

namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>y = exp(x − max) / Σ exp(x − max), or x − max − log Σ exp(x − max): with the maximum subtracted nothing overflows.</summary>
internal sealed unsafe class SoftmaxForwardKernel<T> : ManagedKernel where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly SoftmaxPlan _plan;
    private readonly bool _logarithm;

    public SoftmaxForwardKernel(SoftmaxForwardSpec spec, int threads) : this(new SoftmaxPlan(spec.Outer, spec.Length, spec.Inner), spec.Logarithm, threads) { }

    private SoftmaxForwardKernel(SoftmaxPlan plan, bool logarithm, int threads) : base(plan.Work)
    {
        _plan = plan;
        _logarithm = logarithm;
        ScratchBytes = (plan.Inner == 1 ? plan.Length : 3 * SoftmaxPlan.Block) * sizeof(T) * (long)threads;
    }

    public override void Execute(int worker, int workers)
    {
        if (_plan.Length == 0) return;
        var (begin, end) = ThreadTeam.Share(_plan.Pieces, worker, workers);
        for (var piece = begin; piece < end; piece++)
        {
            var (offset, lines) = _plan.Piece(piece);
            if (_plan.Inner == 1) Line(Buffer<T>(0) + offset, Buffer<T>(1) + offset, Buffer<T>(2) + (nint)worker * _plan.Length);
            else Lines(Buffer<T>(0) + offset, Buffer<T>(1) + offset, lines, Buffer<T>(2) + (nint)worker * 3 * SoftmaxPlan.Block);
        }
    }

    private void Line(T* source, T* target, T* scratch)
    {
        var x = new ReadOnlySpan<T>(source, _plan.Length);
        var y = new Span<T>(target, _plan.Length);
        TensorPrimitives.Subtract(x, TensorPrimitives.Max(x), y);
        var powers = _logarithm ? new Span<T>(scratch, _plan.Length) : y;
        TensorPrimitives.Exp(y, powers);
        var sum = TensorPrimitives.Sum<T>(powers);
        if (_logarithm) TensorPrimitives.Subtract(y, T.Log(sum), y);
        else TensorPrimitives.Divide(y, sum, y);
    }

    private void Lines(T* source, T* target, int lines, T* scratch)
    {
        var max = new Span<T>(scratch, lines);
        var sum = new Span<T>(scratch + SoftmaxPlan.Block, lines);
        var powers = new Span<T>(scratch + 2 * SoftmaxPlan.Block, lines);
        new ReadOnlySpan<T>(source, lines).CopyTo(max);
        for (var l = 1; l < _plan.Length; l++) TensorPrimitives.Max(max, Row(source, l, lines), max);
        sum.Clear();
        for (var l = 0; l < _plan.Length; l++)
        {
            var y = Row(target, l, lines);
            TensorPrimitives.Subtract(Row(source, l, lines), max, y);
            TensorPrimitives.Exp(y, powers);
            TensorPrimitives.Add(sum, powers, sum);
            if (!_logarithm) powers.CopyTo(y);
        }
        if (_logarithm) TensorPrimitives.Log(sum, sum);
        for (var l = 0; l < _plan.Length; l++)
        {
            var y = Row(target, l, lines);
            if (_logarithm) TensorPrimitives.Subtract(y, sum, y);
            else TensorPrimitives.Divide(y, sum, y);
        }
    }

    private Span<T> Row(T* data, int index, int lines) => new(data + (nint)index * _plan.Inner, lines);
}
