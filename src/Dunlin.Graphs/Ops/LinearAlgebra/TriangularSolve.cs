using System.Numerics;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// The X[…, n, k] with T · X = B[…, n, k], or Tᵀ · X = B, for triangular T[…, n, n] of which only that triangle is read. Floating-point;
/// 16-bit floats are computed in Float32.
/// </summary>
/// <remarks>Gradients: dB = T⁻ᵀ dX; dT = the triangle of −dB · Xᵀ, without the diagonal where that is all ones (transposed where T is).</remarks>
/// <param name="Upper">Whether T's upper triangle counts, else the lower.</param>
/// <param name="Transposed">Whether Tᵀ stands on the left.</param>
/// <param name="UnitDiagonal">Whether T's diagonal is taken for ones without being read.</param>
/// <exception cref="FactorizationException">When it runs: an element of the diagonal is 0.</exception>
public sealed record TriangularSolve(bool Upper, bool Transposed, bool UnitDiagonal) : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 2);
        MatrixTypes.RightSide(inputs, Mismatch);
        return [inputs[1]];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => WidenedKernel.Create(context.Inputs, context.Outputs, (inputs, _) => inputs[0].Type == DType.Float64
        ? new TriangularKernel<double>(this, inputs[1].Shape)
        : new TriangularKernel<float>(this, inputs[1].Shape));

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        MatrixTypes.ManyRightSides(node, inputs, batching);

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        var (t, x) = (node.Inputs[0], node.Outputs[0]);
        var db = node.Graph.Add(this with { Transposed = !Transposed }, [t, outputGradients[0]!]);
        var dt = -(Transposed ? x.MatMul(db, transposeB: true) : db.MatMul(x, transposeB: true));
        var triangle = Upper ? dt.BandPart(0, -1) : dt.BandPart(-1, 0);
        return [UnitDiagonal ? triangle - dt.BandPart(0, 0) : triangle, db];
    }

    private sealed unsafe class TriangularKernel<T>(TriangularSolve solve, Shape b) : MatrixKernel("TriangularSolve", b[..^2], (double)b[^2] * b[^2] * b[^1] / 2, 3, 0, 1)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        private readonly (int N, int K) _size = (b[^2], b[^1]);

        public override bool CanOverwrite(int input, int output) => input == 1;

        protected override void Compute(long matrix, byte* scratch)
        {
            var (n, k) = _size;
            var t = Operand<T>(0) + matrix * n * n;
            var x = Operand<T>(2) + matrix * n * k;
            for (var i = 0; i < n && !solve.UnitDiagonal; i++)
                if (t[(long)i * n + i] == T.Zero)
                    throw Failure(matrix, $"is singular: element {i} of its diagonal is 0; solve in the least-squares sense with PseudoInverse, or add to the diagonal.");
            var b = Operand<T>(1) + matrix * n * k;
            if (b != x) Rows.Copy(b, x, (long)n * k);
            Triangles.Substitute(t, n, x, k, solve.Upper, solve.Transposed, solve.UnitDiagonal);
        }
    }
}

/// <summary>Substitution.</summary>
internal static unsafe class Triangles
{
    /// <summary>Replaces x[n, k] by the solution of T · y = x or Tᵀ · y = x, row by row.</summary>
    public static void Substitute<T>(T* t, int n, T* x, int k, bool upper, bool transposed, bool unit) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var forward = upper == transposed;
        for (var step = 0; step < n; step++)
        {
            var i = forward ? step : n - 1 - step;
            var row = x + (long)i * k;
            var (first, last) = forward ? (0, i) : (i + 1, n);
            for (var j = first; j < last; j++) Rows.Add(row, -(transposed ? t[(long)j * n + i] : t[(long)i * n + j]), x + (long)j * k, k);
            if (unit) continue;
            var pivot = t[(long)i * n + i];
            for (var c = 0; c < k; c++) row[c] /= pivot;
        }
    }
}

/// <summary>Triangular systems.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.TriangularSolve"/>
    public static Value TriangularSolve(this Value t, Value b, bool upper = false, bool transposed = false, bool unitDiagonal = false) =>
        t.Graph.Add(new TriangularSolve(upper, transposed, unitDiagonal), [t, b]);
}
