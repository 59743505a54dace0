using System.Numerics;

namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>
/// Pools one line of positions at a time: each tap's elements are brought side by side, and then taken into the whole line by vectors.
/// </summary>
internal abstract unsafe class PoolForwardKernel<T> : ManagedKernel where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly int _outputs;

    protected PoolForwardKernel(PoolPlan plan, int outputs, int threads) : base(plan.Work)
    {
        Plan = plan;
        _outputs = outputs;
        ScratchBytes = 2 * LineElements * sizeof(T) * threads;
    }

    protected PoolPlan Plan { get; }

    private long LineElements => Gemm<T>.Align(Plan.Shape.Width.Positions);

    public override void Execute(int worker, int workers)
    {
        var (depth, height, width) = Plan.Shape;
        var scratch = Buffer<T>(1 + _outputs) + worker * 2 * LineElements;
        var (begin, end) = ThreadTeam.Share(Plan.Planes, worker, workers);
        for (var plane = (nint)begin; plane < end; plane++)
        {
            var x = Buffer<T>(0) + plane * Plan.Shape.Elements;
            var position = plane * Plan.Shape.Positions;
            for (var d = 0; d < depth.Positions; d++)
                for (var h = 0; h < height.Positions; h++, position += width.Positions)
                    Line(x, new TapRange(depth, d), new TapRange(height, h), position, scratch, scratch + LineElements);
        }
    }

    private void Line(T* x, in TapRange depths, in TapRange heights, nint position, T* memory, T* scratch)
    {
        var (_, height, width) = Plan.Shape;
        var y = Buffer<T>(1) + position;
        Begin(y, memory);
        for (var d = depths.Begin; d < depths.End; d++)
            for (var h = heights.Begin; h < heights.End; h++)
            {
                var line = x + ((nint)(depths.Source + d) * height.Length + heights.Source + h) * width.Length;
                for (var w = 0; w < width.Window; w++)
                {
                    var (begin, end) = width.Inside(w);
                    if (begin >= end) continue;
                    var values = line + width.Source(begin, w);
                    if (width.Stride > 1)
                    {
                        Lines<T>.CopyEvery(values, width.Stride, scratch, end - begin);
                        values = scratch;
                    }
                    Take(values, (d * height.Window + h) * width.Window + w, y + begin, memory + begin, end - begin);
                }
            }
        End(y, memory, position, depths.Count * heights.Count);
    }

    /// <summary>Prepares a line of outputs, and of what else is remembered of each.</summary>
    protected abstract void Begin(T* y, T* memory);

    /// <summary>Takes one tap's elements into part of the line.</summary>
    protected abstract void Take(T* values, int tap, T* y, T* memory, int count);

    /// <summary>Completes a line.</summary>
    /// <param name="y">The line.</param>
    /// <param name="memory">What was remembered.</param>
    /// <param name="position">The line's first position in the outputs.</param>
    /// <param name="taps">Taps that lie inside the input in the other two dimensions.</param>
    protected abstract void End(T* y, T* memory, nint position, int taps);
}
