using System.Numerics;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// The factors P, L, U, each […, n, n], of square matrices A = P · L · U: P a permutation, L lower triangular with ones on the diagonal,
/// U upper triangular. Partial pivoting: no element of L is greater than 1. Singular matrices have factors too. Floating-point; 16-bit
/// floats are computed in Float32.
/// </summary>
/// <remarks>
/// Gradient: P · L⁻ᵀ · (the strict lower triangle of Lᵀ dL + the upper triangle of dU Uᵀ) · U⁻ᵀ; P is constant almost everywhere. Where A is
/// singular it is an error of <see cref="TriangularSolve"/>.
/// </remarks>
public sealed record Lu : Operation
{
    /// <inheritdoc/>
    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs)
    {
        ExpectInputs(inputs, 1);
        MatrixTypes.Square(inputs, 0, Mismatch);
        return [inputs[0], inputs[0], inputs[0]];
    }

    /// <inheritdoc/>
    public override Kernel Prepare(PrepareContext context) => WidenedKernel.Create(context.Inputs, context.Outputs, (inputs, _) => inputs[0].Type == DType.Float64
        ? new LuKernel<double>(inputs[0].Shape, context.Threads.Size)
        : new LuKernel<float>(inputs[0].Shape, context.Threads.Size));

    /// <inheritdoc/>
    public override bool TakesLeadingDimensions => true;

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        var (p, l, u) = (node.Outputs[0], node.Outputs[1], node.Outputs[2]);
        Value? middle = null;
        if (outputGradients[1] is { } dl)
        {
            var product = l.MatMul(dl, transposeA: true);
            middle = product.BandPart(-1, 0) - product.BandPart(0, 0);
        }
        if (outputGradients[2] is { } du)
        {
            var upper = du.MatMul(u, transposeB: true).BandPart(0, -1);
            middle = middle is null ? upper : middle + upper;
        }
        if (middle is null) return [null];
        var left = l.TriangularSolve(middle, transposed: true, unitDiagonal: true);
        // M · U⁻ᵀ = (U⁻¹ · Mᵀ)ᵀ.
        return [p.MatMul(u.TriangularSolve(left.MatrixTranspose(), upper: true), transposeB: true)];
    }

    private sealed unsafe class LuKernel<T>(Shape a, int workers) : MatrixKernel("Lu", a[..^2], Math.Pow(a[^1], 3) / 3, 4, (long)a[^1] * sizeof(int), workers)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        private readonly int _n = a[^1];

        protected override void Compute(long matrix, byte* scratch)
        {
            var size = (long)_n * _n;
            T* p = Operand<T>(1) + matrix * size, l = Operand<T>(2) + matrix * size, u = Operand<T>(3) + matrix * size;
            var rows = (int*)scratch;
            Rows.Copy(Operand<T>(0) + matrix * size, u, size);
            LuFactors.Factor(u, _n, rows);
            new Span<T>(p, checked((int)size)).Clear();
            for (var i = 0; i < _n; i++)
            {
                p[(long)rows[i] * _n + i] = T.One;
                var lower = new Span<T>(l + (long)i * _n, _n);
                var upper = new Span<T>(u + (long)i * _n, _n);
                upper[..i].CopyTo(lower);
                lower[i] = T.One;
                lower[(i + 1)..].Clear();
                upper[..i].Clear();
            }
        }
    }
}

/// <summary>Factors of square matrices.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.Lu"/>
    public static (Value P, Value L, Value U) Lu(this Value a)
    {
        var node = a.Graph.AddNode(new Lu(), [a]);
        return (node.Outputs[0], node.Outputs[1], node.Outputs[2]);
    }
}
