using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.Intrinsics;

namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>
/// Convolutions with one input channel a group, plane by plane: as products their matrices would have a row or two, and most of the work of
/// forming columns and packing them would be for nothing. Each plane is copied into working memory with zeros around it (<see cref="PaddedPlane{T}"/>), where
/// every output is a sum over the same offsets, computed in registers for four rows at a time.
/// </summary>
internal static class Depthwise
{
    /// <summary>Beyond so many outputs of an input channel, products are faster.</summary>
    private const int MostOutputs = 4;

    /// <summary>Whether these kernels are the better ones.</summary>
    public static bool Suits(ConvGeometry geometry) => geometry.Weights[1] == 1 && geometry.Weights[0] <= MostOutputs * (long)geometry.Groups
        && geometry.Input.ElementCount > 0 && geometry.Output.ElementCount > 0 && geometry.Weights.ElementCount > 0;

    public static Kernel Forward<T>(ConvForwardSpec s, int threads) where T : unmanaged, IFloatingPointIeee754<T> => Bits<T>(s.Geometry.Output[^1]) switch
    {
        512 => new DepthwiseForwardKernel<T, Vector512<T>, Lanes512<T>>(s, threads),
        256 => new DepthwiseForwardKernel<T, Vector256<T>, Lanes256<T>>(s, threads),
        _ => new DepthwiseForwardKernel<T, Vector128<T>, Lanes128<T>>(s, threads),
    };

    public static Kernel BackwardData<T>(ConvBackwardDataSpec s, int threads) where T : unmanaged, IFloatingPointIeee754<T> => Bits<T>(s.Geometry.Input[^1] / s.Geometry.Strides[^1]) switch
    {
        512 => new DepthwiseBackwardDataKernel<T, Vector512<T>, Lanes512<T>>(s, threads),
        256 => new DepthwiseBackwardDataKernel<T, Vector256<T>, Lanes256<T>>(s, threads),
        _ => new DepthwiseBackwardDataKernel<T, Vector128<T>, Lanes128<T>>(s, threads),
    };

    public static Kernel BackwardWeights<T>(ConvBackwardWeightsSpec s, int threads) where T : unmanaged, IFloatingPointIeee754<T> => Bits<T>(s.Geometry.Output[^1]) switch
    {
        512 => new DepthwiseBackwardWeightsKernel<T, Vector512<T>, Lanes512<T>>(s, threads),
        256 => new DepthwiseBackwardWeightsKernel<T, Vector256<T>, Lanes256<T>>(s, threads),
        _ => new DepthwiseBackwardWeightsKernel<T, Vector128<T>, Lanes128<T>>(s, threads),
    };

    /// <summary>The width of vectors for rows of a length: the smallest that takes one at once, else the largest there is.</summary>
    private static int Bits<T>(int columns) =>
        Vector512.IsHardwareAccelerated && columns > Vector256<T>.Count ? 512
        : Vector256.IsHardwareAccelerated && columns > Vector128<T>.Count ? 256
        : 128;
}

/// <summary>What the three kernels share.</summary>
internal abstract unsafe class DepthwiseKernel<T, TVector, TLanes> : ManagedKernel
    where T : unmanaged, IFloatingPointIeee754<T> where TVector : struct where TLanes : ILanes<T, TVector>
{
    private readonly int _scratchBuffer;
    private readonly long _scratch;

    /// <summary>Prepares the working memory: <paramref name="elements"/> for each thread.</summary>
    protected DepthwiseKernel(ConvGeometry geometry, int scratchBuffer, long elements, int threads) : base((double)geometry.Output.ElementCount * (geometry.Weights[2..].ElementCount + 2) / 16)
    {
        Shape = WindowShape.Of(geometry);
        (Images, Channels, Outputs) = (geometry.Input[0], geometry.Input[1], geometry.Weights[0]);
        _scratchBuffer = scratchBuffer;
        _scratch = Gemm<T>.Align(elements);
        ScratchBytes = _scratch * threads * sizeof(T);
    }

    protected WindowShape Shape { get; }

    protected int Images { get; }

    protected int Channels { get; }

    protected int Outputs { get; }

    /// <summary>Output channels of an input channel.</summary>
    protected int Multiplier => Outputs / Channels;

    /// <summary>The worker's own memory, filled with zeros.</summary>
    protected T* Cleared(int worker)
    {
        var start = Buffer<T>(_scratchBuffer) + worker * (nint)_scratch;
        System.Runtime.InteropServices.NativeMemory.Clear(start, (nuint)(_scratch * sizeof(T)));
        return start;
    }

    /// <summary>Rounded up to whole vectors.</summary>
    protected static int Whole(int columns) => Packing<T>.RoundUp(columns, TLanes.Count);

    /// <summary>The input as the window sees it.</summary>
    protected static PaddedPlane<T> PlaneOf(ConvGeometry geometry)
    {
        var (depth, height, width) = WindowShape.Of(geometry);
        // Whole vectors of positions, and as far as the last tap reaches beyond.
        return new(Axis(depth), Axis(height), Axis(width), width.Stride, Whole(width.Positions) + (width.Window - 1) * width.Dilation / width.Stride);

        static PaddedAxis Axis(WindowAxis a) => new(a.Length, a.Pad, (a.Positions - 1) * a.Stride + (a.Window - 1) * a.Dilation + 1);
    }

    /// <summary>Where the taps lie, seen from the window's first element.</summary>
    protected static nint[] OffsetsOf(ConvGeometry geometry)
    {
        var (depth, height, width) = WindowShape.Of(geometry);
        var plane = PlaneOf(geometry);
        return [.. from d in Enumerable.Range(0, depth.Window)
                   from h in Enumerable.Range(0, height.Window)
                   from w in Enumerable.Range(0, width.Window)
                   select plane.Offset(d * depth.Dilation, h * height.Dilation, w * width.Dilation)];
    }
}

