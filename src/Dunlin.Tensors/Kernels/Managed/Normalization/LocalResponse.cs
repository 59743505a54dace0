using System.Numerics;
using System.Numerics.Tensors;

namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>
/// Local response normalisation (Krizhevsky et al., 2012). Threads take blocks of positions of an image, small enough that the channels of
/// a block stay in the cache while each is read once for every window that it is in.
/// </summary>
internal abstract unsafe class LocalResponseKernel<T> : ManagedKernel where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>Positions handled at once: a kibibyte a channel, so that a hundred channels fit the second-level cache.</summary>
    private const int Block = 256;

    private readonly int _images, _blocks, _scratchRows, _scratchBuffer;

    protected LocalResponseKernel(LrnForwardSpec spec, int scratchBuffer, int scratchRows, int threads) : base((double)spec.Input.ElementCount * spec.Size / 4)
    {
        (Spec, _images, Channels, Area) = (spec, spec.Input[0], spec.Input[1], checked((int)spec.Input[2..].ElementCount));
        _blocks = (Area + Block - 1) / Block;
        (_scratchBuffer, _scratchRows) = (scratchBuffer, scratchRows);
        ScratchBytes = (long)scratchRows * Block * sizeof(T) * threads;
    }

    protected LrnForwardSpec Spec { get; }

    protected int Channels { get; }

    protected int Area { get; }

    /// <summary>The elements of a row of working memory.</summary>
    protected static int RowLength => Block;

    public sealed override void Execute(int worker, int workers)
    {
        var scratch = _scratchRows == 0 ? null : Buffer<T>(_scratchBuffer) + (nint)worker * _scratchRows * Block;
        var (begin, end) = ThreadTeam.Share((long)_images * _blocks, worker, workers);
        for (var task = begin; task < end; task++)
        {
            var position = (int)(task % _blocks) * Block;
            Positions((nint)(task / _blocks) * Channels * Area + position, Math.Min(Block, Area - position), scratch);
        }
    }

    /// <summary>Handles all channels of some positions.</summary>
    protected abstract void Positions(nint offset, int count, T* scratch);

    /// <summary>s = K + α / n · Σ x² over the window of a channel.</summary>
    protected void Sums(nint offset, int channel, T* s, int count)
    {
        new Span<T>(s, count).Clear();
        var last = Math.Min(Channels - 1, channel + (Spec.Size - 1) / 2);
        for (var c = Math.Max(0, channel - Spec.Size / 2); c <= last; c++)
        {
            var x = new ReadOnlySpan<T>(Buffer<T>(0) + offset + (nint)c * Area, count);
            TensorPrimitives.MultiplyAdd(x, x, new ReadOnlySpan<T>(s, count), new Span<T>(s, count));
        }
        var span = new Span<T>(s, count);
        TensorPrimitives.Multiply(span, T.CreateChecked(Spec.Alpha / Spec.Size), span);
        TensorPrimitives.Add(span, T.CreateChecked(Spec.K), span);
    }

    /// <summary>sᵝ with the exponent −β, of which ¾ (nearly always), ½ and 1 need no logarithm.</summary>
    protected void Power(T* s, T* power, int count)
    {
        if (Spec.Beta is 0.75 or 0.5 or 1)
        {
            var i = 0;
            for (; i + Vector<T>.Count <= count; i += Vector<T>.Count)
            {
                var inverse = Vector<T>.One / Vector.Load(s + i);
                var root = Spec.Beta == 1 ? inverse : Vector.SquareRoot(inverse);
                (Spec.Beta == 0.75 ? root * Vector.SquareRoot(root) : root).Store(power + i);
            }
            for (; i < count; i++)
            {
                var inverse = T.One / s[i];
                var root = Spec.Beta == 1 ? inverse : T.Sqrt(inverse);
                power[i] = Spec.Beta == 0.75 ? root * T.Sqrt(root) : root;
            }
            return;
        }
        var exponent = T.CreateChecked(-Spec.Beta);
        for (var i = 0; i < count; i++) power[i] = T.Pow(s[i], exponent);
    }
}

/// <summary>y = x · sᵝ with the exponent −β.</summary>
internal sealed unsafe class LrnForwardKernel<T>(LrnForwardSpec spec, int threads) : LocalResponseKernel<T>(spec, 2, 0, threads) where T : unmanaged, IFloatingPointIeee754<T>
{
    protected override void Positions(nint offset, int count, T* scratch)
    {
        for (var channel = 0; channel < Channels; channel++)
        {
            var y = Buffer<T>(1) + offset + (nint)channel * Area;
            Sums(offset, channel, y, count);
            Power(y, y, count);
            TensorPrimitives.Multiply(new ReadOnlySpan<T>(Buffer<T>(0) + offset + (nint)channel * Area, count), new ReadOnlySpan<T>(y, count), new Span<T>(y, count));
        }
    }
}

/// <summary>
/// dx = dy · p − 2αβ / n · x · Σ dy · x · p / s, p being s to the power −β, over the channels in whose windows the element is.
/// Working memory for a block: p and then dy · x · p / s of all channels, and a row of s.
/// </summary>
internal sealed unsafe class LrnBackwardKernel<T>(LrnBackwardSpec spec, int threads)
    : LocalResponseKernel<T>(new(spec.Type, spec.Input, spec.Size, spec.Alpha, spec.Beta, spec.K), 3, 2 * spec.Input[1] + 1, threads) where T : unmanaged, IFloatingPointIeee754<T>
{
    protected override void Positions(nint offset, int count, T* scratch)
    {
        var terms = scratch + (nint)Channels * RowLength;
        var s = terms + (nint)Channels * RowLength;
        for (var channel = 0; channel < Channels; channel++)
        {
            Sums(offset, channel, s, count);
            var power = scratch + (nint)channel * RowLength;
            Power(s, power, count);
            var term = new Span<T>(terms + (nint)channel * RowLength, count);
            TensorPrimitives.Divide(new ReadOnlySpan<T>(power, count), new ReadOnlySpan<T>(s, count), term);
            TensorPrimitives.Multiply(term, new ReadOnlySpan<T>(Buffer<T>(0) + offset + (nint)channel * Area, count), term);
            TensorPrimitives.Multiply(term, new ReadOnlySpan<T>(Buffer<T>(1) + offset + (nint)channel * Area, count), term);
        }
        var sum = new Span<T>(s, count);
        for (var channel = 0; channel < Channels; channel++)
        {
            sum.Clear();
            // The channels whose windows reach this one: the window turned round.
            var last = Math.Min(Channels - 1, channel + Spec.Size / 2);
            for (var c = Math.Max(0, channel - (Spec.Size - 1) / 2); c <= last; c++) TensorPrimitives.Add(sum, new ReadOnlySpan<T>(terms + (nint)c * RowLength, count), sum);
            TensorPrimitives.Multiply(sum, T.CreateChecked(-2 * Spec.Alpha * Spec.Beta / Spec.Size), sum);
            TensorPrimitives.Multiply(sum, new ReadOnlySpan<T>(Buffer<T>(0) + offset + (nint)channel * Area, count), sum);
            TensorPrimitives.MultiplyAdd(new ReadOnlySpan<T>(Buffer<T>(1) + offset + (nint)channel * Area, count), new ReadOnlySpan<T>(scratch + (nint)channel * RowLength, count), sum,
                new Span<T>(Buffer<T>(2) + offset + (nint)channel * Area, count));
        }
    }
}
