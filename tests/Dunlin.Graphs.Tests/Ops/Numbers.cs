using Dunlin.Tensors;

namespace Dunlin.Graphs.Tests.Ops;

/// <summary>Tensors to try operations on.</summary>
internal static class Numbers
{
    /// <summary>Fixed random numbers between two bounds.</summary>
    public static Tensor Between(double low, double high, params int[] shape)
    {
        var tensor = Tensor.Uninitialized(DType.Float64, Shape.Create(shape));
        Philox.FillUniform(tensor.Span<double>(), new PhiloxKey(7, (uint)shape.Length, (uint)tensor.ElementCount));
        foreach (ref var x in tensor.Span<double>()) x = low + (high - low) * x;
        return tensor;
    }

    /// <summary>Fixed random numbers between −1 and 1 of which none is within 0.05 of 0, where many functions have a kink.</summary>
    public static Tensor Signed(params int[] shape)
    {
        var tensor = Between(-1, 1, shape);
        foreach (ref var x in tensor.Span<double>()) x = Math.CopySign(0.05 + 0.95 * Math.Abs(x), x);
        return tensor;
    }

    /// <summary>Different numbers, no two within 0.1 of each other, in a fixed random order.</summary>
    public static Tensor Distinct(params int[] shape)
    {
        var tensor = Tensor.Uninitialized(DType.Float64, Shape.Create(shape));
        var order = new int[tensor.ElementCount];
        Philox.Permutation(order, 3, (uint)order.Length);
        for (var i = 0; i < order.Length; i++) tensor.Span<double>()[i] = 0.1 * order[i] + 0.3;
        return tensor;
    }

    public static Tensor Integers(int[] values, params int[] shape) => Tensor.From(values, shape.Length == 0 ? [values.Length] : Shape.Create(shape));

    public static Tensor Counter(long value) => Tensor.Scalar(value);
}
