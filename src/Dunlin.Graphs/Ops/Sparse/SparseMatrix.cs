namespace Dunlin.Graphs.Ops;

/// <summary>A matrix of which few elements are not 0, in coordinate form. An element that is given more than once is the sum.</summary>
public sealed record SparseMatrix
{
    /// <summary>The matrix with the given elements.</summary>
    /// <param name="indices">Row and column of each: Int32 or Int64[n, 2]. One outside the matrix is an error when it is used.</param>
    /// <param name="values">The elements [n].</param>
    /// <param name="shape">Rows and columns, both known.</param>
    /// <exception cref="ShapeException">Indices, values and shape do not fit together.</exception>
    public SparseMatrix(Value indices, Value values, Shape shape)
    {
        if (indices.Type is not (DType.Int32 or DType.Int64) || !Shape.Of(Shape.Unknown, 2).Accepts(indices.Shape) || indices.Shape[^1] != 2)
            throw new ShapeException($"SparseMatrix: the indices are Int32 or Int64[n, 2], not {indices}.");
        if (!indices.Shape[..1].Accepts(values.Shape)) throw new ShapeException($"SparseMatrix: the values are as many as the indices {indices}, not {values}.");
        if (shape.Rank != 2 || !shape.IsKnown) throw new ShapeException($"SparseMatrix: the shape is known and has two dimensions, not {shape}.");
        (Indices, Values, Shape) = (indices, values, shape);
    }

    /// <summary>Row and column of each element.</summary>
    public Value Indices { get; }

    /// <summary>The elements.</summary>
    public Value Values { get; }

    /// <summary>Rows and columns.</summary>
    public Shape Shape { get; }

    /// <summary>The row of each element.</summary>
    public Value Rows => Scattering.Column(Indices, 0);

    /// <summary>The column of each element.</summary>
    public Value Columns => Scattering.Column(Indices, 1);

    /// <summary>The elements of a dense matrix of known shape that are not 0, row by row.</summary>
    public static SparseMatrix From(Value dense)
    {
        var indices = dense.NonZero();
        return new(indices, dense.GatherNd(indices), dense.Shape);
    }

    /// <summary>The same elements, multiplied by a number or by others [n].</summary>
    public static SparseMatrix operator *(SparseMatrix a, Value factor) => new(a.Indices, a.Values * factor, a.Shape);

    /// <summary>The sum of two matrices of one shape; its elements are in order and different, see <see cref="Operations.Coalesce"/>.</summary>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    public static SparseMatrix operator +(SparseMatrix a, SparseMatrix b) => a.Shape == b.Shape
        ? new SparseMatrix(Operations.Concat([a.Indices, b.Indices], 0), Operations.Concat([a.Values, b.Values], 0), a.Shape).Coalesce()
        : throw new ShapeException($"The sparse matrices {a.Shape} and {b.Shape} can't be added: their shapes differ.");
}

/// <summary>Sparse matrices. Gradients are those of what they are made of: with respect to the values they have the values' shape.</summary>
public static partial class Operations
{
    /// <summary>The whole matrix. Gradient: dy of each element's place for the values.</summary>
    public static Value ToDense(this SparseMatrix a) => ScatterNd(a.Indices, a.Values, a.Shape);

    /// <summary>Rows and columns exchanged.</summary>
    public static SparseMatrix Transpose(this SparseMatrix a) => new(a.Indices.Reverse(-1), a.Values, a.Shape.With(0, a.Shape[1]).With(1, a.Shape[0]));

    /// <summary>Row by row, each place once: the values of one place are summed.</summary>
    public static SparseMatrix Coalesce(this SparseMatrix a)
    {
        var (places, inverse, counts) = a.Indices.UniqueRows();
        return new(places, ScatterAdd(counts.FillLike(a.Values.Number(0)), inverse, a.Values), a.Shape);
    }

    /// <summary>
    /// The product a · b[k, m] with a dense matrix; the sparse one is never made dense, nor a copy of b's rows. Gradients: the products of dy's rows with b's
    /// (<see cref="Ops.RowDot"/>) for the values, sparse rows for b.
    /// </summary>
    /// <param name="a">The sparse matrix [r, c].</param>
    /// <param name="b">The dense matrix.</param>
    /// <param name="transposeA">Whether aᵀ is meant.</param>
    /// <param name="transposeB">Whether bᵀ is meant.</param>
    /// <exception cref="ShapeException">The inner lengths differ.</exception>
    public static Value MatMul(this SparseMatrix a, Value b, bool transposeA = false, bool transposeB = false)
    {
        if (b.Shape.Rank != 2) throw new ShapeException($"MatMul: a sparse matrix is multiplied with a dense matrix, not with {b}.");
        var dense = transposeB ? b.Transpose() : b;
        var (rows, columns) = transposeA ? (a.Columns, a.Rows) : (a.Rows, a.Columns);
        var inner = a.Shape[transposeA ? 0 : 1];
        if (dense.Shape[0] != Shape.Unknown && dense.Shape[0] != inner) throw new ShapeException($"MatMul: the sparse matrix has {inner} columns, the dense one {dense.Shape[0]} rows.");
        return dense.SparseSegmentSum(columns, rows, a.Shape[transposeA ? 1 : 0], a.Values);
    }

    /// <summary>The elements multiplied with those of a dense matrix of the same shape in the same places.</summary>
    public static SparseMatrix Multiply(this SparseMatrix a, Value dense) => a * dense.GatherNd(a.Indices);

    /// <summary>The softmax of each row over its given elements; the others stay 0. Places must be different: <see cref="Coalesce"/> first.</summary>
    public static SparseMatrix Softmax(this SparseMatrix a)
    {
        var (rows, count) = (a.Rows, a.Shape[0]);
        var shifted = (a.Values - a.Values.SegmentMax(rows, count).StopGradient().Gather(rows)).Exp();
        return new(a.Indices, shifted / shifted.SegmentSum(rows, count).Gather(rows), a.Shape);
    }

    /// <summary>The sum along a dimension: 1 for each row's, 0 for each column's.</summary>
    public static Value Sum(this SparseMatrix a, int axis) => axis is 0 or 1
        ? a.Values.SegmentSum(axis == 1 ? a.Rows : a.Columns, a.Shape[1 - axis])
        : throw new ShapeException($"Sum: a sparse matrix has the dimensions 0 and 1, not {axis}.");
}
