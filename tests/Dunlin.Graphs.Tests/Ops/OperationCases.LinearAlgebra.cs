using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using static Dunlin.Graphs.Tests.Ops.Numbers;

namespace Dunlin.Graphs.Tests.Ops;

internal static partial class OperationCases
{
    /// <summary>Shapes of square matrices: one, several, of order 1, none, of order 0.</summary>
    private static readonly int[][] Squares = [[3, 3], [2, 4, 4], [2, 1, 1, 1], [0, 2, 2], [2, 0, 0]];

    private static IEnumerable<OperationCase> Equations()
    {
        foreach (var shape in Squares)
        {
            var a = Regular(shape);
            var b = Signed([.. shape[..^1], 2]);
            yield return One("Cholesky", x => Definite(x).Cholesky(), Signed(shape));
            yield return Two("Cholesky", (x, y) => Definite(x).Cholesky().CholeskySolve(y), Signed(shape), b);
            yield return Two("Solve", (x, y) => x.Solve(y), a, b);
            yield return Two("Solve", (x, y) => x.Solve(y, transposed: true), a, b);
            foreach (var (upper, transposed, unit) in new[] { (false, false, false), (true, false, false), (false, true, false), (true, true, true), (false, false, true), (true, false, true) })
                yield return Two("TriangularSolve", (x, y) => x.TriangularSolve(y, upper, transposed, unit), a, b);
            yield return One("Inverse", x => x.Inverse(), a);
            yield return One("Determinant", x => x.Determinant(), a);
            yield return One("LogDeterminant", x => x.LogDeterminant().LogMagnitude, a);
            yield return One("Lu", x => { var (p, l, u) = x.Lu(); return p.MatMul(l.Square()) + u.Sin(); }, Signed(shape));
            yield return One("Lu", x => x.Lu().L, a);
            yield return One("Lu", x => x.Lu().U, a);
            yield return One("MatrixExponential", x => x.MatrixExponential(), Signed(shape));
        }
        yield return One("MatrixExponential", x => (x * 8).MatrixExponential().Asinh(), Signed(2, 2));
        yield return Two("Qr", (x, y) => x.LeastSquares(y), Signed(2, 4, 3), Signed(2, 4, 2));
        yield return Two("Qr", (x, y) => x.LeastSquares(y), Signed(2, 4), Signed(2, 3));
        foreach (var shape in new int[][] { [3, 3], [4, 2], [2, 4], [2, 3, 2], [1, 3], [0, 3, 2], [2, 3, 0] })
            yield return One("PseudoInverse", x => x.PseudoInverse(), Signed(shape));
        // Of rank 1, and with equal singular values.
        yield return Two("PseudoInverse", (x, y) => x.Outer(y).PseudoInverse(1e-6), Signed(3), Signed(2));
        yield return One("PseudoInverse", x => x.PseudoInverse(), Tensor.From([1.0, 0, 0, 0, -1, 0], [2, 3]));
    }

    private static IEnumerable<OperationCase> Decompositions()
    {
        foreach (var shape in new int[][] { [3, 3], [4, 2], [2, 4], [2, 3, 2], [3, 1], [1, 3], [0, 3, 2], [2, 3, 0] })
        {
            yield return One("Qr", x => { var (q, r) = x.Qr(); return q.Sin().MatMul(r.Square()); }, Signed(shape));
            yield return One("Qr", x => x.Qr().Q, Signed(shape));
            yield return One("Qr", x => x.Qr().R, Signed(shape));
            // Functions that do not depend on the vectors' signs.
            yield return One("Svd", x => { var (u, s, v) = x.Svd(); return (u * s.Sin().ExpandDims(-2)).MatMul(v, transposeB: true); }, Signed(shape));
            yield return One("Svd", x => x.SingularValues(), Signed(shape));
            yield return One("Svd", x => x.Svd().U.Square(), Signed(shape));
            yield return One("Svd", x => x.Svd().V.Square(), Signed(shape));
        }
        yield return One("Svd", x => x.MatrixNorm(MatrixNormKind.Nuclear) + x.MatrixNorm(MatrixNormKind.Spectral) + x.MatrixNorm() + x.ConditionNumber(), Signed(2, 3, 2));
        foreach (var shape in Squares)
        {
            yield return One("SymmetricEigen", x => (x + x.MatrixTranspose()).SymmetricEigen().Values, Signed(shape));
            yield return One("SymmetricEigen", x => (x + x.MatrixTranspose()).SymmetricEigen().Vectors.Square(), Signed(shape));
            yield return One("Eigen", x => { var (re, im) = x.Eigenvalues(); return re.Square() + im.Cos(); }, Signed(shape));
            // Each vector's parts relative to its first element, whatever its length and phase.
            yield return One("Eigen", x =>
            {
                var (_, _, re, im) = x.Eigen();
                var magnitude = re.Square() + im.Square();
                return magnitude / magnitude.Sum([-2], keepDimensions: true);
            }, Signed(shape));
        }
    }

