using System.Numerics;

namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>Maximum of each window. The workspace holds the row-major index in the window of the first largest element, or of the first NaN.</summary>
/// <typeparam name="T">The elements.</typeparam>
/// <typeparam name="TIndex">The workspace's elements: byte or int.</typeparam>
internal sealed unsafe class MaxPoolForwardKernel<T, TIndex>(PoolPlan plan, int threads) : PoolForwardKernel<T>(plan, 2, threads)
    where T : unmanaged, IFloatingPointIeee754<T>
    where TIndex : unmanaged, IBinaryInteger<TIndex>
{
    /// <summary>Indices are kept as numbers of type <typeparamref name="T"/>, so that they sit in vectors beside their elements; −1 is none yet.</summary>
    protected override void Begin(T* y, T* memory)
    {
        new Span<T>(y, Plan.Shape.Width.Positions).Fill(T.NegativeInfinity);
        new Span<T>(memory, Plan.Shape.Width.Positions).Fill(T.NegativeOne);
    }

    protected override void Take(T* values, int tap, T* y, T* memory, int count)
    {
        var index = T.CreateTruncating(tap);
        var indices = new Vector<T>(index);
        var i = 0;
        for (; i + Vector<T>.Count <= count; i += Vector<T>.Count)
        {
            var value = Vector.Load(values + i);
            var best = Vector.Load(y + i);
            var known = Vector.Load(memory + i);
            // "Not at most" is true of a larger element and of NaN, either of which wins, except against an earlier NaN.
            var wins = Vector.AndNot(Vector.Equals(best, best), Vector.LessThanOrEqual(value, best)) | Vector.LessThan(known, Vector<T>.Zero);
            Vector.ConditionalSelect(wins, value, best).Store(y + i);
            Vector.ConditionalSelect(wins, indices, known).Store(memory + i);
        }
        for (; i < count; i++)
        {
            if ((values[i] <= y[i] || T.IsNaN(y[i])) && memory[i] >= T.Zero) continue;
            y[i] = values[i];
            memory[i] = index;
        }
    }

    protected override void End(T* y, T* memory, nint position, int taps)
    {
        var workspace = Buffer<TIndex>(2) + position;
        for (var i = 0; i < Plan.Shape.Width.Positions; i++)
            workspace[i] = memory[i] > T.Zero ? T.ConvertToIntegerNative<TIndex>(memory[i]) : TIndex.Zero;
    }
}
