using System.Runtime.CompilerServices;

namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>
/// What the kernels of Winograd's convolutions share: they go through chunks of tiles and blocks of outputs in phases, each a number of items of work that all threads share, and have a strip and two tiles of
/// working memory for each thread.
/// </summary>
internal abstract unsafe class WinogradKernel<TVector, TLanes> : ManagedKernel
    where TVector : struct
    where TLanes : ILanes<float, TVector>
{
    protected const int Block = WinogradPlan.Block, Points = WinogradPlan.Points, Side = WinogradPlan.Side;

    /// <summary>Columns of a product that are computed at once.</summary>
    protected static readonly int Panel = 2 * TLanes.Count;

    private static readonly delegate*<float*, nint, nint, float*, nint, nint, float*, nint, bool, void>[] Narrow = Kernels(1), Wide = Kernels(2);

    private readonly long _perThread;
    private Phase _phase;

    protected WinogradKernel(WinogradPlan plan, bool isHalf) : base(plan.Work)
    {
        (Plan, IsHalf, Flops) = (plan, isHalf, plan.Flops);
        _perThread = Points * Block * 2 + (long)Block * Math.Max(Side * plan.StripColumns, plan.Tile * plan.TileColumns * plan.Tile);
    }

    /// <summary>What is done to the chunk and the block at hand.</summary>
    protected enum Phase
    {
        /// <summary>Weights to points.</summary>
        Filters,
        /// <summary>Inputs to points.</summary>
        Inputs,
        /// <summary>Outputs' gradients to points.</summary>
        Gradients,
        /// <summary>Products at points.</summary>
        Products,
        /// <summary>Points to outputs.</summary>
        Outputs,
        /// <summary>Points to weights' gradients.</summary>
        Weights,
    }

    protected WinogradPlan Plan { get; }

    /// <summary>The chunk of rows of tiles at hand.</summary>
    protected int Chunk { get; set; }

    /// <summary>The first output channel of the block at hand.</summary>
    protected int FirstOutput { get; set; }

    /// <summary>Output channels of the block at hand.</summary>
    protected int Outputs => Math.Min(Plan.OutputBlock, Plan.Outputs - FirstOutput);

    /// <summary>Panels of those.</summary>
    protected int Panels => PanelsOf(Outputs);

    /// <summary>The first row of tiles of the chunk at hand, counted through all images.</summary>
    protected int FirstRow => Chunk * Plan.ChunkRows;

    /// <summary>Rows of tiles of the chunk at hand.</summary>
    protected int Rows => Math.Min(Plan.ChunkRows, Plan.Images * Plan.TileRows - FirstRow);

    /// <summary>Whether operands are BFloat16; then they are in blocks. All arithmetic is Float32's.</summary>
    protected bool IsHalf { get; }

    /// <summary>Elements of working memory of all threads.</summary>
    protected long ThreadElements(int threads) => _perThread * threads;

    /// <summary>Where an element of an operand lies.</summary>
    protected nint At(int buffer, nint element) => (nint)Buffer<byte>(buffer) + element * (IsHalf ? sizeof(ushort) : sizeof(float));

    /// <summary>The part of the working memory that threads have to themselves.</summary>
    protected abstract float* OwnMemories { get; }

    /// <summary>Goes through a phase on all threads.</summary>
    protected void In(Phase phase, ThreadTeam threads)
    {
        _phase = phase;
        Parallel(threads);
    }

    /// <summary>Items of work of a phase.</summary>
    protected abstract long Items(Phase phase);

    /// <summary>Does one of them.</summary>
    protected abstract void Do(Phase phase, long item, in OwnMemory own);

    public sealed override void Execute(int worker, int workers)
    {
        var own = Own(worker);
        var (begin, end) = ThreadTeam.Share(Items(_phase), worker, workers);
        for (var item = begin; item < end; item++) Do(_phase, item, own);
    }

    protected static int PanelsOf(int outputs) => (outputs + Panel - 1) / Panel;

    private OwnMemory Own(int worker)
    {
        var own = OwnMemories + worker * _perThread;
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

        /// <summary>What a row of tiles reads, or writes.</summary>
        public float* Strip { get; init; }
    }

    private static delegate*<float*, nint, nint, float*, nint, nint, float*, nint, bool, void>[] Kernels(int vectors)
    {
        var kernels = new delegate*<float*, nint, nint, float*, nint, nint, float*, nint, bool, void>[TLanes.TileRows];
        for (var rows = 1; rows <= kernels.Length; rows++) kernels[rows - 1] = MicroKernels<float, TVector, TLanes>.Get(rows, vectors);
        return kernels;
    }
}
