using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>
/// Convolutions with one input channel a group, line by line: as products their matrices would have a row or two, and most of the work of
/// forming columns and packing them would be for nothing.
/// </summary>
internal abstract unsafe class DepthwiseKernel<T> : ManagedKernel where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>Beyond so many outputs of an input channel, products are faster.</summary>
    private const int MostOutputs = 4;

    private readonly WindowShape _shape;
    private readonly (int Begin, int End)[] _inside;

    protected DepthwiseKernel(ConvGeometry geometry) : base((double)geometry.Output.ElementCount * geometry.Weights[2..].ElementCount / 8)
    {
        _shape = WindowShape.Of(geometry);
        _inside = [.. Enumerable.Range(0, _shape.Width.Window).Select(t => _shape.Width.Inside(t))];
        (Images, Channels, Outputs) = (geometry.Input[0], geometry.Input[1], geometry.Weights[0]);
    }

    protected int Images { get; }

    protected int Channels { get; }

    protected int Outputs { get; }

    /// <summary>Output channels of an input channel.</summary>
    protected int Multiplier => Outputs / Math.Max(1, Channels);

    protected int Taps => _shape.Taps;

    protected int Elements => _shape.Elements;

    protected int Positions => _shape.Positions;

    /// <summary>Whether these kernels are the better ones.</summary>
    public static bool Suits(ConvGeometry geometry) => geometry.Weights[1] == 1 && geometry.Weights[0] <= MostOutputs * (long)geometry.Groups;

    /// <summary>Handles all lines and taps of a plane of x, the plane of y that belongs to it, and the taps between, <paramref name="tapStep"/> elements apart.</summary>
    protected void Plane<TStep>(T* x, T* y, T* taps, int tapStep) where TStep : IStep
    {
        var (depth, height, width) = _shape;
        for (var d = 0; d < depth.Positions; d++)
            for (var h = 0; h < height.Positions; h++, y += width.Positions)
                for (var td = 0; td < depth.Window; td++)
                {
                    var sourceDepth = depth.Source(d, td);
                    if ((uint)sourceDepth >= (uint)depth.Length) continue;
                    for (var th = 0; th < height.Window; th++)
                    {
                        var sourceHeight = height.Source(h, th);
                        if ((uint)sourceHeight >= (uint)height.Length) continue;
                        var line = x + ((nint)sourceDepth * height.Length + sourceHeight) * width.Length;
                        var tap = taps + (td * height.Window + th) * width.Window * tapStep;
                        for (var tw = 0; tw < width.Window; tw++, tap += tapStep)
                        {
                            var (begin, end) = _inside[tw];
                            if (begin < end) TStep.Run(line + width.Source(begin, tw), width.Stride, y + begin, tap, end - begin);
                        }
                    }
                }
    }

    /// <summary>What one tap does with a line.</summary>
    protected interface IStep
    {
        /// <summary>Takes elements of x that are <paramref name="stride"/> apart, as many neighbours in y, and the tap.</summary>
        static abstract void Run(T* x, int stride, T* y, T* tap, int count);
    }
}

/// <summary>y = act(conv(x, w) + bias). Threads take planes of the output.</summary>
internal sealed unsafe class DepthwiseForwardKernel<T>(ConvForwardSpec spec) : DepthwiseKernel<T>(spec.Geometry) where T : unmanaged, IFloatingPointIeee754<T>
{
    public override void Execute(int worker, int workers)
    {
        var (begin, end) = ThreadTeam.Share((long)Images * Outputs, worker, workers);
        for (var plane = (nint)begin; plane < end; plane++)
        {
            var output = (int)(plane % Outputs);
            var y = Buffer<T>(spec.Bias ? 3 : 2) + plane * Positions;
            new Span<T>(y, Positions).Fill(spec.Bias ? Buffer<T>(2)[output] : T.Zero);
            Plane<Step>(Buffer<T>(0) + plane / Multiplier * Elements, y, Buffer<T>(1) + (nint)output * Taps, 1);
            if (spec.Activation == Activation.Relu) System.Numerics.Tensors.TensorPrimitives.Max(new ReadOnlySpan<T>(y, Positions), T.Zero, new Span<T>(y, Positions));
        }
    }

