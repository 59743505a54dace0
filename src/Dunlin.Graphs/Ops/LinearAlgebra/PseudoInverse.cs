using System.Numerics;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// The Moore-Penrose inverses A⁺[…, n, m] = Σ vᵢ uᵢᵀ / sᵢ of matrices A[…, m, n] of any rank, over the singular values greater than a tolerance times the
/// largest. Floating-point; 16-bit floats are computed in Float32.
/// </summary>
/// <remarks>
/// Gradient (Golub and Pereyra 1973), G = dy: −A⁺ᵀ G A⁺ᵀ + (1 − A A⁺) Gᵀ A⁺ A⁺ᵀ + A⁺ᵀ A⁺ Gᵀ (1 − A⁺ A). It holds while the rank does not change; equal
/// singular values are no trouble.
/// </remarks>
/// <param name="Tolerance">Relative to the largest singular value; null for max(m, n) times the element type's precision.</param>
/// <exception cref="FactorizationException">When it runs: a matrix has elements that are not finite.</exception>
public sealed record PseudoInverse(double? Tolerance) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        var a = MatrixTypes.Matrix(inputs, 0, Mismatch);
        return Tolerance is < 0 or double.NaN ? throw Mismatch(inputs, $"the tolerance is at least 0, not {Tolerance}.") : [new(inputs[0].Type, a[..^2].Append(a[^1], a[^2]))];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => WidenedKernel.Create(context.Inputs, context.Outputs, (inputs, _) => inputs[0].Type == DType.Float64
        ? new PseudoInverseKernel<double>(inputs[0].Shape, Tolerance, context.Threads.Size)
        : new PseudoInverseKernel<float>(inputs[0].Shape, Tolerance, context.Threads.Size));

    /// <inheritdoc/>
    public override bool TakesLeadingDimensions => true;

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        var (a, p, g) = (node.Inputs[0], node.Outputs[0], outputGradients[0]!.MatrixTranspose());
        var direct = p.MatMul(g.MatMul(p)).MatrixTranspose();
        var left = g.MatMul(p).MatMul(p, transposeB: true);
        var right = p.MatMul(p.MatMul(g), transposeA: true);
        return [left - a.MatMul(p.MatMul(left)) + right - right.MatMul(p).MatMul(a) - direct];
    }

    private sealed unsafe class PseudoInverseKernel<T>(Shape a, double? tolerance, int workers)
        : MatrixKernel("PseudoInverse", a[..^2], JacobiSvd<T>.Work(a[^2], a[^1]), 2, JacobiSvd<T>.ScratchBytes(a[^2], a[^1]), workers) where T : unmanaged, IFloatingPointIeee754<T>
    {
        private readonly (int M, int N) _size = (a[^2], a[^1]);
        private readonly T _tolerance = tolerance is { } t ? T.CreateChecked(t) : Precision.Of<T>() * T.CreateChecked(Math.Max(a[^2], a[^1]));

        protected override void Compute(long matrix, byte* scratch)
        {
            var (m, n) = _size;
            var svd = new JacobiSvd<T>(m, n, scratch);
            if (svd.Run(Operand<T>(0) + matrix * m * n) is { } fault) throw Failure(matrix, fault);
            var y = Operand<T>(1) + matrix * m * n;
            new Span<T>(y, checked(m * n)).Clear();
            T* u = svd.IsTall ? svd.LongVectors : svd.ShortVectors, v = svd.IsTall ? svd.ShortVectors : svd.LongVectors;
            for (var i = 0; i < svd.Rank; i++)
            {
                if (svd.Values[i] <= _tolerance * svd.Values[0]) break;
                for (var r = 0; r < n; r++) Rows.Add(y + (long)r * m, v[(long)i * n + r] / svd.Values[i], u + (long)i * m, m);
            }
        }
    }
}

/// <summary>Generalised inverses.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.PseudoInverse"/>
    public static Value PseudoInverse(this Value a, double? tolerance = null) => a.Graph.Add(new PseudoInverse(tolerance), [a]);

    /// <summary>
    /// The X[…, n, k] that makes ‖A · X − B‖ least, for A[…, m, n] of full rank and B[…, m, k]; where there are many (m &lt; n), the shortest. By QR, through
    /// which it is differentiated. Of A without full rank use <see cref="PseudoInverse(Value, double?)"/>.
    /// </summary>
    /// <exception cref="ShapeException">The lengths m and n are unknown.</exception>
    /// <exception cref="FactorizationException">When it runs: a column of A is a combination of those before it, exactly.</exception>
    public static Value LeastSquares(this Value a, Value b)
    {
        if (a.Shape.Rank < 2 || a.Shape[^2] == Shape.Unknown || a.Shape[^1] == Shape.Unknown) throw new ShapeException($"LeastSquares({a}, {b}): takes matrices […, m, n] of known lengths m and n.");
        if (a.Shape[^2] >= a.Shape[^1])
        {
            var (q, r) = a.Qr();
            return r.TriangularSolve(q.MatMul(b, transposeA: true), upper: true);
        }
        var (basis, triangle) = a.MatrixTranspose().Qr();
        return basis.MatMul(triangle.TriangularSolve(b, upper: true, transposed: true));
    }
}
