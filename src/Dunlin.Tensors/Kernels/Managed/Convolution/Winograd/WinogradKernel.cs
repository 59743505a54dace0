using System.Runtime.CompilerServices;

namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>What the kernels of Winograd's convolutions share: micro-kernels, and a strip and a tile of working memory for each thread.</summary>
internal abstract unsafe class WinogradKernel<TVector, TLanes> : ManagedKernel
    where TVector : struct
    where TLanes : ILanes<float, TVector>
{
    protected const int Block = WinogradPlan.Block, Points = WinogradPlan.Points, Side = WinogradPlan.Side;

    /// <summary>Columns of a product that are computed at once.</summary>
    protected static readonly int Panel = 2 * TLanes.Count;

    private static readonly delegate*<float*, nint, nint, float*, nint, nint, float*, nint, bool, void>[] Narrow = Kernels(1), Wide = Kernels(2);

    private readonly long _perThread;

    protected WinogradKernel(WinogradPlan plan, bool isHalf, int strip) : base(plan.Work)
    {
        (Plan, IsHalf, Flops) = (plan, isHalf, plan.Flops);
        _perThread = Points * Block * 2 + (long)strip * Block;
    }

    protected WinogradPlan Plan { get; }

    /// <summary>Whether operands are BFloat16; then they are in blocks. All arithmetic is Float32's.</summary>
    protected bool IsHalf { get; }

    /// <summary>Elements of working memory of all threads.</summary>
    protected long ThreadElements(int threads) => _perThread * threads;

    /// <summary>The first row of tiles of the chunk at hand, counted through all images, and the one behind the last.</summary>
    protected (int Begin, int End) Rows(int chunk) => (chunk * Plan.ChunkRows, Math.Min((chunk + 1) * Plan.ChunkRows, Plan.Images * Plan.TileRows));

    /// <summary>Where an element of an operand lies.</summary>
    protected nint At(int buffer, nint element) => (nint)Buffer<byte>(buffer) + element * (IsHalf ? sizeof(ushort) : sizeof(float));

    /// <summary>One thread's part of the working memory.</summary>
    protected OwnMemory Own(float* scratch, int worker)
    {
        var own = scratch + worker * _perThread;
        return new() { Tile = own, Other = own + Points * Block, Strip = own + 2 * Points * Block };
    }

    /// <summary>Transforms the inputs of a row of tiles, of one block of channels: row-major [tiles, channels] at each point.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected void InputRow(int x, bool isBlocked, int row, int channel, float* points, nint tileStride, nint pointStride, in OwnMemory own)
    {
        var columns = Plan.StripColumns;
        var plane = At(x, Strip.Plane(row / Plan.TileRows, Plan.Channels, channel, Plan.Height, Plan.Width));
        Strip.Load(plane, IsHalf, isBlocked, Plan.Height, Plan.Width, row % Plan.TileRows * Plan.Tile - Plan.Top, -Plan.Left, Side, columns, own.Strip);
        for (var t = 0; t < Plan.TileColumns; t++, points += tileStride)
            for (var lane = 0; lane < Block; lane += TLanes.Count)
                WinogradTransforms<TVector, TLanes>.Input(own.Strip + t * Plan.Tile * Block + lane, columns * Block, Block, points + lane, pointStride, own.Tile);
    }

    /// <summary>C[rows, columns] = A · B, of at most <see cref="Panel"/> columns; B's rows are contiguous.</summary>
    protected static void Multiply(float* a, nint aRow, nint aStep, float* b, nint bStep, int k, float* c, nint cRow, int rows, int columns, bool accumulate)
    {
        var kernels = columns > TLanes.Count ? Wide : Narrow;
        for (var r = 0; r < rows; r += TLanes.TileRows)
            kernels[Math.Min(TLanes.TileRows, rows - r) - 1](a + r * aRow, aRow, aStep, b, bStep, k, c + r * cRow, cRow, accumulate);
    }

    /// <summary>A thread's working memory.</summary>
    protected readonly ref struct OwnMemory
    {
        /// <summary>36 blocks of channels.</summary>
        public float* Tile { get; init; }

        /// <summary>As much again.</summary>
        public float* Other { get; init; }

        public float* Strip { get; init; }
    }

    private static delegate*<float*, nint, nint, float*, nint, nint, float*, nint, bool, void>[] Kernels(int vectors)
    {
        var kernels = new delegate*<float*, nint, nint, float*, nint, nint, float*, nint, bool, void>[TLanes.TileRows];
        for (var rows = 1; rows <= kernels.Length; rows++) kernels[rows - 1] = MicroKernels<float, TVector, TLanes>.Get(rows, vectors);
        return kernels;
    }
}
