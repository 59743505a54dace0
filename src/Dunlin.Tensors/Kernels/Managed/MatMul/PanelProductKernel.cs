namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>A product of few rows with a matrix in panels.</summary>
internal sealed unsafe class PanelProductKernel : ManagedKernel
{
    /// <summary>Of more rows than this the product itself outweighs the packing, which others do as well.</summary>
    private const int MostRows = 128;

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

    /// <summary>The kernel of a product whose second operand lasts, or the one that packs that; null of all else, and where packing ahead gains nothing.</summary>
    /// <param name="spec">What to compute.</param>
    /// <param name="threads">That will run it.</param>
    public static Kernel? TryPrepare(KernelSpec spec, int threads) => spec switch
    {
        MatMulSpec { LastingB: true, Type: DType.Float32, Batch: 1, TransposeA: false, M: > 0 and <= MostRows } s when (long)s.N * s.K * sizeof(float) > Gemm<float>.SmallBytes => new PanelProductKernel(s, threads),
        ReorderSpec { To: PanelLayout panels } s when s.From.Equals(MemoryLayout.Plain) => new PanelsKernel(panels),
        _ => null,
    };

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
