using System.Numerics;
using Dunlin.Tensors;

namespace Dunlin.Strategies;

/// <summary>The rows of a table's gradient that one server has.</summary>
internal static class SparseSlice
{
    /// <summary>
    /// The gradient as the server sees it: as many rows as there are, with the numbers that they have there, and −1 for those of other servers. So its plan has one shape whatever the rows; where few are the server's, they are sent
    /// with a number of rows that is a power of two.
    /// </summary>
    public static SliceGradient Of(Tensor rows, Tensor numbers, Slice slice)
    {
        var all = numbers.Type == DType.Int64 ? numbers.ToArray<long>() : [.. numbers.ToArray<int>().Select(n => (long)n)];
        if (slice.IsWhole) return new(rows, numbers.Type == DType.Int64 ? numbers : Tensor.From(all));
        var here = Enumerable.Range(0, all.Length).Where(i => all[i] >= slice.FirstRow && all[i] < slice.FirstRow + slice.Type.Shape[0]).ToList();
        var room = Math.Min(all.Length, (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(1, here.Count)));
        var (values, places) = (Tensor.Zeros(rows.Type, rows.Shape.With(0, room)), new long[room]);
        Array.Fill(places, -1);
        for (var i = 0; i < here.Count; i++)
        {
            places[i] = all[here[i]] - slice.FirstRow;
            CopyRow(rows, here[i], values, i);
        }
        return new(values, Tensor.From(places));
    }

    private static unsafe void CopyRow(Tensor from, int row, Tensor to, int place)
    {
        var bytes = from.Bytes / from.Shape[0];
        Buffer.MemoryCopy((void*)(from.Address + (nint)(row * bytes)), (void*)(to.Address + (nint)(place * bytes)), bytes, bytes);
        GC.KeepAlive(from);
        GC.KeepAlive(to);
    }
}
