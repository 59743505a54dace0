namespace Dunlin.Tensors.Kernels.OneDnn.Abi26;

/// <summary>Products of plain matrices; a transposed operand is one with swapped strides.</summary>
internal static unsafe class MatMulPrimitive
{
    public static Kernel? Prepare(MatMulSpec spec, ThreadTeam threads)
    {
        if (spec.Batch == 0 || spec.M == 0 || spec.N == 0 || spec.K == 0) return null;
        var a = Matrices(spec.Batch, spec.M, spec.K, spec.TransposeA);
        var b = Matrices(spec.Batch, spec.K, spec.N, spec.TransposeB);
        var y = Matrices(spec.Batch, spec.M, spec.N, transposed: false);
        var bias = Matrices(1, 1, spec.N, transposed: false, rank: a.Rank);
        MatMulDesc operation;
        Native.Check(Native.dnnl_matmul_desc_init(&operation, &a, &b, spec.Bias ? &bias : null, &y), "describing the product", spec);
        using var primitive = PrimitiveDesc.Create(&operation, spec, spec.Activation);
        if (primitive is null) return null;
        return new OneDnnKernel(spec, primitive, threads, spec.Bias ? [Arg.Src, Arg.Weights, Arg.Bias] : [Arg.Src, Arg.Weights], [Arg.Dst], plain: true);
    }

    /// <summary>One matrix has two dimensions, for which the library has faster ways than for a batch of one.</summary>
    private static MemoryDesc Matrices(int batch, int rows, int columns, bool transposed, int? rank = null)
    {
        var strides = default(Dims);
        var matrixOnly = (rank ?? (batch == 1 ? 2 : 3)) == 2;
        var row = matrixOnly ? 0 : 1;
        if (!matrixOnly) strides[0] = (long)rows * columns;
        strides[row] = transposed ? 1 : columns;
        strides[row + 1] = transposed ? rows : 1;
        return MemoryDesc.Strided(matrixOnly ? [rows, columns] : [batch, rows, columns], strides);
    }
}
