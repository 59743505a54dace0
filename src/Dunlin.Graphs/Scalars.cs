namespace Dunlin.Graphs;

/// <summary>Tensors of one number.</summary>
internal static class Scalars
{
    /// <exception cref="InvalidValueException">The type has no such number.</exception>
    public static Tensor Make(double value, DType type)
    {
        try { return Of(value, type); }
        catch (OverflowException) { throw new InvalidValueException($"Constant: {type} has no number {value}."); }
    }

    private static Tensor Of(double value, DType type) => type switch
    {
        DType.Float32 => Tensor.Scalar((float)value),
        DType.Float64 => Tensor.Scalar(value),
        DType.BFloat16 => Tensor.Scalar((BFloat16)(float)value),
        DType.Float16 => Tensor.Scalar((Half)value),
        DType.Int64 => Tensor.Scalar(checked((long)value)),
        DType.Int32 => Tensor.Scalar(checked((int)value)),
        DType.UInt8 => Tensor.Scalar(checked((byte)value)),
        _ => Tensor.Scalar(value != 0),
    };

    public static double Read(Tensor tensor) => tensor.Type switch
    {
        DType.Float32 => tensor.Item<float>(),
        DType.Float64 => tensor.Item<double>(),
        DType.BFloat16 => tensor.Item<BFloat16>(),
        DType.Float16 => (double)tensor.Item<Half>(),
        DType.Int64 => tensor.Item<long>(),
        DType.Int32 => tensor.Item<int>(),
        DType.UInt8 => tensor.Item<byte>(),
        _ => tensor.Item<bool>() ? 1 : 0,
    };
}