    private readonly struct Step : IStep
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Run(T* x, int stride, T* y, T* tap, int count)
        {
            var i = 0;
            if (stride == 1)
                for (var factor = new Vector<T>(*tap); i <= count - Vector<T>.Count; i += Vector<T>.Count)
                    (Vector.Load(x + i) * factor + Vector.Load(y + i)).Store(y + i);
            if (stride == 1 && i <= count - Vector128<T>.Count)
            {
                (Vector128.Load(x + i) * *tap + Vector128.Load(y + i)).Store(y + i);
                i += Vector128<T>.Count;
            }
            for (; i < count; i++) y[i] += x[i * stride] * *tap;
        }
    }
}

/// <summary>∂/∂x. Threads take planes of the input.</summary>
internal sealed unsafe class DepthwiseBackwardDataKernel<T>(ConvBackwardDataSpec spec) : DepthwiseKernel<T>(spec.Geometry) where T : unmanaged, IFloatingPointIeee754<T>
{
    public override void Execute(int worker, int workers)
    {
        var (begin, end) = ThreadTeam.Share((long)Images * Channels, worker, workers);
        for (var plane = (nint)begin; plane < end; plane++)
        {
            var dx = Buffer<T>(2) + plane * Elements;
            new Span<T>(dx, Elements).Clear();
            for (var m = 0; m < Multiplier; m++)
                Plane<Step>(dx, Buffer<T>(1) + (plane * Multiplier + m) * Positions, Buffer<T>(0) + (plane % Channels * Multiplier + m) * Taps, 1);
        }
    }

    private readonly struct Step : IStep
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Run(T* x, int stride, T* y, T* tap, int count)
        {
            var i = 0;
            if (stride == 1)
                for (var factor = new Vector<T>(*tap); i <= count - Vector<T>.Count; i += Vector<T>.Count)
                    (Vector.Load(y + i) * factor + Vector.Load(x + i)).Store(x + i);
            if (stride == 1 && i <= count - Vector128<T>.Count)
            {
                (Vector128.Load(y + i) * *tap + Vector128.Load(x + i)).Store(x + i);
                i += Vector128<T>.Count;
            }
            for (; i < count; i++) x[i * stride] += y[i] * *tap;
        }
    }
}

/// <summary>
/// ∂/∂w. Threads take output channels, so that their number changes no bit. Each tap has a vector of sums, which are added up in the end.
/// </summary>
internal sealed unsafe class DepthwiseBackwardWeightsKernel<T> : DepthwiseKernel<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly bool _hasBias;
    private readonly int _sums;

    public DepthwiseBackwardWeightsKernel(ConvBackwardWeightsSpec spec, int threads) : base(spec.Geometry)
    {
        _hasBias = spec.Bias;
        _sums = Taps * Vector<T>.Count;
        ScratchBytes = (long)_sums * threads * sizeof(T);
    }

    public override void Execute(int worker, int workers)
    {
        var sums = Buffer<T>(_hasBias ? 4 : 3) + (nint)worker * _sums;
        var (begin, end) = ThreadTeam.Share(Outputs, worker, workers);
        for (var output = (nint)begin; output < end; output++)
        {
            new Span<T>(sums, _sums).Clear();
            var bias = T.Zero;
            for (var image = 0; image < Images; image++)
            {
                var dy = Buffer<T>(1) + ((nint)image * Outputs + output) * Positions;
                Plane<Step>(Buffer<T>(0) + ((nint)image * Channels + output / Multiplier) * Elements, dy, sums, Vector<T>.Count);
                if (_hasBias) bias += System.Numerics.Tensors.TensorPrimitives.Sum(new ReadOnlySpan<T>(dy, Positions));
            }
            for (var tap = 0; tap < Taps; tap++) Buffer<T>(2)[output * Taps + tap] = Vector.Sum(Vector.Load(sums + tap * Vector<T>.Count));
            if (_hasBias) Buffer<T>(3)[output] = bias;
        }
    }

    private readonly struct Step : IStep
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Run(T* x, int stride, T* y, T* tap, int count)
        {
            var i = 0;
            if (stride == 1 && count >= Vector<T>.Count)
            {
                var sum = Vector.Load(tap);
                for (; i <= count - Vector<T>.Count; i += Vector<T>.Count) sum += Vector.Load(x + i) * Vector.Load(y + i);
                sum.Store(tap);
            }
            var rest = T.Zero;
            for (; i < count; i++) rest += x[i * stride] * y[i];
            *tap += rest;
        }
    }
}
