using System.Numerics;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// The discrete Fourier transforms of complex rows x[…, n], given and returned as pairs of real and imaginary parts: y[k] = Σⱼ x[j] · exp(−2πi jk / n), with the
/// opposite sign if inverse. Any length n ≥ 1: mixed radices, or Bluestein's algorithm where n has a prime factor above 61. Floating-point;
/// 16-bit floats are computed in Float32.
/// </summary>
/// <remarks>Gradient: the transform of dy with the opposite sign, the same factor.</remarks>
/// <param name="Inverse">Whether the exponent's sign is +.</param>
/// <param name="Scaled">Whether y is divided by n.</param>
public sealed record Fft(bool Inverse, bool Scaled) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        FourierTypes.Pair(inputs, Mismatch);
        return [inputs[0], inputs[0]];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => WidenedKernel.Create(context.Inputs, context.Outputs, (inputs, _) => inputs[0].Type == DType.Float64
        ? new FftKernel<double>(this, inputs[0].Shape, context.Threads.Size)
        : new FftKernel<float>(this, inputs[0].Shape, context.Threads.Size));

    /// <inheritdoc/>
    public override bool TakesLeadingDimensions => true;

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        var back = node.Graph.AddNode(this with { Inverse = !Inverse }, FourierTypes.Gradients(node, outputGradients));
        return [back.Outputs[0], back.Outputs[1]];
    }

    private sealed unsafe class FftKernel<T> : FourierKernel<T> where T : unmanaged, IFloatingPointIeee754<T>
    {
        private readonly FourierPlan<T> _plan;
        private readonly bool _inverse;
        private readonly T _factor;

        private FftKernel(Fft fft, Shape x, FourierPlan<T> plan, int workers) : base(x[..^1].ElementCount, plan, operands: 4, extra: 0, workers)
        {
            (_plan, _inverse) = (plan, fft.Inverse);
            _factor = fft.Scaled ? T.One / T.CreateChecked(plan.Length) : T.One;
        }

        public FftKernel(Fft fft, Shape x, int workers) : this(fft, x, FourierPlan<T>.Of(x[^1]), workers) { }

        protected override void Row(long row, T* scratch)
        {
            var n = _plan.Length;
            T* xRe = Operand<T>(0) + row * n, xIm = Operand<T>(1) + row * n, yRe = Operand<T>(2) + row * n, yIm = Operand<T>(3) + row * n;
            if (_inverse) _plan.Run(xIm, xRe, yIm, yRe, scratch);
            else _plan.Run(xRe, xIm, yRe, yIm, scratch);
            if (_factor == T.One) return;
            Rows.Scale(yRe, _factor, n);
            Rows.Scale(yIm, _factor, n);
        }
    }
}

/// <summary>Transforms rows; several workers share them, each with working memory of its own.</summary>
internal abstract unsafe class FourierKernel<T> : ParallelKernel where T : unmanaged, IFloatingPointIeee754<T>
{
    private const long Alignment = 64;

    private readonly long _rows;
    private readonly int _operands;
    private readonly long _scratch;

    /// <param name="rows">How many rows there are.</param>
    /// <param name="plan">Their transform.</param>
    /// <param name="operands">Inputs and outputs together.</param>
    /// <param name="extra">How many numbers of working memory a row wants beyond the plan's.</param>
    /// <param name="workers">How many threads there may be.</param>
    protected FourierKernel(long rows, FourierPlan<T> plan, int operands, long extra, int workers) : base(rows * plan.Length * 4)
    {
        (_rows, _operands) = (rows, operands);
        _scratch = ((plan.Scratch + extra) * sizeof(T) + Alignment - 1) / Alignment * Alignment;
        ScratchBytes = _scratch * workers;
    }

    public sealed override void Execute(int worker, int workers)
    {
        var (begin, end) = ThreadTeam.Share(_rows, worker, workers);
        var scratch = (T*)(Operand<byte>(_operands) + worker * _scratch);
        for (var row = begin; row < end; row++) Row(row, scratch);
    }

    protected abstract void Row(long row, T* scratch);
}

/// <summary>What transforms share.</summary>
internal static class FourierTypes
{
    /// <summary>Throws unless the inputs are a real and an imaginary part […, n] with n ≥ 1.</summary>
    public static void Pair(IReadOnlyList<TensorType> inputs, Func<IReadOnlyList<TensorType>, string, ShapeException> mismatch)
    {
        var (type, x) = inputs[0];
        if (!type.IsFloat() || inputs[1].Type != type || x.Rank == 0 || !x.Accepts(inputs[1].Shape)) throw mismatch(inputs, "takes a real and an imaginary part of one floating-point type and shape […, n].");
        if (x[^1] == 0) throw mismatch(inputs, "the last dimension is empty; a transform has at least one element.");
    }

    /// <summary>The gradients of the real and the imaginary output, zeros for one that does not matter.</summary>
    public static Value[] Gradients(Node node, IReadOnlyList<Value?> outputGradients) => [.. node.Outputs.Select((y, i) => outputGradients[i] ?? y.ZerosLike())];
}
