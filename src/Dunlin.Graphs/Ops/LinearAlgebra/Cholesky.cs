using System.Numerics;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// The lower triangular L[…, n, n] with L · Lᵀ = A, of symmetric positive definite matrices A[…, n, n], whose lower triangles alone are
/// read. Floating-point; 16-bit floats are computed in Float32.
/// </summary>
/// <remarks>Gradient: ½ (S + Sᵀ) with S = L⁻ᵀ Φ(Lᵀ dL) L⁻¹, Φ the lower triangle with half the diagonal: that of an A that stays symmetric (Giles 2008, Murray 2016).</remarks>
/// <exception cref="FactorizationException">When it runs: a matrix is not positive definite; the message names it and the pivot.</exception>
public sealed record Cholesky : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        MatrixTypes.Square(inputs, 0, Mismatch);
        return [inputs[0]];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => WidenedKernel.Create(context.Inputs, context.Outputs, (inputs, _) => inputs[0].Type == DType.Float64
        ? new CholeskyKernel<double>(inputs[0].Shape)
        : new CholeskyKernel<float>(inputs[0].Shape));

    /// <inheritdoc/>
    public override bool TakesLeadingDimensions => true;

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        var l = node.Outputs[0];
        var product = l.MatMul(outputGradients[0]!, transposeA: true).BandPart(-1, 0);
        var phi = product - 0.5 * product.DiagonalPart().Diagonal();
        var left = l.TriangularSolve(phi, transposed: true);
        var s = l.TriangularSolve(left.MatrixTranspose(), transposed: true);
        return [0.5 * (s + s.MatrixTranspose())];
    }

    private sealed unsafe class CholeskyKernel<T>(Shape x) : MatrixKernel("Cholesky", x[..^2], Math.Pow(x[^1], 3) / 6, 2, 0, 1) where T : unmanaged, IFloatingPointIeee754<T>
    {
        private readonly int _n = x[^1];

        protected override void Compute(long matrix, byte* scratch)
        {
            var a = Operand<T>(0) + matrix * _n * _n;
            var l = Operand<T>(1) + matrix * _n * _n;
            for (var i = 0; i < _n; i++)
            {
                var row = l + (long)i * _n;
                for (var j = 0; j < i; j++) row[j] = (a[(long)i * _n + j] - Rows.Dot(row, l + (long)j * _n, j)) / l[(long)j * _n + j];
                var pivot = a[(long)i * _n + i] - Rows.Dot(row, row, i);
                if (!(pivot > T.Zero))
                    throw Failure(matrix, $"is not positive definite: the pivot of row {i} is {pivot}; check that the matrix is symmetric, or add a small multiple of the identity to it.");
                row[i] = T.Sqrt(pivot);
                new Span<T>(row + i + 1, _n - i - 1).Clear();
            }
        }
    }
}

/// <summary>Factors of symmetric positive definite matrices.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.Cholesky"/>
    public static Value Cholesky(this Value a) => a.Graph.Add(new Cholesky(), [a]);

    /// <summary>
    /// The X[…, n, k] with A · X = B[…, n, k] for the symmetric positive definite A = L · Lᵀ whose <see cref="Ops.Cholesky"/> factor L[…, n, n] is given: two
    /// triangular solves, through which it is differentiated.
    /// </summary>
    public static Value CholeskySolve(this Value l, Value b) => l.TriangularSolve(l.TriangularSolve(b), transposed: true);
}
