using Dunlin.Tensors;

namespace Dunlin.Strategies;

/// <summary>Slices of whole tensors in memory.</summary>
internal static unsafe class Rows
{
    /// <summary>A slice of a tensor: the tensor itself where that is all of it, and else a copy.</summary>
    public static Tensor Of(Tensor whole, Slice slice)
    {
        if (slice.IsWhole) return whole;
        var rows = Tensor.Uninitialized(slice.Type.Type, slice.Type.Shape);
        CopyIn(whole, slice, rows);
        return rows;
    }

    /// <summary>Copies a slice of a tensor; all of it where there is no slice.</summary>
    public static void CopyIn(Tensor whole, Slice? slice, Tensor rows) => Copy(whole, slice, rows, intoWhole: false);

    /// <summary>Copies rows to their place in a tensor.</summary>
    public static void CopyOut(Tensor rows, Slice? slice, Tensor whole) => Copy(whole, slice, rows, intoWhole: true);

    private static void Copy(Tensor whole, Slice? slice, Tensor rows, bool intoWhole)
    {
        var begin = slice is { IsWhole: false } ? slice.FirstRow * (rows.Bytes / rows.Shape[0]) : 0;
        if (whole.Type != rows.Type || begin + rows.Bytes > whole.Bytes) throw new ShapeException($"{rows} is no slice of {whole} from row {slice?.FirstRow ?? 0}.");
        var place = (void*)(whole.Address + (nint)begin);
        if (intoWhole) Buffer.MemoryCopy((void*)rows.Address, place, rows.Bytes, rows.Bytes);
        else Buffer.MemoryCopy(place, (void*)rows.Address, rows.Bytes, rows.Bytes);
        GC.KeepAlive(whole);
        GC.KeepAlive(rows);
    }
}
