namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>One spatial dimension of a sliding window.</summary>
/// <param name="Length">Elements of the input.</param>
/// <param name="Window">Taps.</param>
/// <param name="Stride">Elements between neighbouring positions.</param>
/// <param name="Dilation">Elements between neighbouring taps.</param>
/// <param name="Pad">Zeros before the input.</param>
/// <param name="Positions">Elements of the output.</param>
internal readonly record struct WindowAxis(int Length, int Window, int Stride, int Dilation, int Pad, int Positions)
{
    /// <summary>A dimension that is not there.</summary>
    public static WindowAxis None => new(1, 1, 1, 1, 0, 1);

    /// <summary>Where in the input a tap lies; outside of it on padding.</summary>
    public int Source(int position, int tap) => position * Stride + tap * Dilation - Pad;

    /// <summary>The positions whose given tap lies inside the input.</summary>
    public (int Begin, int End) Inside(int tap)
    {
        var first = Pad - tap * Dilation;
        var begin = first <= 0 ? 0 : (first + Stride - 1) / Stride;
        var last = Length - 1 + first;
        var end = last < 0 ? 0 : Math.Min(last / Stride + 1, Positions);
        return (Math.Min(begin, end), end);
    }
}

/// <summary>A sliding window over three spatial dimensions; missing ones, outermost first, have length 1.</summary>
internal readonly record struct WindowShape(WindowAxis Depth, WindowAxis Height, WindowAxis Width)
{
    public int Taps => Depth.Window * Height.Window * Width.Window;

    public int Positions => Depth.Positions * Height.Positions * Width.Positions;

    public int Elements => Depth.Length * Height.Length * Width.Length;

    /// <summary>Whether each position has one tap, on the element of the same index.</summary>
    public bool IsPointwise => Taps == 1 && IsPlain(Depth) && IsPlain(Height) && IsPlain(Width);

    public static WindowShape Of(ConvGeometry g) => Of(g.Input.Rank - 2, i =>
        new(g.Input[i + 2], g.Weights[i + 2], g.Strides[i], g.Dilations[i], g.PadBegin[i], g.Output[i + 2]));

    public static WindowShape Of(PoolGeometry g) => Of(g.Input.Rank - 2, i =>
        new(g.Input[i + 2], g.Window[i], g.Strides[i], 1, g.PadBegin[i], g.Output[i + 2]));

    private static WindowShape Of(int dimensions, Func<int, WindowAxis> axis) => new(
        dimensions > 2 ? axis(0) : WindowAxis.None,
        dimensions > 1 ? axis(dimensions - 2) : WindowAxis.None,
        axis(dimensions - 1));

    private static bool IsPlain(WindowAxis axis) => axis is { Stride: 1, Pad: 0 } && axis.Positions == axis.Length;
}
