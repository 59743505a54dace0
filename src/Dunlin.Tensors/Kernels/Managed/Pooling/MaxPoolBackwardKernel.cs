using System.Numerics;

namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>Hands each output's gradient to the element that won its window.</summary>
internal sealed unsafe class MaxPoolBackwardKernel<T, TIndex>(PoolPlan plan) : ManagedKernel(plan.Work)
    where T : unmanaged, IFloatingPointIeee754<T>
    where TIndex : unmanaged, IBinaryInteger<TIndex>
{
    public override void Execute(int worker, int workers)
    {
        var (begin, end) = ThreadTeam.Share(plan.Planes, worker, workers);
        for (var plane = (nint)begin; plane < end; plane++)
            Plane(Buffer<T>(0) + plane * plan.Shape.Positions, Buffer<TIndex>(1) + plane * plan.Shape.Positions, Buffer<T>(2) + plane * plan.Shape.Elements);
    }

    private void Plane(T* dy, TIndex* indices, T* dx)
    {
        var (depth, height, width) = plan.Shape;
        new Span<T>(dx, plan.Shape.Elements).Clear();
        for (var d = 0; d < depth.Positions; d++)
            for (var h = 0; h < height.Positions; h++)
                for (var w = 0; w < width.Positions; w++, dy++, indices++)
                {
                    var line = Math.DivRem(int.CreateTruncating(*indices), width.Window, out var tapWidth);
                    var tapDepth = Math.DivRem(line, height.Window, out var tapHeight);
                    var sourceDepth = depth.Source(d, tapDepth);
                    var sourceHeight = height.Source(h, tapHeight);
                    var sourceWidth = width.Source(w, tapWidth);
                    // A window of nothing but padding has no winner.
                    if ((uint)sourceDepth >= (uint)depth.Length || (uint)sourceHeight >= (uint)height.Length || (uint)sourceWidth >= (uint)width.Length)
                        continue;
                    dx[((nint)sourceDepth * height.Length + sourceHeight) * width.Length + sourceWidth] += *dy;
                }
    }
}
