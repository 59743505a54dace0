using System.Numerics;

namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>Maximum of each window. The workspace holds the row-major index in the window of the first largest element, or of the first NaN.</summary>
/// <typeparam name="T">The elements.</typeparam>
/// <typeparam name="TIndex">The workspace's elements: byte or int.</typeparam>
internal sealed unsafe class MaxPoolForwardKernel<T, TIndex>(PoolPlan plan) : ManagedKernel(plan.Work)
    where T : unmanaged, IFloatingPointIeee754<T>
    where TIndex : unmanaged, IBinaryInteger<TIndex>
{
    public override void Execute(int worker, int workers)
    {
        var (begin, end) = ThreadTeam.Share(plan.Planes, worker, workers);
        for (var plane = (nint)begin; plane < end; plane++)
            Plane(Buffer<T>(0) + plane * plan.Shape.Elements, Buffer<T>(1) + plane * plan.Shape.Positions, Buffer<TIndex>(2) + plane * plan.Shape.Positions);
    }

    private void Plane(T* x, T* y, TIndex* indices)
    {
        var (depth, height, width) = plan.Shape;
        for (var d = 0; d < depth.Positions; d++)
        {
            var depths = new TapRange(depth, d);
            for (var h = 0; h < height.Positions; h++)
            {
                var heights = new TapRange(height, h);
                for (var w = 0; w < width.Positions; w++) (*y++, *indices++) = Window(x, depths, heights, new TapRange(width, w));
            }
        }
    }

    private (T Max, TIndex Index) Window(T* x, in TapRange depths, in TapRange heights, in TapRange widths)
    {
        var (_, height, width) = plan.Shape;
        var max = T.NegativeInfinity;
        var index = -1;
        for (var d = depths.Begin; d < depths.End; d++)
            for (var h = heights.Begin; h < heights.End; h++)
            {
                var line = x + ((nint)(depths.Source + d) * height.Length + heights.Source + h) * width.Length + widths.Source;
                var first = (d * height.Window + h) * width.Window;
                for (var w = widths.Begin; w < widths.End; w++)
                {
                    // "Not at most" is true of a larger element and of NaN, either of which wins, except against an earlier NaN.
                    if ((line[w] <= max && index >= 0) || T.IsNaN(max)) continue;
                    max = line[w];
                    index = first + w;
                }
            }
        return (max, TIndex.CreateTruncating(Math.Max(0, index)));
    }
}

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
