using System.Numerics;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// The reduced factors Q[…, m, k] with orthonormal columns and upper triangular R[…, k, n], k = min(m, n), of matrices A[…, m, n] = Q · R, by
/// Householder reflections with the signs of LAPACK. Floating-point; 16-bit floats are computed in Float32.
/// </summary>
/// <remarks>
/// Gradient, m ≥ n: (dQ + Q · S(R dRᵀ − dQᵀ Q)) · R⁻ᵀ, where S(M) is the symmetric matrix with M's lower triangle (Seeger et al. 2017; Walter and
/// Lehmann 2010). m &lt; n: that of the first m columns, whose dQ is greater by A₂ dR₂ᵀ, and Q · dR₂ for the others (Roberts and Roberts 2020).
/// Undefined where the first k columns are linearly dependent: then an error of <see cref="TriangularSolve"/>.
/// </remarks>
public sealed record Qr : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        var a = MatrixTypes.Matrix(inputs, 0, Mismatch);
        var k = MatrixTypes.ShortSide(a);
        return [new(inputs[0].Type, a.With(-1, k)), new(inputs[0].Type, a.With(-2, k))];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => WidenedKernel.Create(context.Inputs, context.Outputs, (inputs, _) => inputs[0].Type == DType.Float64
        ? new QrKernel<double>(inputs[0].Shape, context.Threads.Size)
        : new QrKernel<float>(inputs[0].Shape, context.Threads.Size));

    /// <inheritdoc/>
    public override bool TakesLeadingDimensions => true;

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        var (a, q, r) = (node.Inputs[0], node.Outputs[0], node.Outputs[1]);
        var (m, n) = (a.Shape[^2], a.Shape[^1]);
        if (m == Shape.Unknown || n == Shape.Unknown) throw new ShapeException($"Qr({a}): to be differentiated it needs matrices of known lengths.");
        var (dq, dr) = (outputGradients[0], outputGradients[1]);
        if (m >= n) return [Tall(q, r, dq, dr)];
        if (dr is null) return [Operations.Concat([Tall(q, r.Columns(0, m), dq, null), a.Columns(m, n).ZerosLike()], a.Shape.Rank - 1)];
        var (rest, dRest) = (a.Columns(m, n), dr.Columns(m, n));
        var more = rest.MatMul(dRest, transposeB: true);
        return [Operations.Concat([Tall(q, r.Columns(0, m), dq is null ? more : dq + more, dr.Columns(0, m)), q.MatMul(dRest)], a.Shape.Rank - 1)];
    }

    private static Value Tall(Value q, Value r, Value? dq, Value? dr)
    {
        var m = dr is null ? null : r.MatMul(dr, transposeB: true);
        if (dq is not null)
        {
            var product = dq.MatMul(q, transposeA: true);
            m = m is null ? -product : m - product;
        }
        var lower = m!.BandPart(-1, 0);
        var symmetric = lower + (lower - lower.BandPart(0, 0)).MatrixTranspose();
        var sum = q.MatMul(symmetric);
        if (dq is not null) sum = dq + sum;
        // X · R⁻ᵀ = (R⁻¹ · Xᵀ)ᵀ.
        return r.TriangularSolve(sum.MatrixTranspose(), upper: true).MatrixTranspose();
    }

    private sealed unsafe class QrKernel<T>(Shape a, int workers) : MatrixKernel("Qr", a[..^2], 4.0 * a[^2] * a[^1] * Math.Min(a[^2], a[^1]), 3,
        ((long)a[^2] * a[^1] + (long)a[^2] * Math.Min(a[^2], a[^1]) + Math.Min(a[^2], a[^1])) * sizeof(T), workers) where T : unmanaged, IFloatingPointIeee754<T>
    {
        private readonly (int M, int N, int K) _size = (a[^2], a[^1], Math.Min(a[^2], a[^1]));

        protected override void Compute(long matrix, byte* scratch)
        {
            var (m, n, k) = _size;
            // Columns as rows, so that all steps are on neighbours.
            var columns = (T*)scratch;
            var basis = columns + (long)m * n;
            var factors = basis + (long)m * k;
            Rows.Transpose(Operand<T>(0) + matrix * m * n, columns, m, n);
            var r = Operand<T>(2) + matrix * k * n;
            for (var j = 0; j < k; j++) factors[j] = Reflect(columns, j);
            for (var i = 0; i < k; i++)
                for (var c = 0; c < n; c++) r[(long)i * n + c] = c < i ? T.Zero : columns[(long)c * m + i];
            new Span<T>(basis, checked(m * k)).Clear();
            for (var c = 0; c < k; c++) basis[(long)c * m + c] = T.One;
            for (var j = k - 1; j >= 0; j--)
                for (var c = j; c < k; c++) Apply(columns + (long)j * m, factors[j], basis + (long)c * m, j);
            Rows.Transpose(basis, Operand<T>(1) + matrix * m * k, k, m);
        }

        /// <summary>Makes zeros of a column's elements below row j. The reflection's vector stays in their places, its first element 1 implied.</summary>
        private T Reflect(T* columns, int j)
        {
            var (m, n, _) = _size;
            var column = columns + (long)j * m;
            var rest = Rows.Norm(column + j + 1, m - j - 1);
            if (rest == T.Zero) return T.Zero;
            var alpha = column[j];
            var beta = -T.CopySign(T.Hypot(alpha, rest), alpha);
            Rows.Scale(column + j + 1, T.One / (alpha - beta), m - j - 1);
            var factor = (beta - alpha) / beta;
            column[j] = beta;
            for (var c = j + 1; c < n; c++) Apply(column, factor, columns + (long)c * m, j);
            return factor;
        }

        private void Apply(T* reflection, T factor, T* column, int j)
        {
            var rest = _size.M - j - 1;
            var product = factor * (column[j] + Rows.Dot(reflection + j + 1, column + j + 1, rest));
            column[j] -= product;
            Rows.Add(column + j + 1, -product, reflection + j + 1, rest);
        }
    }
}

/// <summary>Orthogonal factors.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.Qr"/>
    public static (Value Q, Value R) Qr(this Value a)
    {
        var node = a.Graph.AddNode(new Qr(), [a]);
        return (node.Outputs[0], node.Outputs[1]);
    }

    /// <summary>Some columns of matrices.</summary>
    internal static Value Columns(this Value x, int from, int to) => x.StridedSlice([.. Enumerable.Repeat((Slicing)(..), x.Shape.Rank - 1), from..to]);
}
