using System.Numerics.Tensors;
using Dunlin.Tensors;
using Tensor = Dunlin.Tensors.Tensor;

namespace Dunlin.Training;

/// <summary>Writes numbers into tensors of any element type.</summary>
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

    private static Span<T> At<T>(Tensor target, long at, int count) where T : unmanaged => new((T*)target.Address + at, count);
}
