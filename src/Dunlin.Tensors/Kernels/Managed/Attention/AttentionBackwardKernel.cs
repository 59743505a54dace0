using System.Numerics;
using System.Numerics.Tensors;

namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>
/// What both gradients of attention need. With the weights p = exp(score − ln Σ exp) computed again and dp = dy · vᵀ, the scores' gradient is
/// ds = p · (dp − Δ), where Δ = Σ dy · y is each query's Σ p · dp.
/// </summary>
internal abstract unsafe class AttentionGradientKernel<T>(AttentionGeometry geometry, int outputs, int threads)
    : AttentionKernel<T>(new(geometry), geometry.Optional + 6 + outputs, 2, threads) where T : unmanaged, IFloatingPointIeee754<T>
{
    protected T* Gradient(int matrix, int query) => Buffer<T>(Plan.Inputs + 2) + ((nint)matrix * Plan.Queries + query) * Plan.ValueWidth;

    /// <summary>Packs a block of queries and finds Δ and ln Σ exp of each: ∞ where it sees no key, so that its weights are 0.</summary>
    protected void Begin(int matrix, int query, int rows, in Room room)
    {
        PackQueries(matrix, query, rows, room);
        var row = (nint)matrix * Plan.Queries + query;
        for (var r = 0; r < rows; r++)
        {
            var y = new ReadOnlySpan<T>(Buffer<T>(Plan.Inputs) + (row + r) * Plan.ValueWidth, Plan.ValueWidth);
            room.First[r] = TensorPrimitives.Dot(y, new ReadOnlySpan<T>(Gradient(matrix, query + r), Plan.ValueWidth));
            var total = Buffer<T>(Plan.Inputs + 1)[row + r];
            room.Second[r] = T.IsNegativeInfinity(total) ? T.PositiveInfinity : total;
        }
    }

    /// <summary>The weights, after dropout, in the first block of scores and ds in the second; 0 where a query does not see a key.</summary>
    protected void Tile(int matrix, int query, int rows, int key, int columns, in Room room)
    {
        var weights = room.Tiles;
        var slopes = room.Tiles + TileElements;
        Scores(matrix, rows, key, columns, weights, room);
        Gemm.Multiply(new GemmOperands<T>
        {
            M = rows,
            N = columns,
            K = Plan.ValueWidth,
            A = Gradient(matrix, query),
            ARow = Plan.ValueWidth,
            AStep = 1,
            B = Buffer<T>(2) + ((nint)matrix * Plan.Keys + key) * Plan.ValueWidth,
            BStep = 1,
            BColumn = Plan.ValueWidth,
            C = slopes,
            CRow = Plan.Stride,
        }, room.Gemm);
        for (var r = 0; r < rows; r++, weights += Plan.Stride, slopes += Plan.Stride)
        {
            var count = Math.Clamp(Visible(matrix, query + r) - key, 0, columns);
            Mask(matrix, query + r, key, weights, count);
            var p = new Span<T>(weights, count);
            var ds = new Span<T>(slopes, count);
            TensorPrimitives.Subtract(p, room.Second[r], p);
            TensorPrimitives.Exp(p, p);
            if (Plan.StepInput > 0)
            {
                Draw(matrix, query + r, key, count, room.Bits);
                DropDrawn(slopes, count, room.Bits);
            }
            TensorPrimitives.Subtract(ds, room.First[r], ds);
            TensorPrimitives.Multiply(ds, p, ds);
            if (Plan.StepInput > 0) DropDrawn(weights, count, room.Bits);
            new Span<T>(weights + count, columns - count).Clear();
            new Span<T>(slopes + count, columns - count).Clear();
        }
    }
}

