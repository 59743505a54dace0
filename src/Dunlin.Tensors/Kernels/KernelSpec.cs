namespace Dunlin.Tensors.Kernels;

/// <summary>A heavy operation described completely for one set of shapes. Compared by value.</summary>
/// <remarks>Each specification's summary names its inputs and outputs, in the order in which <see cref="Kernel.Run"/> takes them.</remarks>
/// <param name="Type">The element type of all operands unless said otherwise.</param>
public abstract record KernelSpec(DType Type)
{
    /// <summary>Whether an operand is Float32 although <see cref="Type"/> is one of 16 bits, as in mixed precision. Operands are counted from the first input through the last output.</summary>
    public virtual bool IsWide(int operand) => false;
}

/// <summary>An activation that a kernel can apply to its result before writing it.</summary>
public enum Activation
{
    /// <summary>The result as it is.</summary>
    None,
    /// <summary>max(x, 0).</summary>
    Relu,
}

/// <summary>
/// y[b, m, n] = act(Σₖ A[b, m, k] · B[b, k, n] + bias[n]). Inputs: a, b, then bias[n] if <paramref name="Bias"/>. Output: y.
/// a is stored [Batch, M, K], or [Batch, K, M] if <paramref name="TransposeA"/>; b is [Batch, K, N], or [Batch, N, K] if <paramref name="TransposeB"/>.
/// Any length may be 0; with K = 0 the sum is 0. <paramref name="LastingB"/> says that many runs find the same b: the kernel may want it in a layout that takes time to make.
/// </summary>
public sealed record MatMulSpec(DType Type, int Batch, int M, int N, int K, bool TransposeA = false, bool TransposeB = false,
    bool Bias = false, Activation Activation = Activation.None, bool LastingB = false) : KernelSpec(Type)
{
    /// <summary>Whether y is Float32 where the other operands are of 16 bits, so that the sum is not rounded to those.</summary>
    public bool WideResult { get; init; }

    /// <inheritdoc/>
    public override bool IsWide(int operand) => WideResult && operand == (Bias ? 3 : 2);
}

/// <summary>
/// Shapes of a convolution over 1 to 3 spatial dimensions S (really a cross-correlation, as everywhere in the field).
/// x is [N, C, S…], w is [O, C / Groups, K…], y is [N, O, T…] with T = (S + PadBegin + PadEnd − Dilation·(K − 1) − 1) / Stride + 1, rounded down.
/// </summary>
/// <param name="Input">[N, C, S…].</param>
/// <param name="Weights">[O, C / Groups, K…].</param>
/// <param name="Strides">One for each spatial dimension, at least 1.</param>
/// <param name="Dilations">Distance between taps, at least 1 (1 is an ordinary convolution).</param>
/// <param name="PadBegin">Zeros before each spatial dimension, at least 0.</param>
/// <param name="PadEnd">Zeros after each spatial dimension, at least 0.</param>
/// <param name="Groups">Divides C and O.</param>
public sealed record ConvGeometry(Shape Input, Shape Weights, Shape Strides, Shape Dilations, Shape PadBegin, Shape PadEnd, int Groups)
{
    /// <summary>[N, O, T…].</summary>
    public Shape Output
    {
        get
        {
            var lengths = Input.Dimensions.ToArray();
            lengths[1] = Weights[0];
            for (var i = 2; i < lengths.Length; i++)
                lengths[i] = Windows.Count(Input[i], Weights[i], Strides[i - 2], Dilations[i - 2], PadBegin[i - 2], PadEnd[i - 2]);
            return Shape.Create(lengths);
        }
    }
}

/// <summary>y = act(conv(x, w) + bias). Inputs: x, w, then bias[O] if <paramref name="Bias"/>. Output: y.</summary>
public sealed record ConvForwardSpec(DType Type, ConvGeometry Geometry, bool Bias = false, Activation Activation = Activation.None) : KernelSpec(Type);

/// <summary>∂/∂x of a convolution. Inputs: w, dy. Output: dx.</summary>
public sealed record ConvBackwardDataSpec(DType Type, ConvGeometry Geometry) : KernelSpec(Type);

/// <summary>∂/∂w of a convolution. Inputs: x, dy. Outputs: dw, then dbias[O] (the sum of dy over N and T) if <paramref name="Bias"/>.</summary>
public sealed record ConvBackwardWeightsSpec(DType Type, ConvGeometry Geometry, bool Bias = false) : KernelSpec(Type)
{
    /// <summary>Whether the outputs are Float32 where x and dy are of 16 bits, so that sums are not rounded to those.</summary>
    public bool WideResult { get; init; }

    /// <inheritdoc/>
    public override bool IsWide(int operand) => WideResult && operand >= 2;
}

/// <summary>What a pooling window computes.</summary>
public enum PoolKind
{
    /// <summary>The largest element; padding never wins.</summary>
    Max,
    /// <summary>The mean, padding counted as zeros.</summary>
    AverageIncludingPadding,
    /// <summary>The mean of the elements that are not padding.</summary>
    AverageExcludingPadding,
}

