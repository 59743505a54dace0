using Dunlin.Tensors;

namespace Dunlin.Graphs.Tests.Differentiation;

/// <summary>Random Float64 tensors.</summary>
internal static class RandomTensors
{
    public static Tensor Normal(Shape shape, uint stream)
    {
        var tensor = Tensor.Uninitialized(DType.Float64, shape);
        Philox.FillNormal(tensor.Span<double>(), new PhiloxKey(11, stream), 0);
        return tensor;
    }

    public static double Dot(Tensor a, Tensor b)
    {
        var sum = 0.0;
        for (var i = 0; i < a.ElementCount; i++) sum += a.Span<double>()[i] * b.Span<double>()[i];
        return sum;
    }
}
