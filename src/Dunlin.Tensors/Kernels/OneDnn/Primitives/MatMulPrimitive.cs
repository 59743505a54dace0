namespace Dunlin.Tensors.Kernels.OneDnn.Primitives;

/// <summary>Products of plain matrices; a transposed operand is one with swapped strides.</summary>
internal static class MatMulPrimitive
{
    public static Kernel? Prepare(OneDnnAbi abi, MatMulSpec spec, ThreadTeam threads)
    {
        if (spec.Batch == 0 || spec.M == 0 || spec.N == 0 || spec.K == 0) return null;
        var type = DataTypes.Of(spec.Type);
        // One matrix has two dimensions, for which the library has faster ways than for a batch of one.
        MemoryDesc Matrices(int batch, int rows, int columns, bool transposed, DataType type)
        {
            ReadOnlySpan<long> strides = [(long)rows * columns, transposed ? 1 : columns, transposed ? rows : 1];
            ReadOnlySpan<int> lengths = [batch, rows, columns];
            return spec.Batch == 1 ? abi.Strided(lengths[1..], strides[1..], type) : abi.Strided(lengths, strides, type);
        }
        using var primitive = PrimitiveDesc.Of(abi, abi.MatMul(Matrices(spec.Batch, spec.M, spec.K, spec.TransposeA, type), Matrices(spec.Batch, spec.K, spec.N, spec.TransposeB, type),
            spec.Bias ? Matrices(1, 1, spec.N, transposed: false, type) : MemoryDesc.None, Matrices(spec.Batch, spec.M, spec.N, transposed: false, spec.WideResult ? DataType.Float32 : type),
            abi.AttributesFor(spec.Activation), out var handle), handle, spec);
        return primitive is null ? null : OneDnnKernel.Create(spec, primitive, threads, spec.Bias ? [Arg.Src, Arg.Weights, Arg.Bias] : [Arg.Src, Arg.Weights], [Arg.Dst], plain: true);
    }
}
