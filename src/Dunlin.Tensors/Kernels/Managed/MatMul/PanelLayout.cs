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

/// <summary>Packs a plain matrix into panels.</summary>
internal sealed unsafe class PanelsKernel : ManagedKernel
{
    private readonly PanelLayout _layout;

    public PanelsKernel(PanelLayout layout) : base((double)layout.K * layout.N)
    {
        _layout = layout;
        OutputLayouts = [layout];
    }

    public override void Execute(int worker, int workers)
    {
        var (k, n, width) = (_layout.K, _layout.N, Gemm<float>.Instance.TileColumns);
        var (begin, end) = ThreadTeam.Share(n, worker, workers, width);
        if (begin == end) return;
        var (lane, step) = _layout.IsTransposed ? (k, 1) : (1, n);
        Packing<float>.Pack(Buffer<float>(0) + (nint)begin * lane, lane, step, (int)(end - begin), k, width, Buffer<float>(1) + (nint)begin * k);
    }
}

/// <summary>A product of few rows with a matrix in panels.</summary>
internal sealed unsafe class PanelProductKernel : ManagedKernel
{
    /// <summary>Of more rows than this the product itself outweighs the packing, which others do as well.</summary>
    private const int MostRows = 128;

    /// <summary>Smaller matrices are packed in no time.</summary>
    private const int LeastElements = 64 * 64;

    private readonly MatMulSpec _spec;
    private readonly long _scratch;

    private PanelProductKernel(MatMulSpec spec, int threads) : base((double)spec.M * spec.N * spec.K / 16)
    {
        _spec = spec;
        var layout = new PanelLayout(spec.K, spec.N, spec.TransposeB);
        InputLayouts = spec.Bias ? [MemoryLayout.Plain, layout, MemoryLayout.Plain] : [MemoryLayout.Plain, layout];
        _scratch = Gemm<float>.Instance.ScratchElements(spec.M, Gemm<float>.Instance.TileColumns, spec.K);
        ScratchBytes = _scratch * threads * sizeof(float);
    }

    /// <summary>The kernel of a product whose second operand lasts; null where packing it ahead gains nothing.</summary>
    public static Kernel? TryPrepare(MatMulSpec spec, int threads) =>
        spec is { LastingB: true, Type: DType.Float32, Batch: 1, TransposeA: false, M: > 0 and <= MostRows } && (long)spec.N * spec.K >= LeastElements ? new PanelProductKernel(spec, threads) : null;

    public override void Execute(int worker, int workers)
    {
        var (s, width) = (_spec, Gemm<float>.Instance.TileColumns);
        var (begin, end) = ThreadTeam.Share(s.N, worker, workers, width);
        var output = s.Bias ? 3 : 2;
        for (var column = (nint)begin; column < end; column += width)
            Gemm<float>.Instance.Multiply(new GemmOperands<float>
            {
                M = s.M,
                N = (int)Math.Min(width, end - column),
                K = s.K,
                A = Buffer<float>(0),
                ARow = s.K,
                AStep = 1,
                B = Buffer<float>(1) + column * s.K,
                BStep = width,
                BColumn = 1,
                BIsPadded = true,
                C = Buffer<float>(output) + column,
                CRow = s.N,
                ColumnBias = s.Bias ? Buffer<float>(2) + column : null,
                Relu = s.Activation == Activation.Relu,
            }, Buffer<float>(output + 1) + worker * _scratch);
    }
}
