namespace Dunlin.Graphs.Ops;

/// <summary>Products made of other operations, through which they are differentiated.</summary>
public static partial class Operations
{
    /// <summary>Each matrix […, m, n] transposed […, n, m].</summary>
    public static Value MatrixTranspose(this Value x) => x.Shape.Rank >= 2
        ? x.Transpose([.. Enumerable.Range(0, x.Shape.Rank - 2), x.Shape.Rank - 1, x.Shape.Rank - 2])
        : throw new ShapeException($"MatrixTranspose({x}): takes matrices: at least two dimensions.");

    /// <summary>The inner products Σᵢ a[…, i] · b[…, i] of vectors in the last dimension; the leading ones are broadcast.</summary>
    public static Value Dot(this Value a, Value b)
    {
        if (a.Shape.Rank == 0 || b.Shape.Rank == 0 || !Shape.Of(a.Shape[^1]).Accepts([b.Shape[^1]]))
            throw new ShapeException($"Dot({a}, {b}): takes vectors of equal length in the last dimension.");
        return (a * b).Sum([-1]);
    }

    /// <summary>The outer products y[…, i, j] = a[…, i] · b[…, j] of vectors in the last dimension; the leading ones are broadcast.</summary>
    public static Value Outer(this Value a, Value b) => a.ExpandDims(-1) * b.ExpandDims(-2);

    /// <summary>The sums over the given dimensions of products: NumPy's tensordot. What is left of a's dimensions comes before what is left of b's.</summary>
    /// <param name="a">Floating-point numbers.</param>
    /// <param name="b">As a.</param>
    /// <param name="axesA">Dimensions of a; a negative one counts from the last.</param>
    /// <param name="axesB">As many dimensions of b, of the same lengths, in the same order.</param>
    /// <exception cref="ShapeException">The dimensions do not exist, occur twice or differ in number or length.</exception>
    public static Value TensorDot(this Value a, Value b, int[] axesA, int[] axesB)
    {
        if (axesA.Length != axesB.Length) throw new ShapeException($"TensorDot({a}, {b}): {axesA.Length} dimensions of the first against {axesB.Length} of the second.");
        var (labelsA, labelsB) = (new int[a.Shape.Rank], new int[b.Shape.Rank]);
        for (var d = 0; d < labelsA.Length; d++) labelsA[d] = d;
        for (var d = 0; d < labelsB.Length; d++) labelsB[d] = labelsA.Length + d;
        var (seenA, seenB) = (new HashSet<int>(), new HashSet<int>());
        for (var i = 0; i < axesA.Length; i++)
        {
            if (!Along.Fits(axesA[i], a.Shape) || !Along.Fits(axesB[i], b.Shape))
                throw new ShapeException($"TensorDot({a}, {b}): there is no dimension {axesA[i]} of the first or {axesB[i]} of the second.");
            var (axisA, axisB) = ((axesA[i] + labelsA.Length) % labelsA.Length, (axesB[i] + labelsB.Length) % labelsB.Length);
            if (!seenA.Add(axisA) || !seenB.Add(axisB)) throw new ShapeException($"TensorDot({a}, {b}): the dimension {axesA[i]} of the first or {axesB[i]} of the second is given twice.");
            if (!Shape.Of(a.Shape[axisA]).Accepts([b.Shape[axisB]]))
                throw new ShapeException($"TensorDot({a}, {b}): dimension {axisA} of the first has length {a.Shape[axisA]}, dimension {axisB} of the second {b.Shape[axisB]}.");
            labelsB[axisB] = axisA;
        }
        return new Contraction("TensorDot", [(a, labelsA), (b, labelsB)], [.. labelsA.Where(l => !seenA.Contains(l)), .. labelsB.Where(l => l >= labelsA.Length)]).Run();
    }

    /// <summary>The sums […] of the diagonals of square matrices […, n, n].</summary>
    public static Value Trace(this Value x) => x.DiagonalPart().Sum([-1]);

    /// <summary>The vector products a × b of vectors of three elements along a dimension; the others are broadcast.</summary>
    /// <param name="a">Any numbers.</param>
    /// <param name="b">As a, of as many dimensions.</param>
    /// <param name="axis">The dimension, of length 3; a negative one counts from the last.</param>
    public static Value Cross(this Value a, Value b, int axis = -1)
    {
        if (!Along.Fits(axis, a.Shape) || a.Shape.Rank != b.Shape.Rank || a.Shape[axis] != 3 || b.Shape[axis] != 3)
            throw new ShapeException($"Cross({a}, {b}): takes tensors of as many dimensions with 3 elements along dimension {axis}.");
        return a.Roll(-1, axis) * b.Roll(-2, axis) - a.Roll(-2, axis) * b.Roll(-1, axis);
    }

    /// <summary>The Kronecker products […, m · p, n · q] of matrices a[…, m, n] and b[…, p, q]: b times each element of a. The leading dimensions are broadcast.</summary>
    /// <exception cref="ShapeException">They are no matrices, or more than one length of the result is unknown.</exception>
    public static Value Kronecker(this Value a, Value b)
    {
        if (a.Shape.Rank < 2 || b.Shape.Rank < 2) throw new ShapeException($"Kronecker({a}, {b}): takes matrices: at least two dimensions.");
        var product = a.ExpandDims(-2).ExpandDims(-1) * b.ExpandDims(-2).ExpandDims(-4);
        var y = product.Shape;
        int Times(int left, int right) => left == Shape.Unknown || right == Shape.Unknown ? Shape.Unknown : Length((double)left * right, nameof(Kronecker));
        return product.Reshape(y[..^4].Append(Times(y[^4], y[^3]), Times(y[^2], y[^1])));
    }

    /// <summary>
    /// The Toeplitz matrices T[…, m, n] with the given first columns c[…, m] and first rows r[…, n], whose diagonals are constant: Tᵢⱼ = c[i − j], or r[j − i] above the
    /// main diagonal. r[0] is not read. Without rows, symmetric ones.
    /// </summary>
    /// <exception cref="ShapeException">The lengths m and n are unknown, or m is 0.</exception>
    public static Value Toeplitz(this Value column, Value? row = null)
    {
        row ??= column;
        if (column.Shape.Rank == 0 || row.Shape.Rank != column.Shape.Rank || column.Shape[^1] < 1 || row.Shape[^1] < 1)
            throw new ShapeException($"Toeplitz({column}, {row}): takes vectors in the last dimension, of known lengths, at least 1.");
        // Windows of n neighbours over the diagonals' elements, the lowest first, are the rows from the last up.
        Slicing[] leading = [.. Enumerable.Repeat((Slicing)(..), column.Shape.Rank - 1)];
        var diagonals = Concat([column.Reverse(-1), row.StridedSlice([.. leading, 1..])], -1);
        return diagonals.Unfold(-1, row.Shape[^1]).Reverse(-2);
    }
}
