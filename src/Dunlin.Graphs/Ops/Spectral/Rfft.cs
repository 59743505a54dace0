using System.Numerics;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// The discrete Fourier transforms of real rows x[…, n] as pairs of real and imaginary parts […, n / 2 + 1]: y[k] = Σⱼ x[j] · exp(−2πi jk / n) for k up to n / 2; the
/// others are their conjugates. An even n takes one complex transform of half the length. Floating-point; 16-bit floats are computed in Float32.
/// </summary>
/// <remarks>Gradient: the <see cref="Irfft"/> of dy with middle elements counted once, or twice where here they are doubled.</remarks>
/// <param name="Scaled">Whether y is divided by n.</param>
/// <param name="Doubled">Whether the elements that stand for a conjugate pair (all but k = 0 and k = n / 2) are doubled.</param>
public sealed record Rfft(bool Scaled, bool Doubled) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        var (type, x) = inputs[0];
        if (!type.IsFloat() || x.Rank == 0) throw Mismatch(inputs, "takes floating-point rows […, n].");
        if (x[^1] == 0) throw Mismatch(inputs, "the last dimension is empty; a transform has at least one element.");
        TensorType y = new(type, x.With(-1, x[^1] == Shape.Unknown ? Shape.Unknown : x[^1] / 2 + 1));
        return [y, y];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => WidenedKernel.Create(context.Inputs, context.Outputs, (inputs, _) => inputs[0].Type == DType.Float64
        ? new RfftKernel<double>(this, inputs[0].Shape, context.Threads.Size)
        : new RfftKernel<float>(this, inputs[0].Shape, context.Threads.Size));

    /// <inheritdoc/>
    public override bool TakesLeadingDimensions => true;

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [node.Graph.Add(new Irfft(Scaled, Once: !Doubled), [.. FourierTypes.Gradients(node, outputGradients), node.Inputs[0]])];

    private sealed unsafe class RfftKernel<T> : FourierKernel<T> where T : unmanaged, IFloatingPointIeee754<T>
    {
        private readonly HalfSpectrum<T> _half;
        private readonly T _edge;
        private readonly T _middle;

        private RfftKernel(Rfft rfft, Shape x, HalfSpectrum<T> half, int workers) : base(x[..^1].ElementCount, half.Plan, operands: 3, extra: 4L * half.Plan.Length, workers)
        {
            _half = half;
            _edge = rfft.Scaled ? T.One / T.CreateChecked(x[^1]) : T.One;
            _middle = rfft.Doubled ? _edge + _edge : _edge;
        }

        public RfftKernel(Rfft rfft, Shape x, int workers) : this(rfft, x, new HalfSpectrum<T>(x[^1]), workers) { }

        protected override void Row(long row, T* scratch)
        {
            var (n, count) = (_half.Length, _half.Count);
            T* x = Operand<T>(0) + row * n, yRe = Operand<T>(1) + row * count, yIm = Operand<T>(2) + row * count;
            _half.Forward(x, yRe, yIm, scratch);
            for (var k = 0; k < count; k++)
            {
                var factor = _half.IsEdge(k) ? _edge : _middle;
                (yRe[k], yIm[k]) = (yRe[k] * factor, yIm[k] * factor);
            }
        }
    }
}

/// <summary>
/// The real rows x[…, n] whose <see cref="Rfft"/> is given, times n: x[j] = Σₖ c[k] · Re(y[k] · exp(2πi jk / n)), c = 2 for the elements that stand for a conjugate pair, else 1.
/// Inputs: the real and imaginary parts […, n / 2 + 1], of which the imaginary parts at k = 0 and n / 2 do not matter, and a value […, n] for its shape only. Floating-point;
/// 16-bit floats are computed in Float32.
/// </summary>
/// <remarks>Gradient: the <see cref="Rfft"/> of dx, with elements doubled that here count twice.</remarks>
/// <param name="Scaled">Whether x is divided by n.</param>
/// <param name="Once">Whether c = 1 for all.</param>
public sealed record Irfft(bool Scaled, bool Once) : Operation
{
    /// <inheritdoc/>
    public override bool ReadsElements(int input) => input < 2;

    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 3);
        FourierTypes.Pair([.. inputs.Take(2)], Mismatch);
        var (y, x) = (inputs[0].Shape, inputs[2].Shape);
        if (x.Rank != y.Rank || x[^1] == 0 || !x.With(-1, x[^1] == Shape.Unknown ? Shape.Unknown : x[^1] / 2 + 1).Accepts(y))
            throw Mismatch(inputs, $"rows of {x[^1]} elements have transforms of {x[^1] / 2 + 1}.");
        return [new(inputs[0].Type, x)];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) =>
        new LeadingInputs(WidenedKernel.Create([.. context.Inputs.Take(2)], context.Outputs, (_, outputs) => outputs[0].Type == DType.Float64
            ? new IrfftKernel<double>(this, outputs[0].Shape, context.Threads.Size)
            : new IrfftKernel<float>(this, outputs[0].Shape, context.Threads.Size)), 2, 3, 1);

    /// <inheritdoc/>
    public override bool TakesLeadingDimensions => true;

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        var back = node.Graph.AddNode(new Rfft(Scaled, Doubled: !Once), [outputGradients[0]!]);
        return [back.Outputs[0], back.Outputs[1], null];
    }

    private sealed unsafe class IrfftKernel<T> : FourierKernel<T> where T : unmanaged, IFloatingPointIeee754<T>
    {
        private readonly HalfSpectrum<T> _half;
        private readonly T _edge;
        private readonly T _middle;

        private IrfftKernel(Irfft irfft, Shape x, HalfSpectrum<T> half, int workers) : base(x[..^1].ElementCount, half.Plan, operands: 3, extra: 6L * half.Plan.Length + 2, workers)
        {
            _half = half;
            _edge = irfft.Scaled ? T.One / T.CreateChecked(x[^1]) : T.One;
            _middle = irfft.Once ? _edge / T.CreateChecked(2) : _edge;
        }

        public IrfftKernel(Irfft irfft, Shape x, int workers) : this(irfft, x, new HalfSpectrum<T>(x[^1]), workers) { }

        protected override void Row(long row, T* scratch)
        {
            var (n, count) = (_half.Length, _half.Count);
            T* yRe = Operand<T>(0) + row * count, yIm = Operand<T>(1) + row * count;
            T* re = scratch, im = re + count;
            for (var k = 0; k < count; k++)
            {
                var edge = _half.IsEdge(k);
                (re[k], im[k]) = (yRe[k] * (edge ? _edge : _middle), edge ? T.Zero : yIm[k] * _middle);
            }
            _half.Backward(re, im, Operand<T>(2) + row * n, im + count);
        }
    }
}
