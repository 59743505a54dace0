using System.Numerics;
using Dunlin.Graphs.Plans;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// The largest element of each region of each plane, or of element + weight, and where it was: the first of equals, the first NaN. The
/// outputs follow the inputs: the maxima, their places in the plane (Int64), and where there are weights the winners' taps (Int32).
/// </summary>
/// <param name="axes">Three dimensions.</param>
/// <param name="planes">How many planes there are.</param>
/// <param name="channels">With weights, of how many channels: plane p has those of channel p modulo channels. Else 0.</param>
/// <param name="inputs">How many inputs come before the outputs.</param>
internal unsafe class RegionMaxKernel<T>(RegionAxis[] axes, long planes, int channels, int inputs)
    : ParallelKernel(planes * axes.Aggregate(1L, (n, a) => n * a.Counts.Sum())) where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly int[][] _starts = [.. axes.Select(a => a.Starts)];
    private readonly long _elements = axes.Aggregate(1L, (n, a) => n * a.Length);
    private readonly long _positions = axes.Aggregate(1L, (n, a) => n * a.Positions);
    private readonly long _taps = axes.Aggregate(1L, (n, a) => n * (a.Counts.Length > 0 ? a.Counts[0] : 0));

    public override void Execute(int worker, int workers)
    {
        var (begin, end) = ThreadTeam.Share(planes, worker, workers);
        for (var plane = begin; plane < end; plane++)
        {
            var weights = channels > 0 ? Operand<T>(1) + plane % channels * _taps : null;
            Plane(Operand<T>(0) + plane * _elements, weights, plane * _positions, Starts(plane, worker));
        }
    }

    /// <summary>Where the regions of a plane start.</summary>
    protected virtual int[][] Starts(long plane, int worker) => _starts;

    private void Plane(T* x, T* weights, long at, int[][] starts)
    {
        for (var d = 0; d < axes[0].Positions; d++)
            for (var h = 0; h < axes[1].Positions; h++)
                for (var w = 0; w < axes[2].Positions; w++, at++)
                    Region(x, weights, at, (starts[0][d], axes[0].Counts[d]), (starts[1][h], axes[1].Counts[h]), (starts[2][w], axes[2].Counts[w]));
    }

    private void Region(T* x, T* weights, long at, (int Start, int Count) depths, (int Start, int Count) heights, (int Start, int Count) widths)
    {
        var (best, place, winner) = (T.NegativeInfinity, -1L, 0);
        for (var kd = 0; kd < depths.Count; kd++)
        {
            var d = depths.Start + kd * axes[0].Step;
            if ((uint)d >= (uint)axes[0].Length) continue;
            for (var kh = 0; kh < heights.Count; kh++)
            {
                var h = heights.Start + kh * axes[1].Step;
                if ((uint)h >= (uint)axes[1].Length) continue;
                var line = ((long)d * axes[1].Length + h) * axes[2].Length;
                var tap = (kd * heights.Count + kh) * widths.Count;
                for (var (kw, i) = (0, widths.Start); kw < widths.Count; kw++, i += axes[2].Step)
                {
                    if ((uint)i >= (uint)axes[2].Length) continue;
                    var value = weights == null ? x[line + i] : x[line + i] + weights[tap + kw];
                    if (place >= 0 && (value <= best || T.IsNaN(best))) continue;
                    (best, place, winner) = (value, line + i, tap + kw);
                }
            }
        }
        Operand<T>(inputs)[at] = best;
        Operand<long>(inputs + 1)[at] = place;
        if (weights != null) Operand<int>(inputs + 2)[at] = winner;
    }
}