/// <summary>Shapes of a pooling over 1 to 3 spatial dimensions: x is [N, C, S…], y is [N, C, T…], T as for a convolution without dilation.</summary>
public sealed record PoolGeometry(Shape Input, Shape Window, Shape Strides, Shape PadBegin, Shape PadEnd)
{
    /// <summary>[N, C, T…].</summary>
    public Shape Output
    {
        get
        {
            var lengths = Input.Dimensions.ToArray();
            for (var i = 2; i < lengths.Length; i++)
                lengths[i] = Windows.Count(Input[i], Window[i - 2], Strides[i - 2], 1, PadBegin[i - 2], PadEnd[i - 2]);
            return Shape.Create(lengths);
        }
    }

    /// <summary>
    /// The element type of the workspace in which <see cref="PoolKind.Max"/> remembers where each maximum was (its index in the window,
    /// row-major; the first of equals): a byte where it fits.
    /// </summary>
    public DType WorkspaceType => Window.ElementCount <= 255 ? DType.UInt8 : DType.Int32;
}

/// <summary>Inputs: x. Outputs: y, then for <see cref="PoolKind.Max"/> the workspace of <see cref="PoolGeometry.Output"/>'s shape (its contents belong to the kernel set).</summary>
public sealed record PoolForwardSpec(DType Type, PoolGeometry Geometry, PoolKind Kind) : KernelSpec(Type);

/// <summary>Inputs: dy, then for <see cref="PoolKind.Max"/> the workspace. Output: dx.</summary>
public sealed record PoolBackwardSpec(DType Type, PoolGeometry Geometry, PoolKind Kind) : KernelSpec(Type);

/// <summary>
/// Batch normalisation over all dimensions but channel 1: y = scale · (x − mean) / √(variance + ε) + shift, with the batch's own biased mean and variance.
/// Inputs: x[N, C, …], scale[C], shift[C]. Outputs: y, mean[C], variance[C].
/// </summary>
public sealed record BatchNormTrainSpec(DType Type, Shape Input, double Epsilon) : KernelSpec(Type)
{
    /// <summary>Whether all vectors are Float32 where x and y are of 16 bits.</summary>
    public bool WideVectors { get; init; }

    /// <inheritdoc/>
    public override bool IsWide(int operand) => WideVectors && operand is not 0 and not 3;
}

/// <summary>Batch normalisation with given statistics. Inputs: x, scale, shift, mean, variance. Output: y.</summary>
public sealed record BatchNormInferSpec(DType Type, Shape Input, double Epsilon) : KernelSpec(Type)
{
    /// <summary>Whether all vectors are Float32 where x and y are of 16 bits.</summary>
    public bool WideVectors { get; init; }

    /// <inheritdoc/>
    public override bool IsWide(int operand) => WideVectors && operand is not 0 and not 5;
}

/// <summary>Gradient of <see cref="BatchNormTrainSpec"/>, through the statistics. Inputs: x, scale, mean, variance, dy. Outputs: dx, dscale[C], dshift[C].</summary>
public sealed record BatchNormBackwardSpec(DType Type, Shape Input, double Epsilon) : KernelSpec(Type)
{
    /// <summary>Whether all vectors are Float32 where x, dy and dx are of 16 bits.</summary>
    public bool WideVectors { get; init; }

    /// <inheritdoc/>
    public override bool IsWide(int operand) => WideVectors && operand is not 0 and not 4 and not 5;
}

/// <summary>
/// Layer normalisation of each row: y = scale · (x − mean) / √(variance + ε) + shift.
/// Inputs: x[Rows, Columns], scale[Columns], shift[Columns]. Outputs: y, mean[Rows], variance[Rows].
/// </summary>
public sealed record LayerNormForwardSpec(DType Type, int Rows, int Columns, double Epsilon) : KernelSpec(Type);

/// <summary>Gradient of <see cref="LayerNormForwardSpec"/>. Inputs: x, scale, mean, variance, dy. Outputs: dx, dscale[Columns], dshift[Columns].</summary>
public sealed record LayerNormBackwardSpec(DType Type, int Rows, int Columns, double Epsilon) : KernelSpec(Type);

/// <summary>Softmax, or its logarithm, over the middle of [Outer, Length, Inner]. The maximum is subtracted first. Inputs: x. Output: y.</summary>
public sealed record SoftmaxForwardSpec(DType Type, int Outer, int Length, int Inner, bool Logarithm) : KernelSpec(Type);

/// <summary>Gradient of <see cref="SoftmaxForwardSpec"/>. Inputs: y, dy. Output: dx.</summary>
public sealed record SoftmaxBackwardSpec(DType Type, int Outer, int Length, int Inner, bool Logarithm) : KernelSpec(Type);

/// <summary>A copy into another layout. Inputs: x. Output: y. A plain side is of the specification's type; one in a layout of another element type is converted on the way.</summary>
public sealed record ReorderSpec(DType Type, Shape Shape, MemoryLayout From, MemoryLayout To) : KernelSpec(Type);

/// <summary>Arithmetic of sliding windows.</summary>
public static class Windows
{
    /// <summary>How many positions a window takes: 0 where it does not fit; <see cref="Shape.Unknown"/> of an unknown length.</summary>
    public static int Count(int length, int window, int stride, int dilation, int padBegin, int padEnd)
    {
        if (length == Shape.Unknown) return Shape.Unknown;
        var room = length + padBegin + padEnd - dilation * (window - 1) - 1;
        return room < 0 ? 0 : room / stride + 1;
    }
}
