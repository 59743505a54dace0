using Dunlin.Graphs;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Training.Tests;

/// <summary>One thread and managed kernels: equal results everywhere.</summary>
internal static class TestSession
{
    public static SessionOptions Options { get; } = new() { Threads = 1, Kernels = KernelSets.Managed, Seed = 1 };

    /// <summary>Standard normal numbers, the same at each call.</summary>
    public static Tensor Numbers(Shape shape, uint stream = 0)
    {
        var tensor = Tensor.Uninitialized(DType.Float32, shape);
        Philox.FillNormal(tensor.Span<float>(), new PhiloxKey(7, stream));
        return tensor;
    }

    /// <summary>A variable that starts with the given numbers.</summary>
    public sealed record Given(params float[] Elements) : Initializer
    {
        public override void Fill(Tensor target, ulong seed, ulong stream) => Elements.CopyTo(target.Span<float>());
    }
}
