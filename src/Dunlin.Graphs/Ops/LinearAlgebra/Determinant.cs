using System.Numerics;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>The determinants […] of square matrices A[…, n, n]; 1 where n = 0. Floating-point; 16-bit floats are computed in Float32.</summary>
/// <remarks>Gradient: dy · det A · A⁻ᵀ, which is only computed where A is invertible: of a singular matrix it is an error of <see cref="Inverse"/>.</remarks>
public sealed record Determinant : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        MatrixTypes.Square(inputs, 0, Mismatch);
        return [new(inputs[0].Type, inputs[0].Shape[..^2])];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => DeterminantKernel<float>.Create(context);

    /// <inheritdoc/>
    public override bool TakesLeadingDimensions => true;

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [Scaled(node.Inputs[0], outputGradients[0]! * node.Outputs[0])];

    /// <summary>A⁻ᵀ times a number for each matrix.</summary>
    internal static Value Scaled(Value a, Value numbers) => numbers.ExpandDims(-1).ExpandDims(-1) * a.Inverse().MatrixTranspose();
}

/// <summary>
/// The sign (−1, 0 or 1) and log |det A|, both […], of the determinants of square matrices A[…, n, n]: no overflow where the
/// determinant itself would. Of a singular matrix the sign is 0 and the logarithm −∞. Floating-point; 16-bit floats are computed in Float32.
/// </summary>
/// <remarks>Gradient: d log · A⁻ᵀ, an error of <see cref="Inverse"/> where A is singular; the sign is constant almost everywhere.</remarks>
public sealed record LogDeterminant : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        MatrixTypes.Square(inputs, 0, Mismatch);
        TensorType y = new(inputs[0].Type, inputs[0].Shape[..^2]);
        return [y, y];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => DeterminantKernel<float>.Create(context);

    /// <inheritdoc/>
    public override bool TakesLeadingDimensions => true;

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients) =>
        [outputGradients[1] is { } dy ? Determinant.Scaled(node.Inputs[0], dy) : null];
}

/// <summary>Writes determinants, or where there are two outputs their signs and the logarithms of their magnitudes.</summary>
internal sealed unsafe class DeterminantKernel<T>(Shape a, bool logarithm, int workers)
    : MatrixKernel("Determinant", a[..^2], Math.Pow(a[^1], 3) / 3, logarithm ? 3 : 2, LuFactors.ScratchBytes<T>(a[^1]), workers) where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly int _n = a[^1];

    public static Kernel Create(PrepareContext context) => WidenedKernel.Create(context.Inputs, context.Outputs, (inputs, outputs) => inputs[0].Type == DType.Float64
        ? new DeterminantKernel<double>(inputs[0].Shape, outputs.Count == 2, context.Threads.Size)
        : new DeterminantKernel<float>(inputs[0].Shape, outputs.Count == 2, context.Threads.Size));

    protected override void Compute(long matrix, byte* scratch)
    {
        var factors = (T*)scratch;
        Rows.Copy(Operand<T>(0) + matrix * _n * _n, factors, (long)_n * _n);
        var sign = T.CreateChecked(LuFactors.Factor(factors, _n, (int*)(factors + (long)_n * _n)).Sign);
        var (product, sum) = (T.One, T.Zero);
        for (var i = 0; i < _n; i++)
        {
            var pivot = factors[(long)i * _n + i];
            product *= pivot;
            sum += T.Log(T.Abs(pivot));
            // Not T.Sign, an integer: of NaN it throws.
            sign *= pivot > T.Zero ? T.One : pivot < T.Zero ? -T.One : pivot;
        }
        if (!logarithm)
        {
            Operand<T>(1)[matrix] = T.CopySign(product, sign);
            return;
        }
        Operand<T>(1)[matrix] = sign;
        Operand<T>(2)[matrix] = sum;
    }
}

/// <summary>Determinants.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.Determinant"/>
    public static Value Determinant(this Value a) => a.Graph.Add(new Determinant(), [a]);

    /// <inheritdoc cref="Ops.LogDeterminant"/>
    public static (Value Sign, Value LogMagnitude) LogDeterminant(this Value a)
    {
        var node = a.Graph.AddNode(new LogDeterminant(), [a]);
        return (node.Outputs[0], node.Outputs[1]);
    }
}
