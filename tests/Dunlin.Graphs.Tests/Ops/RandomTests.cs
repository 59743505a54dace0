using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using static Dunlin.Graphs.Tests.Ops.Numbers;

namespace Dunlin.Graphs.Tests.Ops;

public class RandomTests
{
    private static readonly Tensor Ones = Tensor.From([.. Enumerable.Repeat(1f, 100_003)]);

    private static float[] Drop(int threads, long counter, uint stream = 5) => Evaluate.Of(v => v[0].Dropout(v[1], 0.3, seed: 1, stream), threads, Ones, Counter(counter)).ToArray<float>();

    [Fact]
    public void Dropout_keeps_its_share_and_the_mean_whatever_the_threads()
    {
        var y = Drop(1, 7);
        Assert.Equal(0.3, y.Count(v => v == 0) / (double)y.Length, 0.01);
        Assert.All(y.Where(v => v != 0), v => Assert.Equal(1 / 0.7f, v, 1e-6f));
        Assert.Equal(y, Drop(2, 7));
        Assert.NotEqual(y, Drop(1, 8));
        Assert.NotEqual(y, Drop(1, 7, stream: 6));
    }

    [Fact]
    public void Dropouts_gradient_has_the_same_mask()
    {
        var pair = Evaluate.Of(v =>
        {
            var y = v[0].Dropout(v[1], 0.3, 1, 5);
            return (y - Gradients.Of(y.Sum(), v[0])[0]!.Dense()).Abs().Max();
        }, Ones, Counter(3));
        Assert.Equal(0, pair.Item<float>());
    }

    [Theory, InlineData(Distribution.Uniform, 0.5, 0.28868), InlineData(Distribution.Normal, 0, 1), InlineData(Distribution.TruncatedNormal, 0, 0.87963)]
    public void Random_numbers_have_their_moments_in_every_type_and_do_not_depend_on_threads(Distribution distribution, double mean, double deviation)
    {
        foreach (var type in new[] { DType.Float32, DType.Float64, DType.BFloat16 })
        {
            Tensor Draw(int threads, long counter) => Evaluate.Of(v => v[0].Graph.Add(new RandomFill(distribution, 0, 1, type, [50_001], 2, 9), [v[0]]).Cast(DType.Float64), threads, Counter(counter));
            var x = Draw(1, 4).ToArray<double>();
            Assert.Equal(mean, x.Average(), 0.02);
            Assert.Equal(deviation, Math.Sqrt(x.Average(v => (v - mean) * (v - mean))), 0.02);
            Assert.Equal(x, Draw(2, 4).ToArray<double>());
            Assert.NotEqual(x, Draw(1, 5).ToArray<double>());
            if (distribution == Distribution.TruncatedNormal) Assert.InRange(x.Max(Math.Abs), 1.9, 2);
        }
    }
}
