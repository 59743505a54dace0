using System.Numerics.Tensors;

namespace Dunlin.Graphs.Ops;

/// <summary>Conversions between element types, a tile at a time.</summary>
internal static unsafe class Casts
{
    public static bool IsHalfWidth(DType type) => type is DType.Float16 or DType.BFloat16;

    public static void Widen(DType from, nint source, Span<float> target)
    {
        if (from == DType.Float16)
        {
            TensorPrimitives.ConvertToSingle(new ReadOnlySpan<Half>((void*)source, target.Length), target);
            return;
        }
        var x = (BFloat16*)source;
        for (var i = 0; i < target.Length; i++) target[i] = x[i];
    }

    public static void Narrow(DType to, ReadOnlySpan<float> source, nint target)
    {
        if (to == DType.Float16)
        {
            TensorPrimitives.ConvertToHalf(source, new Span<Half>((void*)target, source.Length));
            return;
        }
        var y = (BFloat16*)target;
        for (var i = 0; i < source.Length; i++) y[i] = (BFloat16)source[i];
    }
}
