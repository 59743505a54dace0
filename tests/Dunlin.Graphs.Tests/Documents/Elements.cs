using Dunlin.Graphs.Ops;
using Dunlin.Graphs.Tests.Ops;
using Dunlin.Tensors;

namespace Dunlin.Graphs.Tests.Documents;

/// <summary>Tensors in other element types.</summary>
internal static class Elements
{
    /// <summary>Rounded to fewer bits; of fractions, integers of the same signs that are no smaller than 1, and truths where they are positive.</summary>
    public static Tensor As(Tensor tensor, DType type)
    {
        if (tensor.Type == type) return tensor;
        if (tensor.Type is DType.Int32 or DType.Int64 && type == DType.UInt8) return Evaluate.Of(x => x[0].Abs().Cast(type), tensor);
        if (!tensor.Type.IsFloat() || type.IsFloat()) return Evaluate.Of(x => x[0].Cast(type), tensor);
        return Evaluate.Of(x =>
        {
            var signed = type == DType.UInt8 ? x[0].Abs() : x[0];
            return type == DType.Bool ? x[0] > 0 : (signed * 3 + signed.Sign()).Truncate().Cast(type);
        }, tensor);
    }

    public static double[] Doubles(Tensor tensor) => As(tensor, DType.Float64).ToArray<double>();
}
