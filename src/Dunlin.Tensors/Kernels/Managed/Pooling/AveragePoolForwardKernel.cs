using System.Numerics;

namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>Mean of each window; 0 where the window holds nothing but padding.</summary>
internal sealed unsafe class AveragePoolForwardKernel<T>(PoolPlan plan, PoolKind kind, int threads) : PoolForwardKernel<T>(plan, 1, threads)
    where T : unmanaged, IFloatingPointIeee754<T>
{
    protected override void Begin(T* y, T* memory) => new Span<T>(y, Plan.Shape.Width.Positions).Clear();

    protected override void Take(T* values, int tap, T* y, T* memory, int count) => Lines<T>.Add(values, y, count);

    protected override void End(T* y, T* memory, nint position, int taps)
    {
        var width = Plan.Shape.Width;
        var count = -1;
        var divisor = T.One;
        for (var i = 0; i < width.Positions; i++)
        {
            // Away from the edges all windows are alike.
            var inside = new TapRange(width, i).Count;
            if (inside != count) divisor = Plan.Divisor<T>(kind, taps * inside);
            count = inside;
            y[i] /= divisor;
        }
    }
}
