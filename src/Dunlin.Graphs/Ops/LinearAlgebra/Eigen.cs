using System.Numerics;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;
using MathNet.Numerics;
using MathNet.Numerics.Providers.LinearAlgebra;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// The eigenvalues […, n], the least first, and orthonormal eigenvectors, the columns of V[…, n, n], of symmetric matrices A[…, n, n] = V · diag(λ) · Vᵀ,
/// whose lower triangles alone are read. The vectors' signs are arbitrary. Floating-point, computed in Float64. Allocates arrays of
/// a matrix's size when it runs.
/// </summary>
/// <remarks>
/// Gradient, that of an A that stays symmetric: V · (dλ + F∘(Vᵀ dV)) · Vᵀ, symmetrised, with Fᵢⱼ = 1 / (λⱼ − λᵢ) (Giles 2008, section 3.1). That of λ alone
/// needs no F, but its own gradient does. Undefined (infinite or NaN) where eigenvalues are equal. The gradient of V holds for functions that do not
/// depend on the vectors' signs.
/// </remarks>
/// <exception cref="FactorizationException">When it runs: a matrix has elements that are not finite.</exception>
public sealed record SymmetricEigen : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        var n = MatrixTypes.Square(inputs, 0, Mismatch);
        return [new(inputs[0].Type, inputs[0].Shape[..^2].Append(n)), inputs[0]];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => EigenKernel<float>.Create(context, symmetric: true);

    /// <inheritdoc/>
    public override bool TakesLeadingDimensions => true;

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        var (values, v) = (node.Outputs[0], node.Outputs[1]);
        var middle = outputGradients[0]?.Diagonal();
        if (outputGradients[1] is { } dv)
        {
            var turned = Spectra.Gaps(values) * v.MatMul(dv, transposeA: true);
            middle = middle is null ? turned : middle + turned;
        }
        if (middle is null) return [null];
        return [v.MatMul(0.5 * (middle + middle.MatrixTranspose())).MatMul(v, transposeB: true)];
    }
}

/// <summary>
/// The eigenvalues λ and eigenvectors v, A · v = λ · v, of square matrices A[…, n, n] as pairs of real and imaginary parts: outputs Re λ and Im λ […, n], Re V and
/// Im V […, n, n], whose columns are vectors of length 1. Conjugate pairs stand side by side, the one with the positive imaginary part first; their order is
/// otherwise that of the algorithm (QR iteration, EISPACK's hqr2). Floating-point, computed in Float64. Allocates arrays of a matrix's size when it runs.
/// </summary>
/// <remarks>
/// Gradient: Re(V⁻ᴴ · (dλ + F̄∘(Vᴴ dV)) · Vᴴ) with Fᵢⱼ = 1 / (λⱼ − λᵢ), computed on real matrices [[Re, −Im], [Im, Re]] of twice the size. That of λ alone needs
/// no F, but its own gradient does. Undefined where eigenvalues are equal. The gradient of V holds for functions that depend on neither the vectors'
/// lengths nor their phases: both are taken as they come.
/// </remarks>
/// <exception cref="FactorizationException">When it runs: a matrix has elements that are not finite, or the iteration does not come to an end.</exception>
public sealed record Eigen : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        var n = MatrixTypes.Square(inputs, 0, Mismatch);
        TensorType values = new(inputs[0].Type, inputs[0].Shape[..^2].Append(n));
        return [values, values, inputs[0], inputs[0]];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => EigenKernel<float>.Create(context, symmetric: false);

    /// <inheritdoc/>
    public override bool TakesLeadingDimensions => true;

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        var (re, im, vRe, vIm) = (node.Outputs[0], node.Outputs[1], node.Outputs[2], node.Outputs[3]);
        if (outputGradients.All(g => g is null)) return [null];
        Value Diagonal(int output) => outputGradients[output]?.Diagonal() ?? vRe.ZerosLike();
        var (middleRe, middleIm) = (Diagonal(0), Diagonal(1));
        var v = Pair(vRe, vIm);
        if (outputGradients[2] is not null || outputGradients[3] is not null)
        {
            var dv = Stack(outputGradients[2] ?? vRe.ZerosLike(), outputGradients[3] ?? vRe.ZerosLike());
            var (turnedRe, turnedIm) = Parts(v.MatMul(dv, transposeA: true), vRe);
            // 1 / conj(d) = d / |d|², d = λⱼ − λᵢ; 0 on the diagonal.
            var diagonal = re.OnesLike().Diagonal();
            var (gapRe, gapIm) = (re.ExpandDims(-2) - re.ExpandDims(-1), im.ExpandDims(-2) - im.ExpandDims(-1));
            var scale = (1 - diagonal) / (gapRe.Square() + gapIm.Square() + diagonal);
            (gapRe, gapIm) = (gapRe * scale, gapIm * scale);
            middleRe += gapRe * turnedRe - gapIm * turnedIm;
            middleIm += gapRe * turnedIm + gapIm * turnedRe;
        }
        var product = Pair(middleRe, middleIm).MatMul(Stack(vRe.MatrixTranspose(), -vIm.MatrixTranspose()));
        return [Parts(v.Solve(product, transposed: true), vRe).Re];
    }

    /// <summary>[[Re, −Im], [Im, Re]]: products, inverses and (transposed) adjoints of these are those of complex matrices.</summary>
    private static Value Pair(Value re, Value im) => Operations.Concat([Stack(re, im), Stack(-im, re)], re.Shape.Rank - 1);

    /// <summary>The left half of a pair: what stands on the right of a product needs no more.</summary>
    private static Value Stack(Value re, Value im) => Operations.Concat([re, im], re.Shape.Rank - 2);

    private static (Value Re, Value Im) Parts(Value stack, Value like)
    {
        Value Part(int part) => like.Graph.Add(new ConcatPart(like.Shape.Rank - 2, part), [stack, like, like]);
        return (Part(0), Part(1));
    }
}

