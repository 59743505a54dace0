using System.Runtime.InteropServices;

namespace Dunlin.Tensors;

/// <summary>Turns the elements of an NPY file into ours: byte order, widening of the integer types that we lack, and row-major order.</summary>
internal static class NpyElements
{
    /// <summary>Our type for a type of the file; integers that we lack widen to the next type that holds all their values.</summary>
    public static DType TypeOf(string kind) => kind switch
    {
        "b1" => DType.Bool,
        "u1" => DType.UInt8,
        "i1" or "i2" or "i4" or "u2" => DType.Int32,
        "i8" or "u4" or "u8" => DType.Int64,
        "f2" => DType.Float16,
        "f4" => DType.Float32,
        _ => DType.Float64,
    };

    /// <summary>The name of our type in a file, or null where NumPy has none.</summary>
    public static string? NameOf(DType type) => type switch
    {
        DType.Bool => "|b1",
        DType.UInt8 => "|u1",
        DType.Int32 => "<i4",
        DType.Int64 => "<i8",
        DType.Float16 => "<f2",
        DType.Float32 => "<f4",
        DType.Float64 => "<f8",
        _ => null,
    };

    public static int Size(string kind) => kind[1] - '0';

    /// <summary>Reverses the bytes of each element.</summary>
    public static void SwapBytes(Span<byte> bytes, int size)
    {
        for (var at = 0; size > 1 && at < bytes.Length; at += size) bytes.Slice(at, size).Reverse();
    }

    /// <summary>The tensor of the file's elements, little-endian here. Null if an unsigned element exceeds what a long holds.</summary>
    public static Tensor? Widen(Tensor raw, string kind, Shape shape) => kind switch
    {
        "i1" => Convert<sbyte, int>(raw, shape, x => x),
        "i2" => Convert<short, int>(raw, shape, x => x),
        "u2" => Convert<ushort, int>(raw, shape, x => x),
        "u4" => Convert<uint, long>(raw, shape, x => x),
        "u8" => Fits(raw) ? Convert<ulong, long>(raw, shape, x => (long)x) : null,
        "b1" => Convert<byte, bool>(raw, shape, x => x != 0),
        "u1" => raw.Reshape(shape),
        "i4" => Convert<int, int>(raw, shape, x => x),
        "i8" => Convert<long, long>(raw, shape, x => x),
        "f2" => Convert<Half, Half>(raw, shape, x => x),
        "f4" => Convert<float, float>(raw, shape, x => x),
        _ => Convert<double, double>(raw, shape, x => x),
    };

    /// <summary>Row-major order of elements whose first dimension varies fastest. <paramref name="tensor"/> has the file's shape.</summary>
    public static Tensor FromFortranOrder(Tensor tensor)
    {
        var result = Tensor.Uninitialized(tensor.Type, tensor.Shape);
        var size = tensor.Type.Size();
        var source = tensor.RawBytes;
        var target = result.RawBytes;
        var strides = new long[tensor.Shape.Rank];
        for (var (i, stride) = (0, 1L); i < strides.Length; stride *= tensor.Shape[i++]) strides[i] = stride;
        var index = new int[strides.Length];
        for (long element = 0, from = 0; element < tensor.ElementCount; element++)
        {
            source.Slice((int)(from * size), size).CopyTo(target[(int)(element * size)..]);
            for (var i = index.Length - 1; i >= 0; i--)
            {
                from += strides[i];
                if (++index[i] < tensor.Shape[i]) break;
                from -= strides[i] * index[i];
                index[i] = 0;
            }
        }
        return result;
    }

    private static bool Fits(Tensor raw) => !MemoryMarshal.Cast<byte, long>(raw.RawBytes).ContainsAnyInRange(long.MinValue, -1);

    private static Tensor Convert<TFrom, TTo>(Tensor raw, Shape shape, Func<TFrom, TTo> convert) where TFrom : unmanaged where TTo : unmanaged
    {
        var result = Tensor.Uninitialized(DTypes.Of<TTo>(), shape);
        var source = MemoryMarshal.Cast<byte, TFrom>(raw.RawBytes);
        var target = result.Span<TTo>();
        if (typeof(TFrom) == typeof(TTo)) raw.RawBytes.CopyTo(result.RawBytes);
        else for (var i = 0; i < target.Length; i++) target[i] = convert(source[i]);
        return result;
    }
}
