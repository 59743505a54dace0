using System.Numerics;
using Dunlin.Graphs.Plans;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// exp(A) = Σ Aᵏ / k! of square matrices A[…, n, n], by scaling and squaring with the Padé approximant of degree 13 (Higham 2005). Floating-point, computed in
/// Float64.
/// </summary>
/// <remarks>Gradient: the derivative of exp at Aᵀ in the direction dy, which is the upper right block of exp([[Aᵀ, dy], [0, Aᵀ]]) (Najfeld and Havel 1995).</remarks>
/// <exception cref="FactorizationException">When it runs: a matrix has elements that are not finite, or so large that the result is not.</exception>
public sealed record MatrixExponential : Operation
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
        ? new ExponentialKernel<double>(inputs[0].Shape, context.Threads.Size)
        : new ExponentialKernel<float>(inputs[0].Shape, context.Threads.Size));

    /// <inheritdoc/>
    public override bool TakesLeadingDimensions => true;

    /// <inheritdoc/>
    public override IReadOnlyList<Gradient?> Differentiate(Node node, IReadOnlyList<Value?> outputGradients)
    {
        var a = node.Inputs[0];
        var (row, column) = (a.Shape.Rank - 2, a.Shape.Rank - 1);
        var t = a.MatrixTranspose();
        var upper = Operations.Concat([t, outputGradients[0]!], column);
        var y = Operations.Concat([upper, Operations.Concat([a.ZerosLike(), t], column)], row).MatrixExponential();
        var rows = node.Graph.Add(new ConcatPart(row, 0), [y, upper, upper]);
        return [node.Graph.Add(new ConcatPart(column, 1), [rows, a, a])];
    }

    private sealed unsafe class ExponentialKernel<T>(Shape a, int workers)
        : MatrixKernel("MatrixExponential", a[..^2], 20 * Math.Pow(a[^1], 3), 2, 7L * a[^1] * a[^1] * sizeof(double) + (long)a[^1] * sizeof(int), workers) where T : unmanaged, INumber<T>
    {
        /// <summary>Up to this 1-norm the approximant is exact to double precision.</summary>
        private const double Theta = 5.371920351148152;

        private const int MaxSquarings = 64;

        private static readonly double[] Pade =
        [
            64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000, 10559470521600, 670442572800, 33522128640, 1323241920, 40840800, 960960, 16380, 182, 1,
        ];

        private readonly int _n = a[^1];
        private readonly int _size = checked(a[^1] * a[^1]);

        protected override void Compute(long matrix, byte* scratch)
        {
            var x = (double*)scratch;
            for (var i = 0; i < _size; i++) x[i] = double.CreateChecked(Operand<T>(0)[matrix * _size + i]);
            var norm = Norm(x);
            var squarings = norm <= Theta ? 0 : Math.ILogB(norm / Theta) + 1;
            if (!double.IsFinite(norm) || squarings > MaxSquarings) throw Failure(matrix, $"has no finite exponential: its 1-norm is {norm}.");
            Rows.Scale(x, Math.ScaleB(1, -squarings), _size);
            var y = Approximate(x, (int*)(x + 7L * _size));
            for (var s = 0; s < squarings; s++)
            {
                Multiply(y, y, x);
                var swap = x;
                x = y;
                y = swap;
            }
            for (var i = 0; i < _size; i++) Operand<T>(1)[matrix * _size + i] = T.CreateChecked(y[i]);
        }

        /// <summary>(V − U)⁻¹ (V + U), the even powers in V and the odd ones in U. Uses the seven matrices from x on.</summary>
        private double* Approximate(double* x, int* rows)
        {
            double* x2 = x + _size, x4 = x2 + _size, x6 = x4 + _size, u = x6 + _size, v = u + _size, t = v + _size;
            Multiply(x, x, x2);
            Multiply(x2, x2, x4);
            Multiply(x4, x2, x6);
            Half(x2, x4, x6, t, v, 1);
            Multiply(x, v, u);
            Half(x2, x4, x6, t, v, 0);
            for (var i = 0; i < _size; i++) (x2[i], x4[i]) = (v[i] - u[i], v[i] + u[i]);
            LuFactors.Factor(x2, _n, rows);
            LuFactors.Solve(x2, _n, rows, x4, x6, _n);
            return x6;
        }

        /// <summary>The coefficients of one parity: x⁶ (c₁₂ x⁶ + c₁₀ x⁴ + c₈ x²) + c₆ x⁶ + c₄ x⁴ + c₂ x² + c₀.</summary>
        private void Half(double* x2, double* x4, double* x6, double* high, double* y, int parity)
        {
            for (var i = 0; i < _size; i++) high[i] = Pade[12 + parity] * x6[i] + Pade[10 + parity] * x4[i] + Pade[8 + parity] * x2[i];
            Multiply(x6, high, y);
            for (var i = 0; i < _size; i++) y[i] += Pade[6 + parity] * x6[i] + Pade[4 + parity] * x4[i] + Pade[2 + parity] * x2[i] + (i % (_n + 1) == 0 ? Pade[parity] : 0);
        }

        private void Multiply(double* a, double* b, double* y)
        {
            new Span<double>(y, _size).Clear();
            for (var i = 0; i < _n; i++)
                for (var k = 0; k < _n; k++) Rows.Add(y + (long)i * _n, a[(long)i * _n + k], b + (long)k * _n, _n);
        }

        private double Norm(double* x)
        {
            var norm = 0.0;
            for (var c = 0; c < _n; c++)
            {
                var sum = 0.0;
                for (var r = 0; r < _n; r++) sum += Math.Abs(x[(long)r * _n + c]);
                norm = Math.Max(norm, sum);
            }
            return norm;
        }
    }
}

/// <summary>Functions of matrices.</summary>
public static partial class Operations
{
    /// <inheritdoc cref="Ops.MatrixExponential"/>
    public static Value MatrixExponential(this Value a) => a.Graph.Add(new MatrixExponential(), [a]);

    /// <summary>Aᵏ of square matrices A[…, n, n], by repeated squaring; a negative power is one of the inverse, and the power 0 the identity.</summary>
    /// <exception cref="ShapeException">The matrices are not square.</exception>
    public static Value MatrixPower(this Value a, int power)
    {
        if (power == 0) return a.DiagonalPart().OnesLike().Diagonal();
        if (power < 0) a = a.Inverse();
        Value? result = null;
        for (var rest = (uint)Math.Abs((long)power); ; a = a.MatMul(a))
        {
            if ((rest & 1) != 0) result = result is null ? a : result.MatMul(a);
            if ((rest >>= 1) == 0) return result!;
        }
    }
}
