using System.Numerics;

namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>Spreads each output's gradient evenly over its window.</summary>
internal sealed unsafe class AveragePoolBackwardKernel<T>(PoolPlan plan, PoolKind kind) : ManagedKernel(plan.Work)
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public override void Execute(int worker, int workers)
    {
        var (depth, height, width) = plan.Shape;
        var (begin, end) = ThreadTeam.Share(plan.Planes, worker, workers);
        for (var plane = (nint)begin; plane < end; plane++)
        {
            var dy = Buffer<T>(0) + plane * plan.Shape.Positions;
            var dx = Buffer<T>(1) + plane * plan.Shape.Elements;
            new Span<T>(dx, plan.Shape.Elements).Clear();
            for (var d = 0; d < depth.Positions; d++)
                for (var h = 0; h < height.Positions; h++)
                    for (var w = 0; w < width.Positions; w++)
                        Spread(*dy++, dx, new TapRange(depth, d), new TapRange(height, h), new TapRange(width, w));
        }
    }

    private void Spread(T dy, T* dx, in TapRange depths, in TapRange heights, in TapRange widths)
    {
        var (_, height, width) = plan.Shape;
        var share = dy / plan.Divisor<T>(kind, depths.Count * heights.Count * widths.Count);
        for (var d = depths.Begin; d < depths.End; d++)
            for (var h = heights.Begin; h < heights.End; h++)
            {
                var line = dx + ((nint)(depths.Source + d) * height.Length + heights.Source + h) * width.Length + widths.Source;
                for (var w = widths.Begin; w < widths.End; w++) line[w] += share;
            }
    }
}
