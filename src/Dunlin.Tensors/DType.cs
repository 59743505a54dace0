namespace Dunlin.Tensors;

/// <summary>The element type of a tensor.</summary>
public enum DType
{
    /// <summary>IEEE 754 binary32, 4 bytes.</summary>
    Float32,
    /// <summary>IEEE 754 binary64, 8 bytes.</summary>
    Float64,
    /// <summary>The upper half of a binary32: 8 exponent and 7 fraction bits, 2 bytes.</summary>
    BFloat16,
    /// <summary>IEEE 754 binary16, 2 bytes.</summary>
    Float16,
    /// <summary>Signed, 8 bytes.</summary>
    Int64,
    /// <summary>Signed, 4 bytes.</summary>
    Int32,
    /// <summary>Unsigned, 1 byte.</summary>
    UInt8,
    /// <summary>0 or 1, 1 byte.</summary>
    Bool,
    /// <summary>A handle to a list of tensors that lives within one step of a graph, 8 bytes. No tensor of handles can be fed, kept or saved.</summary>
    List,
}

/// <summary>Facts about element types.</summary>
public static class DTypes
{
    /// <summary>Bytes of one element.</summary>
    public static int Size(this DType type) => type switch
    {
        DType.Float64 or DType.Int64 or DType.List => 8,
        DType.Float32 or DType.Int32 => 4,
        DType.BFloat16 or DType.Float16 => 2,
        _ => 1,
    };

    /// <summary>Whether the type is one of the four floating-point types.</summary>
    public static bool IsFloat(this DType type) => type is DType.Float32 or DType.Float64 or DType.BFloat16 or DType.Float16;

    /// <summary>The element type that a .NET type stands for.</summary>
    /// <exception cref="DunlinException"><typeparamref name="T"/> is none of the eight.</exception>
    public static DType Of<T>() where T : unmanaged =>
        typeof(T) == typeof(float) ? DType.Float32
        : typeof(T) == typeof(double) ? DType.Float64
        : typeof(T) == typeof(BFloat16) ? DType.BFloat16
        : typeof(T) == typeof(Half) ? DType.Float16
        : typeof(T) == typeof(long) ? DType.Int64
        : typeof(T) == typeof(int) ? DType.Int32
        : typeof(T) == typeof(byte) ? DType.UInt8
        : typeof(T) == typeof(bool) ? DType.Bool
        : throw new DunlinException($"{typeof(T).Name} is no tensor element type; use float, double, BFloat16, Half, long, int, byte or bool.");
}
