namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>
/// The second operand of a product, in panels of as many columns as a register tile is wide: [panels, K, columns], the last panel filled up with zeros. Made once, it spares products of few rows
/// the packing, which else takes as long as the product. Only inputs are in panels, so nothing leads from them back to the plain layout.
/// </summary>
/// <param name="k">Terms of the sum.</param>
/// <param name="n">Columns.</param>
/// <param name="transposed">Whether the tensor is stored [n, k].</param>
internal sealed class PanelLayout(int k, int n, bool transposed) : MemoryLayout
{
    public int K => k;

    public int N => n;

    public bool IsTransposed => transposed;

    public override long Bytes(TensorType type) => Packing<float>.Elements(n, k, Gemm<float>.Instance.TileColumns) * sizeof(float);

    public override bool IsPermutation(TensorType type) => false;

    public override MemoryLayout? Of(DType type) => type == DType.Float32 ? this : null;

    public override MemoryLayout? For(Shape shape) => null;

    public override long? Runs(Shape part, int dimension) => null;

    public override bool Equals(MemoryLayout? other) => other is PanelLayout panels && (panels.K, panels.N, panels.IsTransposed) == (k, n, transposed);

    public override int GetHashCode() => HashCode.Combine(k, n, transposed);

    public override string ToString() => $"panels of {k} × {Gemm<float>.Instance.TileColumns}";
}
