using System.Numerics.Tensors;
using Dunlin.Tensors;
using Tensor = Dunlin.Tensors.Tensor;

namespace Dunlin.Training;

/// <summary>Writes numbers into tensors of any element type, and reads those of floating-point ones.</summary>
internal static unsafe class Elements
{
    public static void Write(Tensor target, long at, ReadOnlySpan<double> numbers)
    {
        switch (target.Type)
        {
            case DType.Float32: TensorPrimitives.ConvertTruncating(numbers, At<float>(target, at, numbers.Length)); break;
            case DType.Float64: numbers.CopyTo(At<double>(target, at, numbers.Length)); break;
            case DType.Float16: TensorPrimitives.ConvertTruncating(numbers, At<Half>(target, at, numbers.Length)); break;
            case DType.Int64: TensorPrimitives.ConvertTruncating(numbers, At<long>(target, at, numbers.Length)); break;
            case DType.Int32: TensorPrimitives.ConvertTruncating(numbers, At<int>(target, at, numbers.Length)); break;
            case DType.BFloat16:
                var y = At<BFloat16>(target, at, numbers.Length);
                for (var i = 0; i < y.Length; i++) y[i] = (BFloat16)(float)numbers[i];
                break;
            default: throw new DunlinException($"An initialiser of numbers can't fill a variable of {target.Type}.");
        }
        GC.KeepAlive(target);
    }

    public static double[] Read(Tensor tensor) => tensor.Type switch
    {
        DType.Float32 => [.. tensor.ToArray<float>().Select(v => (double)v)],
        DType.Float64 => tensor.ToArray<double>(),
        DType.Float16 => [.. tensor.ToArray<Half>().Select(v => (double)v)],
        DType.BFloat16 => [.. tensor.ToArray<BFloat16>().Select(v => (double)(float)v)],
        _ => throw new DunlinException($"Expected floating-point numbers, got {tensor}."),
    };

    private static Span<T> At<T>(Tensor target, long at, int count) where T : unmanaged => new((T*)target.Address + at, count);
}