/// <summary>
/// dq = Scale · ds · k, dk = Scale · dsᵀ · q and dv = pᵀ · dy. Where there are enough matrices for the threads, each is one task and a block of scores
/// serves all three; else threads take blocks of keys for dk and dv and then blocks of queries for dq. Either way the terms of an element are added in
/// the same order, so the number of threads changes no bit.
/// </summary>
internal sealed unsafe class AttentionBackwardKernel<T> : AttentionGradientKernel<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly bool _whole;
    private readonly T _scale;
    private bool _byKeys;

    public AttentionBackwardKernel(AttentionBackwardSpec spec, int threads) : base(spec.Geometry, 3, threads)
    {
        _whole = threads == 1 || Plan.Matrices % threads == 0 || Plan.Matrices >= 4 * threads;
        _scale = T.CreateChecked(spec.Geometry.Scale);
    }

    private T* QueryGradient => Buffer<T>(Plan.Inputs + 3);

    private T* KeyGradient => Buffer<T>(Plan.Inputs + 4);

    private T* ValueGradient => Buffer<T>(Plan.Inputs + 5);

    protected override void Start(ThreadTeam threads)
    {
        Parallel(threads);
        if (_whole) return;
        _byKeys = true;
        Parallel(threads);
        _byKeys = false;
    }

    public override void Execute(int worker, int workers)
    {
        var room = Working(worker);
        var parts = _whole ? 1 : _byKeys ? Plan.KeyBlocks : Plan.QueryBlocks;
        for (var task = (long)worker; task < (long)Plan.Matrices * parts; task += workers)
        {
            var (matrix, part) = ((int)(task / parts), (int)(task % parts));
            if (_whole) Part(matrix, 0, Plan.Queries, 0, Plan.Keys, room);
            else if (_byKeys) Part(matrix, 0, Plan.Queries, part * Plan.Columns, Math.Min(Plan.Keys, (part + 1) * Plan.Columns), room);
            else Part(matrix, part * Plan.Rows, Math.Min(Plan.Queries, (part + 1) * Plan.Rows), 0, Plan.Keys, room);
        }
    }

    /// <summary>What some queries and some keys of a matrix do to each other.</summary>
    private void Part(int matrix, int query, int queryEnd, int key, int keyEnd, in Room room)
    {
        var (toQueries, toKeys) = (_whole || !_byKeys, _whole || _byKeys);
        var (queries, keys) = ((nint)matrix * Plan.Queries, (nint)matrix * Plan.Keys);
        if (toQueries) new Span<T>(QueryGradient + (queries + query) * Plan.Width, (queryEnd - query) * Plan.Width).Clear();
        if (toKeys) new Span<T>(KeyGradient + (keys + key) * Plan.Width, (keyEnd - key) * Plan.Width).Clear();
        if (toKeys) new Span<T>(ValueGradient + (keys + key) * Plan.ValueWidth, (keyEnd - key) * Plan.ValueWidth).Clear();
        for (; query < queryEnd; query += Plan.Rows)
        {
            var rows = Math.Min(Plan.Rows, queryEnd - query);
            var end = Math.Min(keyEnd, Visible(matrix, query + rows - 1));
            if (end <= key) continue;
            Begin(matrix, query, rows, room);
            for (var k = key; k < end; k += Plan.Columns) Block(matrix, query, rows, k, Math.Min(Plan.Columns, end - k), toQueries, toKeys, room);
        }
    }

    private void Block(int matrix, int query, int rows, int key, int columns, bool toQueries, bool toKeys, in Room room)
    {
        Tile(matrix, query, rows, key, columns, room);
        var weights = room.Tiles;
        var slopes = room.Tiles + TileElements;
        for (var r = 0; r < rows; r++)
        {
            var ds = new Span<T>(slopes + (nint)r * Plan.Stride, columns);
            TensorPrimitives.Multiply(ds, _scale, ds);
        }
        var (q, k) = (((nint)matrix * Plan.Queries + query) * Plan.Width, ((nint)matrix * Plan.Keys + key) * Plan.Width);
        if (toQueries) Add(rows, Plan.Width, columns, slopes, Plan.Stride, 1, Buffer<T>(1) + k, QueryGradient + q, room);
        if (!toKeys) return;
        Add(columns, Plan.Width, rows, slopes, 1, Plan.Stride, Buffer<T>(0) + q, KeyGradient + k, room);
        Add(columns, Plan.ValueWidth, rows, weights, 1, Plan.Stride, Gradient(matrix, query), ValueGradient + ((nint)matrix * Plan.Keys + key) * Plan.ValueWidth, room);
    }

    /// <summary>target[m, n] += Σ a[m, k] · b[k, n].</summary>
    private static void Add(int m, int n, int k, T* a, int aRow, int aStep, T* b, T* target, in Room room) =>
        Gemm.Multiply(new GemmOperands<T> { M = m, N = n, K = k, A = a, ARow = aRow, AStep = aStep, B = b, BStep = n, BColumn = 1, C = target, CRow = n, Accumulate = true }, room.Gemm);
}

/// <summary>
/// ds, summed over what the mask is broadcast along. Threads take blocks of queries of the mask's matrices (its matrices as a whole where queries share a row)
/// and go through the matrices of queries that share it.
/// </summary>
internal sealed unsafe class AttentionMaskBackwardKernel<T>(AttentionMaskBackwardSpec spec, int threads) : AttentionGradientKernel<T>(spec.Geometry, 1, threads)
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public override void Execute(int worker, int workers)
    {
        var room = Working(worker);
        var parts = Plan.MaskRow == 0 ? 1 : Plan.QueryBlocks;
        for (var task = (long)worker; task < (long)Plan.MaskMatrices * parts; task += workers)
        {
            var target = Buffer<T>(Plan.Inputs + 3) + (nint)(task / parts * Plan.MaskElements);
            var (query, end) = parts == 1 ? (0, Plan.Queries) : ((int)(task % parts) * Plan.Rows, Math.Min(Plan.Queries, (int)(task % parts + 1) * Plan.Rows));
            if (Plan.MaskRow == 0) new Span<T>(target, checked((int)Plan.MaskElements)).Clear();
            else new Span<T>(target + (nint)query * Plan.MaskRow, (end - query) * Plan.MaskRow).Clear();
            for (var matrix = 0; matrix < Plan.Matrices; matrix++)
                if (Plan.MaskOf(matrix) == task / parts) Matrix(matrix, query, end, target, room);
        }
    }

    private void Matrix(int matrix, int query, int end, T* target, in Room room)
    {
        for (; query < end; query += Plan.Rows)
        {
            var rows = Math.Min(Plan.Rows, end - query);
            var keys = Visible(matrix, query + rows - 1);
            if (keys > 0) Begin(matrix, query, rows, room);
            for (var key = 0; key < keys; key += Plan.Columns)
            {
                var columns = Math.Min(Plan.Columns, keys - key);
                Tile(matrix, query, rows, key, columns, room);
                for (var r = 0; r < rows; r++)
                {
                    var ds = new ReadOnlySpan<T>(room.Tiles + TileElements + (nint)r * Plan.Stride, columns);
                    var to = target + (nint)(query + r) * Plan.MaskRow + (nint)key * Plan.MaskColumn;
                    if (Plan.MaskColumn == 0) *to += TensorPrimitives.Sum(ds);
                    else TensorPrimitives.Add(new ReadOnlySpan<T>(to, columns), ds, new Span<T>(to, columns));
                }
            }
        }
    }
}