/// <summary>Has MathNet decompose matrices in Float64, whose routines are those of EISPACK (tred2 and tql2, or hqr2) on arrays by columns.</summary>
internal sealed unsafe class EigenKernel<T>(Shape a, bool symmetric) : MatrixKernel(symmetric ? "SymmetricEigen" : "Eigen", a[..^2], 10 * Math.Pow(a[^1], 3), symmetric ? 3 : 5, 0, 1)
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly int _n = a[^1];

    public static Kernel Create(PrepareContext context, bool symmetric) => WidenedKernel.Create(context.Inputs, context.Outputs, (inputs, _) => inputs[0].Type == DType.Float64
        ? new EigenKernel<double>(inputs[0].Shape, symmetric)
        : new EigenKernel<float>(inputs[0].Shape, symmetric));

    protected override void Compute(long matrix, byte* scratch)
    {
        // The arrays are of this call: workers treat several matrices at once.
        var size = _n * _n;
        var columns = new double[size];
        var x = Operand<T>(0) + matrix * size;
        for (var r = 0; r < _n; r++)
            for (var c = 0; c < _n; c++)
            {
                var value = double.CreateChecked(symmetric && c > r ? x[c * _n + r] : x[r * _n + c]);
                if (!double.IsFinite(value)) throw Failure(matrix, $"has no eigenvalues: its element [{r}, {c}] is {value}.");
                columns[c * _n + r] = value;
            }
        var vectors = new double[size];
        var values = new Complex[_n];
        try { if (_n > 0) ManagedLinearAlgebraProvider.Instance.EigenDecomp(symmetric, _n, columns, vectors, values, new double[size]); }
        catch (NonConvergenceException e) { throw Failure(matrix, "can't be decomposed: the iteration does not come to an end; scale it nearer to 1.", e); }
        if (symmetric) Write(matrix, values, vectors);
        else WritePairs(matrix, values, vectors);
    }

    private void Write(long matrix, Complex[] values, double[] vectors)
    {
        for (var i = 0; i < _n; i++)
        {
            Operand<T>(1)[matrix * _n + i] = T.CreateChecked(values[i].Real);
            for (var r = 0; r < _n; r++) Operand<T>(2)[(matrix * _n + r) * _n + i] = T.CreateChecked(vectors[i * _n + r]);
        }
    }

    private void WritePairs(long matrix, Complex[] values, double[] vectors)
    {
        for (var i = 0; i < _n; i++)
        {
            Operand<T>(1)[matrix * _n + i] = T.CreateChecked(values[i].Real);
            Operand<T>(2)[matrix * _n + i] = T.CreateChecked(values[i].Imaginary);
            // A conjugate pair's vectors are kept as the real and the imaginary part of the first.
            var sign = Math.Sign(values[i].Imaginary);
            var (re, im) = sign < 0 ? (i - 1, i) : (i, i + 1);
            var norm = 0.0;
            for (var r = 0; r < _n; r++) norm = double.Hypot(norm, sign == 0 ? vectors[re * _n + r] : double.Hypot(vectors[re * _n + r], vectors[im * _n + r]));
            for (var r = 0; r < _n; r++)
            {
                var place = (matrix * _n + r) * _n + i;
                Operand<T>(3)[place] = T.CreateChecked(vectors[re * _n + r] / norm);
                Operand<T>(4)[place] = sign == 0 ? T.Zero : T.CreateChecked(sign * vectors[im * _n + r] / norm);
            }
        }
    }
}

/// <summary>Eigenvalues.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.SymmetricEigen"/>
    public static (Value Values, Value Vectors) SymmetricEigen(this Value a)
    {
        var node = a.Graph.AddNode(new SymmetricEigen(), [a]);
        return (node.Outputs[0], node.Outputs[1]);
    }

    /// <inheritdoc cref="Ops.Eigen"/>
    public static (Value Re, Value Im, Value VectorsRe, Value VectorsIm) Eigen(this Value a)
    {
        var node = a.Graph.AddNode(new Eigen(), [a]);
        return (node.Outputs[0], node.Outputs[1], node.Outputs[2], node.Outputs[3]);
    }

    /// <summary>The real and imaginary parts […, n] of the eigenvalues of square matrices; see <see cref="Ops.Eigen"/>.</summary>
    public static (Value Re, Value Im) Eigenvalues(this Value a)
    {
        var (re, im, _, _) = a.Eigen();
        return (re, im);
    }
}