/// <summary>y = act(conv(x, w) + bias). Threads take planes of the input.</summary>
internal sealed unsafe class DepthwiseForwardKernel<T, TVector, TLanes>(ConvForwardSpec spec, int threads)
    : DepthwiseKernel<T, TVector, TLanes>(spec.Geometry, spec.Bias ? 4 : 3, PlaneOf(spec.Geometry).Elements, threads)
    where T : unmanaged, IFloatingPointIeee754<T> where TVector : struct where TLanes : ILanes<T, TVector>
{
    private readonly PaddedPlane<T> _plane = PlaneOf(spec.Geometry);
    private readonly nint[] _offsets = OffsetsOf(spec.Geometry);

    public override void Execute(int worker, int workers)
    {
        var (depth, height, width) = Shape;
        var padded = Cleared(worker);
        var (begin, end) = ThreadTeam.Share((long)Images * Channels, worker, workers);
        fixed (nint* offsets = _offsets)
            for (var plane = (nint)begin; plane < end; plane++)
            {
                _plane.Fill(Buffer<T>(0) + plane * Shape.Elements, padded);
                for (var m = 0; m < Multiplier; m++)
                {
                    var output = (int)(plane % Channels) * Multiplier + m;
                    var y = Buffer<T>(spec.Bias ? 3 : 2) + (plane * Multiplier + m) * Shape.Positions;
                    for (var d = 0; d < depth.Positions; d++)
                        TapSums<T, TVector, TLanes>.Run(padded + d * depth.Stride * _plane.Slice, height.Stride * _plane.Row, offsets, Buffer<T>(1) + (nint)output * Shape.Taps, Shape.Taps,
                            y + (nint)d * height.Positions * width.Positions, width.Positions, height.Positions, width.Positions, spec.Bias ? Buffer<T>(2)[output] : T.Zero);
                    if (spec.Activation == Activation.Relu) TensorPrimitives.Max(new ReadOnlySpan<T>(y, Shape.Positions), T.Zero, new Span<T>(y, Shape.Positions));
                }
            }
    }
}

