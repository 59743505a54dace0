using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication.Tests;

/// <summary>Test data of any element type, and the slow, obvious reduction.</summary>
internal static class Rows
{
    /// <summary>A tensor of small values, whose sums and products all types represent exactly.</summary>
    public static Tensor Of(DType type, IEnumerable<double> values)
    {
        var list = values.ToArray();
        return type switch
        {
            DType.Float32 => Tensor.From(Array.ConvertAll(list, v => (float)v)),
            DType.Float64 => Tensor.From(list),
            DType.BFloat16 => Tensor.From(Array.ConvertAll(list, v => (BFloat16)(float)v)),
            DType.Float16 => Tensor.From(Array.ConvertAll(list, v => (Half)v)),
            DType.Int64 => Tensor.From(Array.ConvertAll(list, v => (long)v)),
            DType.Int32 => Tensor.From(Array.ConvertAll(list, v => (int)v)),
            DType.UInt8 => Tensor.From(Array.ConvertAll(list, v => (byte)v)),
            _ => Tensor.From(Array.ConvertAll(list, v => v != 0)),
        };
    }

    public static double[] Values(this Tensor tensor) => tensor.Type switch
    {
        DType.Float32 => Array.ConvertAll(tensor.ToArray<float>(), v => (double)v),
        DType.Float64 => tensor.ToArray<double>(),
        DType.BFloat16 => Array.ConvertAll(tensor.ToArray<BFloat16>(), v => (double)(float)v),
        DType.Float16 => Array.ConvertAll(tensor.ToArray<Half>(), v => (double)v),
        DType.Int64 => Array.ConvertAll(tensor.ToArray<long>(), v => (double)v),
        DType.Int32 => Array.ConvertAll(tensor.ToArray<int>(), v => (double)v),
        DType.UInt8 => Array.ConvertAll(tensor.ToArray<byte>(), v => (double)v),
        _ => Array.ConvertAll(tensor.ToArray<bool>(), v => v ? 1.0 : 0.0),
    };

    /// <summary>Element i of rank r: between 0 and 3, different on each rank.</summary>
    public static double Element(int rank, long i) => (rank * 7 + i * 3 + i / 5) % 4;

    public static Tensor OfRank(DType type, int rank, int length, int offset = 0) =>
        Of(type, Enumerable.Range(offset, length).Select(i => Element(rank, i)));

    /// <summary>The values that a reduction over the ranks leaves.</summary>
    public static double[] Reduced(DType type, ReduceOp op, int ranks, int length, int offset = 0) =>
        Of(type, Enumerable.Range(offset, length).Select(i =>
            Enumerable.Range(0, ranks).Select(r => type == DType.Bool ? Math.Min(1, Element(r, i)) : Element(r, i)).Aggregate((a, b) => op switch
            {
                ReduceOp.Sum => a + b,
                ReduceOp.Product => a * b,
                ReduceOp.Min => Math.Min(a, b),
                _ => Math.Max(a, b),
            }))).Values();
}
