using Dunlin.Graphs.Ops;

namespace Dunlin.Graphs.Tests.Golden;

internal static partial class GoldenCases
{
    private static IEnumerable<GoldenCase> LinearAlgebra()
    {
        foreach (var name in new[] { "one", "batch", "order1", "large" })
        {
            yield return Two($"Solve/transposed-{name}", (a, b) => a.Solve(b, transposed: true));
            yield return Two($"TriangularSolve/lower-{name}", (a, b) => a.TriangularSolve(b));
            yield return Two($"TriangularSolve/upper-{name}", (a, b) => a.TriangularSolve(b, upper: true));
            yield return Two($"TriangularSolve/transposed-{name}", (a, b) => a.TriangularSolve(b, transposed: true));
            if (name != "large") yield return Two($"TriangularSolve/unit-{name}", (a, b) => a.TriangularSolve(b, unitDiagonal: true));
            yield return One($"MatrixPower/fifth-{name}", a => a.MatrixPower(5));
            yield return One($"MatrixPower/inverse-{name}", a => a.MatrixPower(-2));
        }
        yield return One("Cholesky", x => Definite(x).Cholesky());
        yield return Two("CholeskySolve", (x, b) => Definite(x).Cholesky().CholeskySolve(b));
        yield return Two("Solve", (a, b) => a.Solve(b));
        yield return One("Inverse", Operations.Inverse);
        yield return One("Determinant", Operations.Determinant);
        yield return Many("LogDeterminant", x => { var (sign, log) = x[0].LogDeterminant(); return [sign, log]; });
        yield return Many("Lu", x => { var (p, l, u) = x[0].Lu(); return [p, l, u]; });
        yield return One("MatrixExponential", Operations.MatrixExponential);
        yield return One("MatrixExponential/large-norm", x => (8 * x).MatrixExponential());
        yield return One("Trace", Operations.Trace);
        yield return Many("SymmetricEigen", x => { var (w, v) = (x[0] + x[0].MatrixTranspose()).SymmetricEigen(); return [w, v.Square()]; });
        yield return Many("Eigen", x => { var (re, im) = x[0].Eigenvalues(); return [re.Sort().Values, im.Sort().Values]; });
        yield return Many("Qr", x => { var (q, r) = x[0].Qr(); return [q, r]; });
        yield return Many("Svd", x => { var (u, s, v) = x[0].Svd(); return [u.Square(), s, v.Square()]; });
        yield return One("PseudoInverse", x => x.PseudoInverse());
        yield return Two("PseudoInverse/rank1", (x, y) => x.Outer(y).PseudoInverse(1e-6));
        yield return One("ConditionNumber", Operations.ConditionNumber);
        foreach (var name in new[] { "square", "tall", "wide", "batch", "row", "column", "large" })
            foreach (var kind in Enum.GetValues<MatrixNormKind>())
                yield return One($"MatrixNorm/{kind.ToString().ToLowerInvariant()}-{name}", x => x.MatrixNorm(kind));
        yield return Two("LeastSquares", Operations.LeastSquares);
        yield return One("MatrixRank", x => x.MatrixRank());
        yield return Two("MatrixRank/rank1", (x, y) => x.Outer(y).MatrixRank());
    }

    private static IEnumerable<GoldenCase> MatrixProducts()
    {
        (string Name, string Equation)[] equations =
        [
            ("product", "ij,jk->ik"), ("implicit", "ij,jk"), ("trace", "ii"), ("diagonal", "ii->i"), ("transpose", "ba"), ("sum", "ijk->j"), ("batch", "bij,bjk->bik"), ("ellipsis", "...ij,...jk->...ik"),
            ("chain", "ij,jk,kl->il"), ("bilinear", "bn,anm,bm->ba"), ("outer", "i,j->ij"), ("several", "abc,dcb->da"),
        ];
        foreach (var (name, equation) in equations) yield return Many($"Einsum/{name}", x => [Operations.Einsum(equation, x)]);
        yield return Two("Dot", Operations.Dot);
        yield return Two("Outer", Operations.Outer);
        yield return Two("TensorDot/one", (a, b) => a.TensorDot(b, [1], [0]));
        yield return Two("TensorDot/two", (a, b) => a.TensorDot(b, [1, 2], [1, 0]));
        yield return Two("TensorDot/none", (a, b) => a.TensorDot(b, [], []));
        yield return Two("Cross/vector", (a, b) => a.Cross(b, 0));
        yield return Two("Cross/rows", (a, b) => a.Cross(b));
        yield return Two("Cross/middle", (a, b) => a.Cross(b, 1));
        yield return Two("Kronecker", Operations.Kronecker);
        yield return Two("Toeplitz", (c, r) => c.Toeplitz(r));
    }

    private static Value Definite(Value x)
    {
        var square = x.MatMul(x, transposeB: true);
        return square + square.DiagonalPart().OnesLike().Diagonal();
    }
}