/// <summary>
/// ∂/∂x. An element meets the taps whose distance from it is a multiple of the stride: the elements of equal rest are a convolution of dy by some of the taps, turned
/// round. Threads take planes of the input.
/// </summary>
internal sealed unsafe class DepthwiseBackwardDataKernel<T, TVector, TLanes> : DepthwiseKernel<T, TVector, TLanes>
    where T : unmanaged, IFloatingPointIeee754<T> where TVector : struct where TLanes : ILanes<T, TVector>
{
    private readonly PaddedPlane<T> _plane;
    private readonly Phase[] _phases;

    public DepthwiseBackwardDataKernel(ConvBackwardDataSpec spec, int threads) : base(spec.Geometry, 3, Elements(spec.Geometry), threads)
    {
        _plane = GradientOf(spec.Geometry);
        var (depth, height, width) = Shape;
        _phases = [.. from d in Enumerable.Range(0, depth.Stride) from h in Enumerable.Range(0, height.Stride) from w in Enumerable.Range(0, width.Stride)
                      select PhaseOf(d, h, w) into phase where phase.Depth.Count > 0 && phase.Height.Count > 0 && phase.Width.Count > 0 select phase];
    }

    /// <summary>Elements whose place, counted from the window's first, leaves a rest by the stride.</summary>
    /// <param name="First">The first such element's place over the stride.</param>
    /// <param name="Count">How many there are.</param>
    /// <param name="Start">The first such element.</param>
    private readonly record struct Rest(int First, int Count, int Start)
    {
        public static Rest Of(WindowAxis axis, int rest)
        {
            var first = Math.Max(0, (axis.Pad - rest + axis.Stride - 1) / axis.Stride);
            var last = axis.Length - 1 + axis.Pad - rest;
            return new(first, last < 0 ? 0 : Math.Max(0, last / axis.Stride - first + 1), first * axis.Stride + rest - axis.Pad);
        }
    }

    /// <summary>Elements of equal rest, the taps that they meet, and where those lie in dy.</summary>
    private sealed record Phase(Rest Depth, Rest Height, Rest Width, int[] Taps, nint[] Offsets);

    public override void Execute(int worker, int workers)
    {
        var (depth, height, width) = Shape;
        var padded = Cleared(worker);
        var weights = padded + (nint)_plane.Elements * Multiplier;
        var part = weights + Gemm<T>.Align((long)Shape.Taps * Multiplier);
        var isPlain = height.Stride == 1 && width.Stride == 1;
        var (begin, end) = ThreadTeam.Share((long)Images * Channels, worker, workers);
        for (var plane = (nint)begin; plane < end; plane++)
        {
            for (var m = 0; m < Multiplier; m++) _plane.Fill(Buffer<T>(1) + (plane * Multiplier + m) * Shape.Positions, padded + m * (nint)_plane.Elements);
            foreach (var phase in _phases)
            {
                var w = Buffer<T>(0) + plane % Channels * Multiplier * Shape.Taps;
                for (var k = 0; k < phase.Taps.Length; k++) weights[k] = w[phase.Taps[k]];
                for (var d = 0; d < phase.Depth.Count; d++)
                {
                    var dx = Buffer<T>(2) + plane * Shape.Elements + (nint)(phase.Depth.Start + d * depth.Stride) * height.Length * width.Length;
                    var source = padded + _plane.Offset(phase.Depth.First + d, phase.Height.First, phase.Width.First);
                    var (target, row) = isPlain ? ((nint)(dx + (nint)phase.Height.Start * width.Length + phase.Width.Start), width.Length) : ((nint)part, phase.Width.Count);
                    fixed (nint* offsets = phase.Offsets)
                        TapSums<T, TVector, TLanes>.Run(source, _plane.Row, offsets, weights, phase.Taps.Length, (T*)target, row, phase.Height.Count, phase.Width.Count, T.Zero);
                    if (!isPlain) Spread(part, phase, dx);
                }
            }
        }
    }

    /// <summary>Deals the elements of a phase to their places.</summary>
    private void Spread(T* part, Phase phase, T* dx)
    {
        for (var h = 0; h < phase.Height.Count; h++)
        {
            var line = dx + (nint)(phase.Height.Start + h * Shape.Height.Stride) * Shape.Width.Length + phase.Width.Start;
            for (var w = 0; w < phase.Width.Count; w++) line[w * Shape.Width.Stride] = *part++;
        }
    }

    private Phase PhaseOf(int d, int h, int w)
    {
        var (depth, height, width) = Shape;
        var taps = (from m in Enumerable.Range(0, Multiplier)
                    from td in Enumerable.Range(0, depth.Window)
                    from th in Enumerable.Range(0, height.Window)
                    from tw in Enumerable.Range(0, width.Window)
                    where td * depth.Dilation % depth.Stride == d && th * height.Dilation % height.Stride == h && tw * width.Dilation % width.Stride == w
                    select (Tap: ((m * depth.Window + td) * height.Window + th) * width.Window + tw,
                        Offset: m * (nint)_plane.Elements + _plane.Offset(Reach(depth) - td * depth.Dilation / depth.Stride, Reach(height) - th * height.Dilation / height.Stride, Reach(width) - tw * width.Dilation / width.Stride))).ToList();
        return new(Rest.Of(depth, d), Rest.Of(height, h), Rest.Of(width, w), [.. taps.Select(t => t.Tap)], [.. taps.Select(t => t.Offset)]);
    }

    /// <summary>How many positions lie between those of a window's first and last tap on one element.</summary>
    private static int Reach(WindowAxis axis) => (axis.Window - 1) * axis.Dilation / axis.Stride;

    /// <summary>dy with room before it for the last tap, and as long as the first tap reaches.</summary>
    private static PaddedPlane<T> GradientOf(ConvGeometry geometry)
    {
        var (depth, height, width) = WindowShape.Of(geometry);
        // The last vector may begin with the last element.
        return new(Axis(depth), Axis(height), Axis(width), 1, Axis(width).Padded + TLanes.Count - 1);

        static PaddedAxis Axis(WindowAxis a) => new(a.Positions, Reach(a), Reach(a) + (a.Length - 1 + a.Pad) / a.Stride + 1);
    }

    private static long Elements(ConvGeometry geometry)
    {
        var shape = WindowShape.Of(geometry);
        var multiplier = geometry.Weights[0] / geometry.Input[1];
        return GradientOf(geometry).Elements * multiplier + Gemm<T>.Align((long)shape.Taps * multiplier) + (long)shape.Height.Length * shape.Width.Length;
    }
}

