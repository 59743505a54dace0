using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;

namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>
/// Attention block by block (Dao et al., "FlashAttention: fast and memory-efficient exact attention with IO-awareness", 2022): scores exist for a block of
/// queries and a block of keys at a time, in working memory of each thread, and are computed again for the gradient.
/// </summary>
internal abstract unsafe class AttentionKernel<T> : ManagedKernel where T : unmanaged, IFloatingPointIeee754<T>
{
    protected static readonly Gemm<T> Gemm = AttentionPlan<T>.Gemm;

    private readonly int _operands;
    private readonly long _packed, _gemm, _scratch;
    private readonly uint _threshold;
    private readonly T _kept;
    private PhiloxKey _key;

    protected AttentionKernel(AttentionPlan<T> plan, int operands, int tiles, int threads) : base(plan.Work)
    {
        (Plan, _operands) = (plan, operands);
        var (r, c, d, e) = (plan.Rows, plan.Columns, plan.Width, plan.ValueWidth);
        _packed = Gemm.PackedAElements(r, d);
        long[] products = [Gemm.ScratchElements(r, c, d), Gemm.ScratchElements(r, e, c), Gemm.ScratchElements(r, c, e), Gemm.ScratchElements(c, e, r), Gemm.ScratchElements(r, d, c), Gemm.ScratchElements(c, d, r)];
        _gemm = products.Max();
        TileElements = Gemm<T>.Align((long)r * plan.Stride);
        _scratch = _packed + _gemm + tiles * TileElements + 2 * Gemm<T>.Align(r) + Gemm<T>.Align(c);
        ScratchBytes = _scratch * threads * sizeof(T);
        if (plan.Geometry.Dropout is not { } dropout) return;
        (_threshold, _kept) = (dropout.Threshold, T.CreateChecked(1 / (1 - dropout.Rate)));
    }

    protected AttentionPlan<T> Plan { get; }

    /// <summary>Elements of a block of scores.</summary>
    protected long TileElements { get; }

    protected override void Run(ThreadTeam threads)
    {
        if (Plan.LengthInput > 0)
            for (var i = 0L; i < Plan.LengthCount; i++)
                if (Buffer<int>(Plan.LengthInput)[i] is var length && (length < 0 || length > Plan.Keys))
                    throw new DunlinException($"Attention: length {i} is {length}, but there are {Plan.Keys} keys: lengths are from 0 to that.");
        if (Plan.Geometry.Dropout is { } dropout) _key = new PhiloxKey(dropout.Seed, dropout.Stream).At(*Buffer<long>(Plan.StepInput));
        Start(threads);
    }

    /// <summary>Runs the tasks.</summary>
    protected virtual void Start(ThreadTeam threads) => Parallel(threads);

    /// <summary>The worker's memory: packed queries, room for products, blocks of scores, and two numbers for each query.</summary>
    protected Room Working(int worker)
    {
        var start = Buffer<T>(_operands) + worker * _scratch;
        var tiles = start + _packed + _gemm;
        var rows = start + _scratch - 2 * Gemm<T>.Align(Plan.Rows) - Gemm<T>.Align(Plan.Columns);
        return new() { Packed = start, Gemm = start + _packed, Tiles = tiles, First = rows, Second = rows + Gemm<T>.Align(Plan.Rows), Bits = (uint*)(rows + 2 * Gemm<T>.Align(Plan.Rows)) };
    }

    /// <summary>How many keys a query sees at most, the mask aside.</summary>
    protected int Visible(int matrix, int query)
    {
        var real = Plan.LengthInput == 0 ? Plan.Keys : Buffer<int>(Plan.LengthInput)[Plan.LengthOf(matrix)];
        return Plan.Geometry.Causal ? Math.Min(real, query + 1) : real;
    }