    private static IEnumerable<OperationCase> Products()
    {
        string[] pairs = ["ij,jk->ik", "ij,jk", "ij,kj->kij", "ij,jk->", "ij,jk->k", "ij,jk->kij"];
        foreach (var equation in pairs)
            yield return Two(equation.EndsWith("kij", StringComparison.Ordinal) ? "Multiply" : "MatMul", (a, b) => Operations.Einsum(equation, a, b), Signed(2, 3), equation.Contains("kj", StringComparison.Ordinal) ? Signed(4, 3) : Signed(3, 4));
        yield return Two("MatMul", (a, b) => Operations.Einsum("...ij,...jk->...ik", a, b), Signed(2, 1, 3, 2), Signed(4, 2, 1));
        yield return Two("MatMul", (a, b) => Operations.Einsum("abcd,bdce->ace", a, b), Signed(2, 3, 1, 2), Signed(3, 2, 1, 4));
        yield return new("MatMul", (_, x) => Operations.Einsum("ij,jk,kl->il", x[0], x[1], x[2]), [Signed(2, 3), Signed(3, 4), Signed(4, 2)]);
        yield return new("MatMul", (_, x) => Operations.Einsum("i,ij,j->", x[0], x[1], x[2]), [Signed(3), Signed(3, 4), Signed(4)]);
        yield return One("DiagonalPart", x => Operations.Einsum("iij->ij", x), Signed(3, 3, 2));
        yield return One("DiagonalPart", x => x.Trace(), Signed(2, 3, 3));
        yield return Two("MatMul", (a, b) => a.TensorDot(b, [1, -1], [0, 1]), Signed(2, 3, 4), Signed(3, 4, 2));
        yield return Two("Reduce", (a, b) => a.Dot(b), Signed(2, 1, 3), Signed(4, 3));
        yield return Two("Multiply", (a, b) => a.Outer(b), Signed(2, 3), Signed(2, 4));
        yield return Two("Roll", (a, b) => a.Cross(b, 1), Signed(2, 3, 2), Signed(1, 3, 2));
        yield return Two("Multiply", (a, b) => a.Kronecker(b), Signed(2, 2, 3), Signed(3, 1));
        foreach (var power in new[] { 1, 2, 5, -3 }) yield return One("MatMul", x => x.MatrixPower(power) + x.MatMul(x), Regular(2, 3, 3));
        yield return Two("Unfold", (c, r) => c.Toeplitz(r), Signed(2, 3), Signed(2, 4));
        yield return One("Unfold", c => c.Toeplitz(), Signed(1));
    }

    /// <summary>Matrices far from singular, without symmetry.</summary>
    private static Tensor Regular(params int[] shape)
    {
        var tensor = Signed(shape);
        for (var i = 0; i < tensor.ElementCount; i++)
            if (i / shape[^1] % shape[^1] == i % shape[^1]) tensor.Span<double>()[i] += 2.5;
        return tensor;
    }

    /// <summary>A symmetric positive definite matrix made of any.</summary>
    private static Value Definite(Value x)
    {
        var square = x.MatMul(x, transposeB: true);
        return square + square.DiagonalPart().OnesLike().Diagonal();
    }
}
