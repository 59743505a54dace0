using System.Numerics;

namespace Dunlin.Tensors.Kernels.Managed;

/// <summary><see cref="Gemm{T}"/> for one vector width.</summary>
internal sealed unsafe class Gemm<T, TVector, TLanes> : Gemm<T>
    where T : unmanaged, IFloatingPointIeee754<T>
    where TVector : struct
    where TLanes : ILanes<T, TVector>
{
    private readonly delegate*<T*, nint, nint, T*, nint, nint, T*, nint, bool, void>[] _narrow = Kernels(1), _wide = Kernels(2);

    public override int TileRows => TLanes.TileRows;

    public override int TileColumns => 2 * TLanes.Count;

    public override void Multiply(in GemmOperands<T> o, T* scratch)
    {
        var depth = Math.Min(o.K, DepthBlock);
        var packedB = scratch + Align(Packing<T>.Elements(Math.Min(o.M, RowBlock), depth, TileRows));
        var edge = packedB + Align(Packing<T>.Elements(Math.Min(o.N, ColumnBlock), depth, TileColumns));
        var block = new Block { PackedA = scratch, PackedB = packedB, Edge = edge };
        block.PacksA = o.PackedA == null && o.N > 2 * TileColumns && (long)o.M * o.K * sizeof(T) > SmallBytes;
        block.PacksB = !o.BIsPadded && (o.BColumn != 1 || (o.M > 2 * TileRows && (long)o.N * o.K * sizeof(T) > SmallBytes));
        for (var j = 0; j < o.N; j += ColumnBlock)
        {
            block.J = j;
            block.N = Math.Min(ColumnBlock, o.N - j);
            var p = 0;
            do
            {
                block.P = p;
                block.K = Math.Min(DepthBlock, o.K - p);
                Columns(o, block);
                p += DepthBlock;
            }
            while (p < o.K);
        }
    }

    private void Columns(in GemmOperands<T> o, in Block block)
    {
        var b = o.B + block.P * o.BStep + block.J * o.BColumn;
        if (block.PacksB) Packing<T>.Pack(b, o.BColumn, o.BStep, block.N, block.K, TileColumns, block.PackedB);
        for (var i = 0; i < o.M; i += RowBlock)
        {
            var m = Math.Min(RowBlock, o.M - i);
            var a = o.A + i * o.ARow + block.P * o.AStep;
            if (block.PacksA) Packing<T>.Pack(a, o.ARow, o.AStep, m, block.K, TileRows, block.PackedA);
            Rows(o, block, b, a, i, m);
        }
    }

    /// <summary>All tiles of a block of rows, one panel of B after the other.</summary>
    private void Rows(in GemmOperands<T> o, in Block block, T* b, T* a, int i, int m)
    {
        var isLast = block.P + block.K >= o.K;
        var accumulate = o.Accumulate || block.P > 0;
        var finishes = isLast && (o.RowBias != null || o.ColumnBias != null || o.Relu);
        nint aRow = o.ARow, aStep = o.AStep, aTile = o.ARow * TileRows;
        if (block.PacksA || o.PackedA != null)
        {
            a = o.PackedA == null ? block.PackedA
                : o.PackedA + (nint)block.P * Packing<T>.RoundUp(o.M, TileRows) + (nint)i * block.K;
            aRow = 1;
            aStep = TileRows;
            aTile = aStep * block.K;
        }
        for (var j = 0; j < block.N; j += TileColumns)
        {
            var n = Math.Min(TileColumns, block.N - j);
            var panel = block.PacksB ? block.PackedB + (nint)j * block.K : b + j;
            nint bStep = block.PacksB ? TileColumns : o.BStep;
            if (n < TileColumns && !block.PacksB && !o.BIsPadded)
            {
                Packing<T>.Pack(panel, 1, bStep, n, block.K, TileColumns, block.PackedB);
                panel = block.PackedB;
                bStep = TileColumns;
            }
            var kernels = n > TLanes.Count ? _wide : _narrow;
            var isWhole = n % TLanes.Count == 0;
            var c = o.C + i * o.CRow + block.J + j;
            var tile = a;
            for (var r = 0; r < m; r += TileRows, tile += aTile, c += TileRows * o.CRow)
            {
                var rows = Math.Min(TileRows, m - r);
                if (isWhole) kernels[rows - 1](tile, aRow, aStep, panel, bStep, block.K, c, o.CRow, accumulate);
                else
                {
                    kernels[rows - 1](tile, aRow, aStep, panel, bStep, block.K, block.Edge, TileColumns, false);
                    CopyEdge(block.Edge, c, o.CRow, rows, n, accumulate);
                }
                if (finishes) Finish(o, c, i + r, block.J + j, rows, n);
            }
        }
    }

    private void CopyEdge(T* edge, T* c, nint cRow, int rows, int n, bool accumulate)
    {
        for (var r = 0; r < rows; r++, edge += TileColumns, c += cRow)
            for (var j = 0; j < n; j++)
                c[j] = accumulate ? edge[j] + c[j] : edge[j];
    }

    private static void Finish(in GemmOperands<T> o, T* c, int row, int column, int rows, int n)
    {
        for (var r = 0; r < rows; r++, c += o.CRow)
        {
            var rowBias = o.RowBias == null ? T.Zero : o.RowBias[row + r];
            var bias = o.ColumnBias == null ? null : o.ColumnBias + column;
            var j = 0;
            for (; j + TLanes.Count <= n; j += TLanes.Count)
            {
                var v = TLanes.Add(TLanes.Load(c + j), TLanes.Broadcast(rowBias));
                if (bias != null) v = TLanes.Add(v, TLanes.Load(bias + j));
                TLanes.Store(o.Relu ? TLanes.Max(v, TLanes.Broadcast(T.Zero)) : v, c + j);
            }
            for (; j < n; j++)
            {
                var v = c[j] + rowBias + (bias == null ? T.Zero : bias[j]);
                c[j] = o.Relu ? T.Max(v, T.Zero) : v;
            }
        }
    }

    private static delegate*<T*, nint, nint, T*, nint, nint, T*, nint, bool, void>[] Kernels(int vectors)
    {
        var kernels = new delegate*<T*, nint, nint, T*, nint, nint, T*, nint, bool, void>[TLanes.TileRows];
        for (var rows = 1; rows <= kernels.Length; rows++) kernels[rows - 1] = MicroKernels<T, TVector, TLanes>.Get(rows, vectors);
        return kernels;
    }

    private struct Block
    {
        public T* PackedA, PackedB, Edge;
        public bool PacksA, PacksB;
        public int J, N, P, K;
    }
}