    /// <summary>Packs a block of queries, scaled, as the left side of products with keys.</summary>
    protected void PackQueries(int matrix, int query, int rows, in Room room)
    {
        Gemm.PackA(Buffer<T>(0) + ((nint)matrix * Plan.Queries + query) * Plan.Width, Plan.Width, 1, rows, Plan.Width, room.Packed);
        var packed = new Span<T>(room.Packed, checked((int)Gemm.PackedAElements(rows, Plan.Width)));
        TensorPrimitives.Multiply(packed, T.CreateChecked(Plan.Geometry.Scale), packed);
    }

    /// <summary>The scaled products of the packed queries with some keys.</summary>
    protected void Scores(int matrix, int rows, int key, int columns, T* tile, in Room room) => Gemm.Multiply(new GemmOperands<T>
    {
        M = rows,
        N = columns,
        K = Plan.Width,
        PackedA = room.Packed,
        B = Buffer<T>(1) + ((nint)matrix * Plan.Keys + key) * Plan.Width,
        BStep = 1,
        BColumn = Plan.Width,
        C = tile,
        CRow = Plan.Stride,
    }, room.Gemm);

    /// <summary>Adds the mask to one query's scores, or hides keys by −∞.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    protected void Mask(int matrix, int query, int key, T* scores, int count)
    {
        if (Plan.MaskInput == 0) return;
        var offset = (nint)(Plan.MaskOf(matrix) * Plan.MaskElements) + (nint)query * Plan.MaskRow + (nint)key * Plan.MaskColumn;
        if (Plan.Geometry.MaskHides) Hide(Buffer<bool>(Plan.MaskInput) + offset, Plan.MaskColumn, scores, count);
        else if (Plan.MaskColumn == 0) TensorPrimitives.Add(new ReadOnlySpan<T>(scores, count), Buffer<T>(Plan.MaskInput)[offset], new Span<T>(scores, count));
        else TensorPrimitives.Add(new ReadOnlySpan<T>(scores, count), new ReadOnlySpan<T>(Buffer<T>(Plan.MaskInput) + offset, count), new Span<T>(scores, count));
    }

    private static void Hide(bool* seen, int step, T* scores, int count)
    {
        for (var i = 0; i < count; i++, seen += step)
            if (!*seen) scores[i] = T.NegativeInfinity;
    }

    /// <summary>Drops some of one query's weights and makes up for it with the others.</summary>
    protected void Drop(int matrix, int query, int key, T* weights, int count, uint* bits)
    {
        Draw(matrix, query, key, count, bits);
        DropDrawn(weights, count, bits);
    }

    /// <summary>The random words of one query's weights.</summary>
    protected void Draw(int matrix, int query, int key, int count, uint* bits) =>
        Philox.FillBits(new(bits, count), _key, ((ulong)matrix * (ulong)Plan.Queries + (ulong)query) * (ulong)Plan.Keys + (ulong)key);

    /// <inheritdoc cref="Drop"/>
    protected void DropDrawn(T* weights, int count, uint* bits)
    {
        var i = 0;
        if (typeof(T) == typeof(float))
            for (var (thresholds, kept) = (new Vector<uint>(_threshold), new Vector<T>(_kept)); i <= count - Vector<uint>.Count; i += Vector<uint>.Count)
                Vector.ConditionalSelect(Vector.GreaterThanOrEqual(Vector.Load(bits + i), thresholds).As<uint, T>(), Vector.Load(weights + i) * kept, Vector<T>.Zero).Store(weights + i);
        for (; i < count; i++) weights[i] = bits[i] >= _threshold ? weights[i] * _kept : T.Zero;
    }

    /// <summary>One thread's working memory.</summary>
    protected ref struct Room
    {
        /// <summary>A block of queries as <see cref="PackQueries"/> left it.</summary>
        public T* Packed;

        /// <summary>What products need.</summary>
        public T* Gemm;

        /// <summary>Blocks of scores.</summary>
        public T* Tiles;

        /// <summary>A number for each query of a block.</summary>
        public T* First;

        /// <summary>Another.</summary>
        public T* Second;

        /// <summary>Random words for a row of a block.</summary>
        public uint* Bits;
    }
}
