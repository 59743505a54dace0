using System.Numerics;
using System.Numerics.Tensors;

namespace Dunlin.Tensors.Kernels.Managed;

/// <summary>
/// y = softmax(scores) · v with a running maximum and sum (Milakov and Gimelshein, "Online normalizer calculation for softmax", 2018): when a block of keys
/// raises a query's maximum, what was summed so far is scaled down. Threads take blocks of queries in turn, which evens out causal ones.
/// </summary>
internal sealed unsafe class AttentionForwardKernel<T>(AttentionForwardSpec spec, int threads)
    : AttentionKernel<T>(new(spec.Geometry), spec.Geometry.Optional + 5, 1, threads) where T : unmanaged, IFloatingPointIeee754<T>
{
    public override void Execute(int worker, int workers)
    {
        var room = Working(worker);
        for (var task = (long)worker; task < (long)Plan.Matrices * Plan.QueryBlocks; task += workers)
        {
            var query = (int)(task % Plan.QueryBlocks) * Plan.Rows;
            Block((int)(task / Plan.QueryBlocks), query, Math.Min(Plan.Rows, Plan.Queries - query), room);
        }
    }

    private void Block(int matrix, int query, int rows, in Room room)
    {
        var row = (nint)matrix * Plan.Queries + query;
        var y = Buffer<T>(Plan.Inputs) + row * Plan.ValueWidth;
        var maxima = room.First;
        var sums = room.Second;
        new Span<T>(maxima, rows).Fill(T.NegativeInfinity);
        new Span<T>(sums, rows).Clear();
        var keys = Visible(matrix, query + rows - 1);
        if (keys == 0) new Span<T>(y, rows * Plan.ValueWidth).Clear();
        else PackQueries(matrix, query, rows, room);
        for (var key = 0; key < keys; key += Plan.Columns)
        {
            var columns = Math.Min(Plan.Columns, keys - key);
            Scores(matrix, rows, key, columns, room.Tiles, room);
            for (var r = 0; r < rows; r++)
                Row(matrix, query + r, key, room.Tiles + (nint)r * Plan.Stride, columns, ref maxima[r], ref sums[r], y + (nint)r * Plan.ValueWidth, room.Bits);
            Gemm.Multiply(new GemmOperands<T>
            {
                M = rows,
                N = Plan.ValueWidth,
                K = columns,
                A = room.Tiles,
                ARow = Plan.Stride,
                AStep = 1,
                B = Buffer<T>(2) + ((nint)matrix * Plan.Keys + key) * Plan.ValueWidth,
                BStep = Plan.ValueWidth,
                BColumn = 1,
                C = y,
                CRow = Plan.ValueWidth,
                Accumulate = key > 0,
            }, room.Gemm);
        }
        for (var r = 0; r < rows; r++)
        {
            var line = new Span<T>(y + (nint)r * Plan.ValueWidth, Plan.ValueWidth);
            if (sums[r] != T.Zero) TensorPrimitives.Multiply(line, T.One / sums[r], line);
            Buffer<T>(Plan.Inputs + 1)[row + r] = sums[r] == T.Zero ? T.NegativeInfinity : maxima[r] + T.Log(sums[r]);
        }
    }

    /// <summary>Turns one query's scores into exp(score − maximum), 0 where it sees no key, and scales what it has summed so far to the new maximum.</summary>
    private void Row(int matrix, int query, int key, T* scores, int columns, ref T maximum, ref T sum, T* y, uint* bits)
    {
        var count = Math.Clamp(Visible(matrix, query) - key, 0, columns);
        Mask(matrix, query, key, scores, count);
        var seen = new Span<T>(scores, count);
        var highest = count == 0 ? maximum : T.Max(maximum, TensorPrimitives.Max(seen));
        if (T.IsNegativeInfinity(highest)) seen.Clear();
        else if (count > 0)
        {
            TensorPrimitives.Subtract(seen, highest, seen);
            TensorPrimitives.Exp(seen, seen);
            var factor = T.Exp(maximum - highest);
            sum = sum * factor + TensorPrimitives.Sum(seen);
            if (key > 0 && factor != T.One) TensorPrimitives.Multiply(new ReadOnlySpan<T>(y, Plan.ValueWidth), factor, new Span<T>(y, Plan.ValueWidth));
            if (Plan.StepInput > 0) Drop(matrix, query, key, scores, count, bits);
            maximum = highest;
        }
        new Span<T>(scores + count, columns - count).Clear();
    }
}
