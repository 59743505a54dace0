using System.Numerics;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// The X[…, n, k] with A · X = B[…, n, k], or Aᵀ · X = B, for square A[…, n, n], by Gaussian elimination with partial pivoting.
/// Floating-point; 16-bit floats are computed in Float32.
/// </summary>
/// <remarks>Gradients: dB = A⁻ᵀ dX, dA = −dB · Xᵀ (transposed where A is).</remarks>
/// <param name="Transposed">Whether Aᵀ stands on the left.</param>
/// <exception cref="FactorizationException">When it runs: a matrix is singular (a pivot is exactly 0); the message names it and the row.</exception>
public sealed record Solve(bool Transposed = false) : Operation
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
        ? new SolveKernel<double>(inputs[1].Shape, Transposed, context.Threads.Size)
        : new SolveKernel<float>(inputs[1].Shape, Transposed, context.Threads.Size));

    /// <inheritdoc/>
    public override IReadOnlyList<Value>? Vectorized(Node node, IReadOnlyList<Batched> inputs, Batching batching) =>
        MatrixTypes.ManyRightSides(node, inputs, batching);

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        var x = node.Outputs[0];
        var db = node.Graph.Add(new Solve(!Transposed), [node.Inputs[0], outputGradients[0]!]);
        return [-(Transposed ? x.MatMul(db, transposeB: true) : db.MatMul(x, transposeB: true)), db];
    }

    private sealed unsafe class SolveKernel<T>(Shape b, bool transposed, int workers)
        : MatrixKernel("Solve", b[..^2], (double)b[^2] * b[^2] * (b[^2] / 3.0 + b[^1]), 3, LuFactors.ScratchBytes<T>(b[^2]), workers) where T : unmanaged, IFloatingPointIeee754<T>
    {
        private readonly (int N, int K) _size = (b[^2], b[^1]);

        protected override void Compute(long matrix, byte* scratch)
        {
            var (n, k) = _size;
            var factors = (T*)scratch;
            var rows = (int*)(factors + (long)n * n);
            var a = Operand<T>(0) + matrix * n * n;
            if (transposed) Rows.Transpose(a, factors, n, n);
            else Rows.Copy(a, factors, (long)n * n);
            if (LuFactors.Factor(factors, n, rows) is (_, >= 0 and var zero)) throw Failure(matrix, Inverse.Singular(zero));
            LuFactors.Solve(factors, n, rows, Operand<T>(1) + matrix * n * k, Operand<T>(2) + matrix * n * k, k);
        }
    }
}

/// <summary>
/// The matrices A⁻¹[…, n, n] with A · A⁻¹ = 1, by Gaussian elimination with partial pivoting. To solve equations, <see cref="Ops.Solve"/> is cheaper
/// and more precise. Floating-point; 16-bit floats are computed in Float32.
/// </summary>
/// <remarks>Gradient: −A⁻ᵀ · dy · A⁻ᵀ.</remarks>
/// <exception cref="FactorizationException">When it runs: a matrix is singular (a pivot is exactly 0); the message names it and the row.</exception>
public sealed record Inverse : Operation
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
        ? new InverseKernel<double>(inputs[0].Shape, context.Threads.Size)
        : new InverseKernel<float>(inputs[0].Shape, context.Threads.Size));

    /// <inheritdoc/>
    public override bool TakesLeadingDimensions => true;

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        var y = node.Outputs[0];
        return [-y.MatMul(outputGradients[0]!, transposeA: true).MatMul(y, transposeB: true)];
    }

    /// <summary>What to say of a matrix with a pivot of 0.</summary>
    internal static string Singular(int row) =>
        $"is singular: the pivot of row {row} is 0; use PseudoInverse or LeastSquares, or add a small multiple of the identity to it.";

    private sealed unsafe class InverseKernel<T>(Shape a, int workers)
        : MatrixKernel("Inverse", a[..^2], Math.Pow(a[^1], 3), 2, LuFactors.ScratchBytes<T>(a[^1]) + (long)a[^1] * a[^1] * sizeof(T), workers) where T : unmanaged, IFloatingPointIeee754<T>
    {
        private readonly int _n = a[^1];

        protected override void Compute(long matrix, byte* scratch)
        {
            var size = (long)_n * _n;
            var factors = (T*)scratch;
            var identity = factors + size;
            var rows = (int*)(identity + size);
            Rows.Copy(Operand<T>(0) + matrix * size, factors, size);
            if (LuFactors.Factor(factors, _n, rows) is (_, >= 0 and var zero)) throw Failure(matrix, Singular(zero));
            for (var i = 0L; i < size; i++) identity[i] = i % (_n + 1) == 0 ? T.One : T.Zero;
            LuFactors.Solve(factors, _n, rows, identity, Operand<T>(1) + matrix * size, _n);
        }
    }
}

/// <summary>Square systems.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.Solve"/>
    public static Value Solve(this Value a, Value b, bool transposed = false) => a.Graph.Add(new Solve(transposed), [a, b]);

    /// <inheritdoc cref="Ops.Inverse"/>
    public static Value Inverse(this Value a) => a.Graph.Add(new Inverse(), [a]);
}
