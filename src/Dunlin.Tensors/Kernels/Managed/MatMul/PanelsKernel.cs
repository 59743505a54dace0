namespace Dunlin.Tensors.Kernels.Managed;

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
