using System.Numerics;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// The reduced singular value decomposition A = U · diag(S) · Vᵀ of matrices A[…, m, n]: U[…, m, k] and V[…, n, k] with orthonormal columns,
/// S[…, k] ≥ 0 with the largest first, k = min(m, n). The vectors' signs are arbitrary. Floating-point; 16-bit floats are computed in Float32.
/// </summary>
/// <remarks>
/// Gradient (Townsend 2016), with Fᵢⱼ = 1 / (sⱼ² − sᵢ²): U (F∘(Uᵀ dU − dUᵀ U) S + dS + S F∘(Vᵀ dV − dVᵀ V)) Vᵀ + (1 − U Uᵀ) dU S⁻¹ Vᵀ + U S⁻¹ dVᵀ (1 − V Vᵀ).
/// That of S alone, U dS Vᵀ, needs no F, but its own gradient does. Undefined (infinite or NaN) where singular values are equal, or one is 0.
/// The gradient of U and V holds for functions that do not depend on the vectors' signs.
/// </remarks>
/// <exception cref="FactorizationException">When it runs: a matrix has elements that are not finite, or the rotations do not come to an end.</exception>
public sealed record Svd : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        var a = MatrixTypes.Matrix(inputs, 0, Mismatch);
        var (type, k) = (inputs[0].Type, MatrixTypes.ShortSide(a));
        return [new(type, a.With(-1, k)), new(type, a[..^2].Append(k)), new(type, a[..^2].Append(a[^1], k))];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => WidenedKernel.Create(context.Inputs, context.Outputs, (inputs, _) => inputs[0].Type == DType.Float64
        ? new SvdKernel<double>(inputs[0].Shape, context.Threads.Size)
        : new SvdKernel<float>(inputs[0].Shape, context.Threads.Size));

    /// <inheritdoc/>
    public override bool TakesLeadingDimensions => true;

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        var (u, s, v) = (node.Outputs[0], node.Outputs[1], node.Outputs[2]);
        var (row, column) = (s.ExpandDims(-2), s.ExpandDims(-1));
        var f = outputGradients[0] is null && outputGradients[2] is null ? null : Spectra.Gaps(s.Square());
        Value? middle = outputGradients[1]?.Diagonal();
        Value? rest = null;
        if (outputGradients[0] is { } du)
        {
            middle = Plus(middle, f! * Twist(u, du) * row);
            rest = Outside(u, du / row).MatMul(v, transposeB: true);
        }
        if (outputGradients[2] is { } dv)
        {
            middle = Plus(middle, column * f! * Twist(v, dv));
            rest = Plus(rest, u.MatMul(Outside(v, dv / row), transposeB: true));
        }
        return middle is null ? [null] : [Plus(rest, u.MatMul(middle).MatMul(v, transposeB: true))];
    }

    private static Value Plus(Value? sum, Value part) => sum is null ? part : sum + part;

    /// <summary>xᵀ dx − dxᵀ x.</summary>
    private static Value Twist(Value x, Value dx)
    {
        var product = x.MatMul(dx, transposeA: true);
        return product - product.MatrixTranspose();
    }

    /// <summary>(1 − x xᵀ) · y.</summary>
    private static Value Outside(Value x, Value y) => y - x.MatMul(x.MatMul(y, transposeA: true));

    private sealed unsafe class SvdKernel<T>(Shape a, int workers)
        : MatrixKernel("Svd", a[..^2], JacobiSvd<T>.Work(a[^2], a[^1]), 4, JacobiSvd<T>.ScratchBytes(a[^2], a[^1]), workers) where T : unmanaged, IFloatingPointIeee754<T>
    {
        private readonly (int M, int N) _size = (a[^2], a[^1]);

        protected override void Compute(long matrix, byte* scratch)
        {
            var (m, n) = _size;
            var svd = new JacobiSvd<T>(m, n, scratch);
            if (svd.Run(Operand<T>(0) + matrix * m * n) is { } fault) throw Failure(matrix, fault);
            var (longSide, shortSide) = svd.IsTall ? (1, 3) : (3, 1);
            Rows.Transpose(svd.LongVectors, Operand<T>(longSide) + matrix * svd.Long * svd.Rank, svd.Rank, svd.Long);
            Rows.Transpose(svd.ShortVectors, Operand<T>(shortSide) + matrix * svd.Rank * svd.Rank, svd.Rank, svd.Rank);
            Rows.Copy(svd.Values, Operand<T>(2) + matrix * svd.Rank, svd.Rank);
        }
    }
}

/// <summary>What gradients of decompositions share.</summary>
internal static class Spectra
{
    /// <summary>Fᵢⱼ = 1 / (xⱼ − xᵢ) of x[…, n], 0 on the diagonal.</summary>
    public static Value Gaps(Value x)
    {
        var diagonal = x.OnesLike().Diagonal();
        return (1 - diagonal) / (x.ExpandDims(-2) - x.ExpandDims(-1) + diagonal);
    }
}

/// <summary>Singular values.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.Svd"/>
    public static (Value U, Value S, Value V) Svd(this Value a)
    {
        var node = a.Graph.AddNode(new Svd(), [a]);
        return (node.Outputs[0], node.Outputs[1], node.Outputs[2]);
    }

    /// <summary>The singular values […, min(m, n)] of matrices […, m, n], the largest first; see <see cref="Ops.Svd"/>.</summary>
    public static Value SingularValues(this Value a) => a.Svd().S;
}