/// <summary>
/// ∂/∂w. Threads take input channels, so that their number changes no bit. Each tap has a vector of sums, which are added up in the end.
/// </summary>
internal sealed unsafe class DepthwiseBackwardWeightsKernel<T, TVector, TLanes>(ConvBackwardWeightsSpec spec, int threads)
    : DepthwiseKernel<T, TVector, TLanes>(spec.Geometry, spec.Bias ? 4 : 3, PlaneOf(spec.Geometry).Elements + GradientOf(spec.Geometry).Elements + Sums(spec.Geometry), threads)
    where T : unmanaged, IFloatingPointIeee754<T> where TVector : struct where TLanes : ILanes<T, TVector>
{
    private readonly PaddedPlane<T> _plane = PlaneOf(spec.Geometry), _gradient = GradientOf(spec.Geometry);
    private readonly nint[] _offsets = OffsetsOf(spec.Geometry);

    public override void Execute(int worker, int workers)
    {
        var (depth, height, width) = Shape;
        var padded = Cleared(worker);
        var gradient = padded + (nint)_plane.Elements;
        var sums = gradient + (nint)_gradient.Elements;
        var dbias = spec.Bias ? Buffer<T>(3) : null;
        var (begin, end) = ThreadTeam.Share(Channels, worker, workers);
        for (var channel = (nint)begin; channel < end; channel++)
        {
            new Span<T>(sums, checked((int)Sums(spec.Geometry))).Clear();
            if (dbias != null) new Span<T>(dbias + channel * Multiplier, Multiplier).Clear();
            for (var image = (nint)0; image < Images; image++)
            {
                _plane.Fill(Buffer<T>(0) + (image * Channels + channel) * Shape.Elements, padded);
                for (var m = 0; m < Multiplier; m++)
                {
                    var dy = Buffer<T>(1) + (image * Outputs + channel * Multiplier + m) * Shape.Positions;
                    if (dbias != null) dbias[channel * Multiplier + m] += TensorPrimitives.Sum(new ReadOnlySpan<T>(dy, Shape.Positions));
                    _gradient.Fill(dy, gradient);
                    fixed (nint* offsets = _offsets)
                        for (var d = 0; d < depth.Positions; d++)
                            TapSums<T, TVector, TLanes>.Dots(padded + d * depth.Stride * _plane.Slice, height.Stride * _plane.Row, offsets, Shape.Taps,
                                gradient + d * _gradient.Slice, _gradient.Row, height.Positions, width.Positions, sums + (nint)m * Shape.Taps * TLanes.Count);
                }
            }
            for (var tap = 0; tap < Shape.Taps * Multiplier; tap++) Buffer<T>(2)[channel * Multiplier * Shape.Taps + tap] = TensorPrimitives.Sum(new ReadOnlySpan<T>(sums + tap * TLanes.Count, TLanes.Count));
        }
    }

    /// <summary>dy with zeros after each row, up to whole vectors.</summary>
    private static PaddedPlane<T> GradientOf(ConvGeometry geometry)
    {
        var (depth, height, width) = WindowShape.Of(geometry);
        return new(Axis(depth), Axis(height), Axis(width), 1, Whole(width.Positions));

        static PaddedAxis Axis(WindowAxis a) => new(a.Positions, 0, a.Positions);
    }

    private static long Sums(ConvGeometry geometry) => geometry.Weights.ElementCount / geometry.Input[1] * TLanes.Count;
}
