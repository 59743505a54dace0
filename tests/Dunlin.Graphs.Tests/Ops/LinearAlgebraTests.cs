using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using static Dunlin.Graphs.Tests.Ops.Numbers;

namespace Dunlin.Graphs.Tests.Ops;

public class LinearAlgebraTests
{
    private static readonly int[][] Sizes = [[1, 1], [3, 3], [2, 5, 3], [4, 7], [2, 33, 20], [2, 20, 33], [3, 0], [0, 3, 3]];

    private static double[] Doubles(Func<IReadOnlyList<Value>, Value> function, params Tensor[] inputs) => Evaluate.Of(function, 2, inputs).ToArray<double>();

    private static void AssertNear(double[] expected, double[] actual, double tolerance = 1e-9)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++) Assert.True(Math.Abs(expected[i] - actual[i]) <= tolerance * Math.Max(1, Math.Abs(expected[i])), $"Element {i} is {actual[i]}, not {expected[i]}.");
    }

    private static Tensor Regular(params int[] shape)
    {
        var a = Signed(shape);
        for (var i = 0; i < a.ElementCount; i++)
            if (i / shape[^1] % shape[^1] == i % shape[^1]) a.Span<double>()[i] += shape[^1];
        return a;
    }

    [Fact]
    public void Factors_multiply_to_the_matrix_and_have_their_forms()
    {
        foreach (var shape in Sizes)
        {
            var a = Signed(shape);
            AssertNear(a.ToArray<double>(), Doubles(v => { var (q, r) = v[0].Qr(); return q.MatMul(r); }, a));
            AssertNear(a.ToArray<double>(), Doubles(v => { var (u, s, w) = v[0].Svd(); return (u * s.ExpandDims(-2)).MatMul(w, transposeB: true); }, a));
            // QᵀQ, UᵀU and VᵀV are 1; R is upper triangular; the singular values fall and are not negative.
            foreach (var basis in new Func<Value, Value>[] { x => x.Qr().Q, x => x.Svd().U, x => x.Svd().V })
                Assert.True(Doubles(v => { var b = basis(v[0]); var p = b.MatMul(b, transposeA: true); return (p - p.DiagonalPart().OnesLike().Diagonal()).Abs(); }, a).All(e => e < 1e-12));
            Assert.All(Doubles(v => v[0].Qr().R.BandPart(-1, 0) - v[0].Qr().R.BandPart(0, 0), a), e => Assert.Equal(0, e));
            Assert.All(Doubles(v => { var s = v[0].SingularValues(); return s - s.Sort(descending: true).Values; }, a), e => Assert.Equal(0, e));
        }
        foreach (var shape in new int[][] { [1, 1], [4, 4], [2, 30, 30], [2, 0, 0], [0, 2, 2] })
        {
            var (a, regular) = (Signed(shape), Regular(shape));
            AssertNear(a.ToArray<double>(), Doubles(v => { var (p, l, u) = v[0].Lu(); return p.MatMul(l).MatMul(u); }, a));
            Assert.All(Doubles(v => v[0].Lu().L.Abs(), a), e => Assert.InRange(e, 0, 1));
            var symmetric = Evaluate.Of(v => v[0] + v[0].MatrixTranspose(), regular);
            AssertNear(symmetric.ToArray<double>(), Doubles(v => { var l = v[0].Cholesky(); return l.MatMul(l, transposeB: true); }, symmetric));
            AssertNear(symmetric.ToArray<double>(), Doubles(v => { var (w, q) = v[0].SymmetricEigen(); return (q * w.ExpandDims(-2)).MatMul(q, transposeB: true); }, symmetric));
            Assert.All(Doubles(v => { var w = v[0].SymmetricEigen().Values; return w - w.Sort().Values; }, symmetric), e => Assert.Equal(0, e));
            // A · V = V · diag(λ), real and imaginary part.
            Assert.True(Doubles(v => { var (re, im, x, y) = v[0].Eigen(); return (v[0].MatMul(x) - x * re.ExpandDims(-2) + y * im.ExpandDims(-2)).Abs(); }, a).All(e => e < 1e-10));
            Assert.True(Doubles(v => { var (re, im, x, y) = v[0].Eigen(); return (v[0].MatMul(y) - x * im.ExpandDims(-2) - y * re.ExpandDims(-2)).Abs(); }, a).All(e => e < 1e-10));
            AssertNear(Doubles(v => v[0].Trace(), a), Doubles(v => v[0].Eigenvalues().Re.Sum([-1]), a));
        }
    }

    [Fact]
    public void Solutions_fulfil_their_equations()
    {
        foreach (var shape in new int[][] { [1, 1], [4, 4], [2, 30, 30], [2, 0, 0] })
        {
            var (a, b) = (Regular(shape), Signed([.. shape[..^1], 3]));
            AssertNear(b.ToArray<double>(), Doubles(v => v[0].MatMul(v[0].Solve(v[1])), a, b));
            AssertNear(b.ToArray<double>(), Doubles(v => v[0].MatMul(v[0].Solve(v[1], transposed: true), transposeA: true), a, b));
            AssertNear(b.ToArray<double>(), Doubles(v => v[0].MatMul(v[0].Inverse().MatMul(v[1])), a, b));
            AssertNear(b.ToArray<double>(), Doubles(v => v[0].MatMul(v[0].LeastSquares(v[1])), a, b));
            foreach (var (upper, transposed, unit) in new[] { (false, false, false), (true, false, true), (false, true, false), (true, true, true) })
            {
                Value Triangle(Value x)
                {
                    var part = upper ? x.BandPart(0, -1) : x.BandPart(-1, 0);
                    return unit ? part - part.BandPart(0, 0) + part.DiagonalPart().OnesLike().Diagonal() : part;
                }
                // The other triangle is not read.
                AssertNear(b.ToArray<double>(), Doubles(v => Triangle(v[0]).MatMul(v[0].TriangularSolve(v[1], upper, transposed, unit), transposeA: transposed), a, b), 1e-7);
            }
            AssertNear(Doubles(v => v[0].Determinant(), a), Doubles(v => { var (sign, log) = v[0].LogDeterminant(); return sign * log.Exp(); }, a));
            AssertNear(Doubles(v => v[0].Determinant(), a), Doubles(v => { var (re, im) = v[0].Eigenvalues(); return re.Hypot(im).Product([-1]); }, a).Select(Math.Abs).ToArray());
        }
    }

    [Fact]
    public void Least_squares_leave_a_residual_orthogonal_to_the_columns_and_agree_with_the_pseudo_inverse()
    {
        foreach (var (m, n) in new[] { (6, 3), (3, 6), (4, 4) })
        {
            var (a, b) = (Signed(2, m, n), Signed(2, m, 2));
            AssertNear(Doubles(v => v[0].PseudoInverse().MatMul(v[1]), a, b), Doubles(v => v[0].LeastSquares(v[1]), a, b));
            AssertNear(new double[2 * n * 2], Doubles(v => v[0].MatMul(v[0].MatMul(v[0].LeastSquares(v[1])) - v[1], transposeA: true), a, b));
        }
    }

    [Fact]
    public void Matrices_without_full_rank_have_pseudo_inverses_ranks_and_complete_bases()
    {
        // Rank 2 of 4 by 3, and zeros.
        var a = Tensor.From([1.0, 2, 3, 2, 4, 6, 0, 1, 1, 1, 3, 4, .. new double[12]], [2, 4, 3]);
        Assert.Equal([2L, 0], Evaluate.Of(v => v[0].MatrixRank(), a).ToArray<long>());
        Assert.Equal([1L, 0], Evaluate.Of(v => v[0].MatrixRank(0.5), a).ToArray<long>());
        AssertNear(a.ToArray<double>(), Doubles(v => { var p = v[0].PseudoInverse(); return v[0].MatMul(p).MatMul(v[0]); }, a));
        AssertNear([.. Enumerable.Repeat(new double[] { 1, 0, 0, 0, 1, 0, 0, 0, 1 }, 2).SelectMany(e => e)], Doubles(v => { var u = v[0].Svd().U; return u.MatMul(u, transposeA: true); }, a));
        Assert.Equal([0.0, 0], Doubles(v => v[0].StridedSlice(.., ..3).Determinant().Abs(), a).Select(d => d < 1e-15 ? 0 : d));
        var (sign, log) = (Evaluate.Of(v => v[0].LogDeterminant().Sign, Tensor.From([1.0, 2, 2, 4], [2, 2])), Evaluate.Of(v => v[0].LogDeterminant().LogMagnitude, Tensor.From([1.0, 2, 2, 4], [2, 2])));
        Assert.Equal((0, double.NegativeInfinity), (sign.Item<double>(), log.Item<double>()));
    }

    [Fact]
    public void The_exponential_is_the_limit_of_powers_and_known_in_closed_form()
    {
        // A rotation, a nilpotent matrix and a large diagonal one that needs squarings.
        var a = Tensor.From([0.0, -2, 2, 0, 0, 3, 0, 0, 30, 0, 0, -30], [3, 2, 2]);
        AssertNear([Math.Cos(2), -Math.Sin(2), Math.Sin(2), Math.Cos(2), 1, 3, 0, 1, Math.Exp(30), 0, 0, Math.Exp(-30)], Doubles(v => v[0].MatrixExponential(), a), 1e-12);
        var x = Signed(2, 5, 5);
        AssertNear(Doubles(v => v[0].MatrixExponential().MatrixPower(3), x), Doubles(v => (3 * v[0]).MatrixExponential(), x));
        AssertNear(Doubles(v => v[0].Trace().Exp(), x), Doubles(v => v[0].MatrixExponential().Determinant(), x));
    }

    [Fact]
    public void Norms_and_powers_are_as_defined()
    {
        var a = Tensor.From([3.0, 0, 0, -4], [2, 2]);
        double[] norms = [.. Enum.GetValues<MatrixNormKind>().SelectMany(k => Doubles(v => v[0].MatrixNorm(k), a)), .. Doubles(v => v[0].ConditionNumber(), a)];
        AssertNear([5, 7, 4, 4.0 / 3], norms);
        Assert.Equal([9.0, 0, 0, 16], Doubles(v => v[0].MatrixPower(2), a));
        Assert.Equal([1.0, 0, 0, 1], Doubles(v => v[0].MatrixPower(0), a));
        AssertNear([1.0 / 27, 0, 0, -1.0 / 64], Doubles(v => v[0].MatrixPower(-3), a));
    }

    [Fact]
    public void Products_are_as_defined()
    {
        var (a, b) = (Tensor.From([1.0, 2, 3]), Tensor.From([4.0, 5, 6]));
        Assert.Equal([32.0], Doubles(v => v[0].Dot(v[1]), a, b));
        Assert.Equal([4.0, 5, 6, 8, 10, 12, 12, 15, 18], Doubles(v => v[0].Outer(v[1]), a, b));
        Assert.Equal([-3.0, 6, -3], Doubles(v => v[0].Cross(v[1]), a, b));
        Assert.Equal([1.0, 4, 5, 2, 1, 4, 3, 2, 1], Doubles(v => v[0].Toeplitz(Operations.Concat([v[0].StridedSlice(..1), v[1].StridedSlice(..2)], 0)), a, b));
        Assert.Equal([1.0, 2, 3, 2, 1, 2, 3, 2, 1], Doubles(v => v[0].Toeplitz(), a));
        Assert.Equal([4.0, 5, 6, 8, 10, 12, 12, 15, 18], Doubles(v => v[0].ExpandDims(1).Kronecker(v[1].ExpandDims(0)), a, b));
        Assert.Equal([0.0, 1, 0, 2, 1, 0, 2, 0, 0, 3, 0, 0, 3, 0, 0, 0],
            Doubles(v => v[0].Kronecker(v[1]), Tensor.From([1.0, 2, 3, 0], [2, 2]), Tensor.From([0.0, 1, 1, 0], [2, 2])));
    }

    [Fact]
    public void Errors_name_the_operation_the_matrix_and_the_row()
    {
        var singular = Tensor.From([1.0, 0, 0, 1, 1, 2, 2, 4], [2, 1, 2, 2]);
        string Fault(Func<Value, Value> function, Tensor? x = null) => Assert.Throws<FactorizationException>(() => Evaluate.Of(v => function(v[0]), x ?? singular)).Message;
        Assert.StartsWith("Solve: matrix [1, 0] of the batch [2, 1] is singular: the pivot of row 1 is 0", Fault(x => x.Solve(x)), StringComparison.Ordinal);
        Assert.StartsWith("Inverse: matrix [1, 0] of the batch [2, 1] is singular: the pivot of row 1 is 0", Fault(x => x.Inverse()), StringComparison.Ordinal);
        Assert.StartsWith("Cholesky: matrix [1, 0] of the batch [2, 1] is not positive definite: the pivot of row 1 is 0", Fault(x => x.Cholesky()), StringComparison.Ordinal);
        Assert.StartsWith("Cholesky: the matrix is not positive definite: the pivot of row 0 is -1", Fault(x => x.Cholesky(), Tensor.From([-1.0], [1, 1])), StringComparison.Ordinal);
        Assert.StartsWith("TriangularSolve: the matrix is singular: element 0 of its diagonal is 0", Fault(x => x.TriangularSolve(x), Tensor.From([0.0], [1, 1])), StringComparison.Ordinal);
        var nan = Tensor.From([1, 2, double.NaN, 4], [2, 2]);
        Assert.StartsWith("SymmetricEigen: the matrix has no eigenvalues: its element [0, 1] is NaN", Fault(x => x.SymmetricEigen().Values, nan), StringComparison.Ordinal);
        Assert.StartsWith("Eigen: the matrix has no eigenvalues: its element [1, 0] is NaN", Fault(x => x.Eigenvalues().Re, nan), StringComparison.Ordinal);
        Assert.StartsWith("MatrixExponential: the matrix has no finite exponential", Fault(x => x.MatrixExponential(), Tensor.From([1e30], [1, 1])), StringComparison.Ordinal);
        Assert.StartsWith("Svd: the matrix can't be decomposed: its element [1, 0] is NaN", Fault(x => x.SingularValues(), nan), StringComparison.Ordinal);
        Assert.True(double.IsNaN(Doubles(v => v[0].Determinant(), nan)[0]));
    }

    [Fact]
    public void What_is_no_matrix_is_refused_when_the_graph_is_built()
    {
        var graph = new Graph();
        Value Of(params int[] shape) => graph.Placeholder("x", DType.Float32, Shape.Create(shape));
        string Refusal(Func<Value> function) => Assert.Throws<ShapeException>(function).Message;
        Assert.Contains("takes square matrices", Refusal(() => Of(2, 3).Inverse()), StringComparison.Ordinal);
        Assert.Contains("at least two dimensions", Refusal(() => Of(3).Qr().Q), StringComparison.Ordinal);
        Assert.Contains("the right sides are Float32[3, ?]", Refusal(() => Of(3, 3).Solve(Of(3))), StringComparison.Ordinal);
        Assert.Contains("the right sides are Float32[2, 3, ?]", Refusal(() => Of(2, 3, 3).Solve(Of(1, 3, 3))), StringComparison.Ordinal);
        Assert.Contains("floating-point", Refusal(() => graph.Placeholder("i", DType.Int32, [2, 2]).Cholesky()), StringComparison.Ordinal);
        Assert.Contains("the tolerance is at least 0", Refusal(() => Of(2, 2).PseudoInverse(-1)), StringComparison.Ordinal);
        Assert.Contains("3 elements along dimension 0", Refusal(() => Of(2, 3).Cross(Of(2, 3), 0)), StringComparison.Ordinal);
        Assert.Contains("of known lengths", Refusal(() => Of(-1, 3).LeastSquares(Of(-1, 3))), StringComparison.Ordinal);
        Assert.Contains("has length 3", Refusal(() => Of(2, 3).TensorDot(Of(2, 3), [1], [0])), StringComparison.Ordinal);
    }

    [Fact]
    public void Lengths_may_be_unknown_until_the_step_runs()
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float64, [-1, -1, -1]);
        var (u, s, v) = x.Svd();
        var y = (u * s.ExpandDims(-2)).MatMul(v, transposeB: true).MatMul(x.Inverse()) + Operations.Einsum("bij,bjk->bik", x, x.PseudoInverse()) - x.MatrixPower(0);
        var gradient = Gradients.Of(y.Sum(), x)[0]!.Dense();
        using var session = new Session(graph, new SessionOptions { Threads = 1 });
        var results = session.Compile([x], [y, gradient]).Run(Regular(2, 4, 4));
        AssertNear([.. Enumerable.Range(0, 32).Select(i => i % 16 % 5 == 0 ? 1.0 : 0)], results[0].ToArray<double>());
        AssertNear(new double[32], results[1].ToArray<double>());
    }

    [Fact]
    public void Narrower_types_are_computed_as_well()
    {
        foreach (var (type, tolerance) in new[] { (DType.Float32, 1e-4), (DType.BFloat16, 0.2), (DType.Float16, 0.02) })
        {
            var a = Evaluate.Of(v => v[0].Cast(type), Regular(2, 6, 6));
            var exact = Evaluate.Of(v => v[0].Cast(DType.Float64), a);
            foreach (var function in new Func<Value, Value>[]
                     {
                         x => x.Solve(x.MatrixTranspose()), x => x.Inverse(), x => (x.MatMul(x, transposeB: true) / 8).Cholesky(), x => x.TriangularSolve(x.MatrixTranspose()), x => x.LogDeterminant().LogMagnitude,
                         x => x.Lu().U, x => x.Qr().R, x => x.SingularValues(), x => x.SymmetricEigen().Values, x => x.PseudoInverse(), x => (x / 4).MatrixExponential(), x => (x / 8).Determinant(),
                         x => x.Eigenvalues().Re.Sort().Values,
                     })
            {
                var y = Evaluate.Of(v => function(v[0]), a);
                Assert.Equal(type, y.Type);
                AssertNear(Doubles(v => function(v[0]), exact), Doubles(v => v[0].Cast(DType.Float64), y), tolerance);
            }
        }
    }

    [Fact]
    public void Only_eigenvalues_allocate_when_a_step_runs()
    {
        var graph = new Graph();
        var x = graph.Placeholder("x", DType.Float32, [2, 6, 6]);
        var y = Operations.Einsum("bij,bjk->bik", x.Solve(x.Inverse()), x.Svd().U) + x.Qr().R + x.Lu().L + x.PseudoInverse() + x.TriangularSolve(x)
            + x.MatMul(x, transposeB: true).Cholesky() + Operations.Fft(x, x).Re + (x / 10).MatrixExponential() + x.Rfft().Im.Sum() + x.LogDeterminant().LogMagnitude.Sum();
        using var session = new Session(graph, new SessionOptions { Threads = 1 });
        var step = session.Compile([x], [y.Sum()]);
        Tensor[] inputs = [Evaluate.Of(v => v[0].Cast(DType.Float32), Regular(2, 6, 6))];
        Tensor[] outputs = [Tensor.Scalar(0f)];
        for (var i = 0; i < 50; i++) step.Run(inputs, outputs);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 10; i++) step.Run(inputs, outputs);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
