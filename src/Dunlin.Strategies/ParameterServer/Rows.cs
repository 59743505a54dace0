using Dunlin.Tensors;

namespace Dunlin.Strategies;

/// <summary>Slices of whole tensors in memory.</summary>
internal static unsafe class Rows
{
    /// <summary>A slice of a tensor, which lies where that does.</summary>
    public static Tensor Of(Tensor whole, Slice slice) => Of(whole, slice, slice.Type);

    /// <summary>What of a tensor goes with a slice, such as of the optimiser's state; all of it where there is no slice.</summary>
    /// <param name="whole">The tensor.</param>
    /// <param name="slice">The slice.</param>
    /// <param name="type">Of that part.</param>
    public static Tensor Of(Tensor whole, Slice? slice, TensorType type) =>
        whole.TensorType == type ? whole : Checked(whole, slice, type).Part(FirstElement(slice, type), type.Shape);

    /// <summary>Copies a slice of a tensor; all of it where there is no slice.</summary>
    public static void CopyIn(Tensor whole, Slice? slice, Tensor rows) => Copy(whole, slice, rows, intoWhole: false);

    /// <summary>Copies rows to their place in a tensor.</summary>
    public static void CopyOut(Tensor rows, Slice? slice, Tensor whole) => Copy(whole, slice, rows, intoWhole: true);

    /// <summary>Copies the rows with the given numbers, Int64 [n], to rows [n, d…].</summary>
    /// <exception cref="DunlinException">There is no such row.</exception>
    public static void Gather(Tensor table, Tensor numbers, Tensor rows)
    {
        var bytes = table.Bytes / table.Shape[0];
        var wanted = numbers.Span<long>();
        if (rows.Type != table.Type || rows.Bytes != wanted.Length * bytes) throw new ShapeException($"{rows} is no place for {wanted.Length} rows of {table}.");
        for (var i = 0; i < wanted.Length; i++)
        {
            if ((ulong)wanted[i] >= (ulong)table.Shape[0]) throw new DunlinException($"There is no row {wanted[i]} in {table.Shape[0]}.");
            Buffer.MemoryCopy((void*)(table.Address + (nint)(wanted[i] * bytes)), (void*)(rows.Address + (nint)(i * bytes)), bytes, bytes);
        }
        GC.KeepAlive(table);
        GC.KeepAlive(rows);
    }

    /// <summary>Copies rows [n, d…] to places among others.</summary>
    public static void Stitch(Tensor rows, ReadOnlySpan<int> places, Tensor all)
    {
        if (places.Length == 0) return;
        var bytes = rows.Bytes / places.Length;
        for (var i = 0; i < places.Length; i++) Buffer.MemoryCopy((void*)(rows.Address + (nint)(i * bytes)), (void*)(all.Address + (nint)(places[i] * bytes)), bytes, bytes);
        GC.KeepAlive(rows);
        GC.KeepAlive(all);
    }

    private static Tensor Checked(Tensor whole, Slice? slice, TensorType part) => whole.Type == part.Type && FirstElement(slice, part) + part.Shape.ElementCount <= whole.ElementCount
        ? whole : throw new ShapeException($"{part} is no slice of {whole} from row {slice?.FirstRow ?? 0}.");

    private static long FirstElement(Slice? slice, TensorType part) => slice is { IsWhole: false } ? slice.FirstRow * (part.Shape.ElementCount / part.Shape[0]) : 0;

    private static void Copy(Tensor whole, Slice? slice, Tensor rows, bool intoWhole)
    {
        var place = (void*)(Checked(whole, slice, rows.TensorType).Address + (nint)(FirstElement(slice, rows.TensorType) * rows.Type.Size()));
        if (intoWhole) Buffer.MemoryCopy((void*)rows.Address, place, rows.Bytes, rows.Bytes);
        else Buffer.MemoryCopy(place, (void*)rows.Address, rows.Bytes, rows.Bytes);
        GC.KeepAlive(whole);
        GC.KeepAlive(rows);
    }
}
