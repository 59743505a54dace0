using Dunlin.Graphs;
using Dunlin.Tensors;

namespace Dunlin.Training.Tests.Initializers;

public class InitializersTests
{
    /// <summary>Fan-in 32 · 9 = 288, fan-out 64 · 9 = 576.</summary>
    private static readonly Shape Weights = [64, 32, 3, 3];

    public static TheoryData<string, Initializer, double, double> Variances => new()
    {
        { "He uniform", Training.Initializers.HeUniform(), 2.0 / 288, Math.Sqrt(6.0 / 288) },
        { "He normal", Training.Initializers.HeNormal(), 2.0 / 288, 6.7 * Math.Sqrt(2.0 / 288) },
        { "Glorot uniform", Training.Initializers.GlorotUniform(), 2.0 / 864, Math.Sqrt(6.0 / 864) },
        { "Glorot normal", Training.Initializers.GlorotNormal(), 2.0 / 864, 6.7 * Math.Sqrt(2.0 / 864) },
        { "LeCun uniform", Training.Initializers.LeCunUniform(), 1.0 / 288, Math.Sqrt(3.0 / 288) },
        { "LeCun normal", Training.Initializers.LeCunNormal(), 1.0 / 288, 6.7 * Math.Sqrt(1.0 / 288) },
        { "fan-in uniform", Training.Initializers.FanInUniform(), 1.0 / 3 / 288, Math.Sqrt(1.0 / 288) },
        { "uniform", Training.Initializers.Uniform(-2, 2), 16.0 / 12, 2 },
        { "normal", Training.Initializers.Normal(0, 3), 9, 6.7 * 3 },
        // The variance of a standard normal cut at ±2 is 1 − 4 φ(2) / (2 Φ(2) − 1) = 0.7737.
        { "truncated normal", Training.Initializers.TruncatedNormal(0, 3), 9 * 0.7737, 6 },
    };

    [Theory, MemberData(nameof(Variances))]
    public void Elements_have_the_mean_variance_and_bounds_of_their_distribution(string name, Initializer initializer, double variance, double bound)
    {
        var x = Fill(initializer, Weights, 11);
        Assert.True(Math.Abs(x.Average()) < 4 * Math.Sqrt(variance / x.Length), name);
        Assert.Equal(1, x.Average(v => (double)v * v) / variance, 0.04);
        Assert.All(x, v => Assert.True(Math.Abs(v) <= bound * 1.000001, name));
    }

    [Fact]
    public void Seed_and_stream_decide_all_elements()
    {
        var initializer = Training.Initializers.HeNormal();
        Assert.Equal(Fill(initializer, Weights, 1), Fill(initializer, Weights, 1));
        Assert.NotEqual(Fill(initializer, Weights, 1), Fill(initializer, Weights, 2));
        Assert.NotEqual(Fill(initializer, Weights, 1), Fill(initializer, Weights, 1UL << 40 | 1));
    }

    [Theory, InlineData(5, 3, 2), InlineData(6, 2, 3), InlineData(9, 4, 1)]
    public void Orthogonal_vectors_have_length_gain_and_right_angles(int rows, int inputs, int kernel)
    {
        var columns = inputs * kernel;
        var w = Fill(Training.Initializers.Orthogonal(2), [rows, inputs, kernel], 5);
        var byRows = rows <= columns;
        var count = Math.Min(rows, columns);
        float At(int vector, int k) => byRows ? w[vector * columns + k] : w[k * columns + vector];
        for (var i = 0; i < count; i++)
            for (var j = 0; j < count; j++)
                Assert.Equal(i == j ? 4 : 0, Enumerable.Range(0, Math.Max(rows, columns)).Sum(k => At(i, k) * At(j, k)), 1e-5);
    }

    private static float[] Fill(Initializer initializer, Shape shape, ulong stream)
    {
        var tensor = Tensor.Uninitialized(DType.Float32, shape);
        initializer.Fill(tensor, 3, stream);
        return tensor.ToArray<float>();
    }
}
