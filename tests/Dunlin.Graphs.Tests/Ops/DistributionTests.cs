using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using static Dunlin.Graphs.Tests.Ops.Numbers;

namespace Dunlin.Graphs.Tests.Ops;

public class DistributionTests
{
    private const int Many = 20_000;
    private const ulong Seed = 11;
    private const uint Stream = 3;

    private static readonly Dictionary<string, (Func<Value, Value, Value> Draw, Func<double, double> Cdf)> Continuous = new()
    {
        ["Exponential"] = ((like, c) => like.RandomLike(Distribution.Exponential, c, Seed, Stream, 0, 0.5), x => x < 0 ? 0 : 1 - Math.Exp(-2 * x)),
        ["Laplace"] = ((like, c) => like.RandomLike(Distribution.Laplace, c, Seed, Stream, 1, 2), x => x < 1 ? Math.Exp((x - 1) / 2) / 2 : 1 - Math.Exp((1 - x) / 2) / 2),
        ["Cauchy"] = ((like, c) => like.RandomLike(Distribution.Cauchy, c, Seed, Stream, 1, 2), x => 0.5 + Math.Atan((x - 1) / 2) / Math.PI),
        ["Gumbel"] = ((like, c) => like.RandomLike(Distribution.Gumbel, c, Seed, Stream, 1, 2), x => Math.Exp(-Math.Exp((1 - x) / 2))),
        ["Logistic"] = ((like, c) => like.RandomLike(Distribution.Logistic, c, Seed, Stream, 1, 2), x => 1 / (1 + Math.Exp((1 - x) / 2))),
        ["LogNormal"] = ((like, c) => like.RandomLike(Distribution.LogNormal, c, Seed, Stream, 0.5, 0.8), x => NormalDistribution.Cdf((Math.Log(x) - 0.5) / 0.8)),
        ["Gamma 0.05"] = ((like, c) => (like * 0.05).RandomGamma(c, Seed, Stream), x => IncompleteGamma.Lower(0.05, x)),
        ["Gamma 0.7"] = ((like, c) => (like * 0.7).RandomGamma(c, Seed, Stream), x => IncompleteGamma.Lower(0.7, x)),
        ["Gamma 3.5"] = ((like, c) => (like * 3.5).RandomGamma(c, Seed, Stream, rate: like.Number(2)), x => IncompleteGamma.Lower(3.5, 2 * x)),
        ["Gamma 400"] = ((like, c) => (like * 400).RandomGamma(c, Seed, Stream), x => IncompleteGamma.Lower(400, x)),
        ["Beta"] = ((like, c) => Operations.RandomBeta(like * 0.6, like.Number(2.5), c, Seed, Stream), x => IncompleteBeta.Of(0.6, 2.5, x)),
    };

    private static readonly Dictionary<string, (Func<Value, Value, Value> Draw, Func<int, double> Probability)> Discrete = new()
    {
        ["Poisson 0.3"] = ((like, c) => (like * 0.3).RandomPoisson(c, Seed, Stream), k => Poisson(0.3, k)),
        ["Poisson 6"] = ((like, c) => (like * 6).RandomPoisson(c, Seed, Stream), k => Poisson(6, k)),
        ["Poisson 30"] = ((like, c) => (like * 30).RandomPoisson(c, Seed, Stream), k => Poisson(30, k)),
        ["Binomial few"] = ((like, c) => Operations.RandomBinomial(like * 12, like * 0.3, c, Seed, Stream), k => Binomial(12, 0.3, k)),
        ["Binomial many"] = ((like, c) => Operations.RandomBinomial(like * 60, like.Number(0.8), c, Seed, Stream), k => Binomial(60, 0.8, k)),
        ["Bernoulli"] = ((like, c) => (like * 0.7).RandomBernoulli(c, Seed, Stream), k => k == 1 ? 0.7 : k == 0 ? 0.3 : 0),
        ["Integers"] = ((like, c) => like.RandomIntegersLike(c, Seed, Stream, 3, 10).Cast(DType.Float64), k => k is >= 3 and < 10 ? 1.0 / 7 : 0),
        ["Categorical"] = ((like, c) => like.Graph.Constant(Tensor.From([Math.Log(1.0), Math.Log(5), double.NegativeInfinity, Math.Log(4)])).Categorical(Many, c, Seed, Stream).Cast(DType.Float64), k => k switch { 0 => 0.1, 1 => 0.5, 3 => 0.4, _ => 0 }),
    };

    public static TheoryData<string> ContinuousNames => [.. Continuous.Keys];

    public static TheoryData<string> DiscreteNames => [.. Discrete.Keys];

    [Theory, MemberData(nameof(ContinuousNames))]
    public void Samples_have_their_distribution_function(string name)
    {
        var (draw, cdf) = Continuous[name];
        double[] x = [.. Draw(draw, 1, DType.Float64).Order()];
        // Kolmogorov and Smirnov's greatest distance; true samples exceed this limit once in 2,000 times.
        var distance = x.Select((v, i) => Math.Max(Math.Abs(cdf(v) - (double)i / Many), Math.Abs(cdf(v) - (i + 1.0) / Many))).Max();
        Assert.InRange(distance, 0, 2.03 / Math.Sqrt(Many));
        Assert.Equal(Draw(draw, 1, DType.Float64), Draw(draw, 2, DType.Float64));
        if (name == "Gamma 0.05") return; // One in 80 is below the numbers of Float32.
        double[] single = [.. Draw(draw, 1, DType.Float32).Order()];
        Assert.InRange(single.Select((v, i) => Math.Abs(cdf(v) - (i + 0.5) / Many)).Max(), 0, 2.03 / Math.Sqrt(Many));
    }

    [Theory, MemberData(nameof(DiscreteNames))]
    public void Counts_have_their_probabilities(string name)
    {
        var (draw, probability) = Discrete[name];
        foreach (var type in new[] { DType.Float64, DType.Float32 })
        {
            if (type == DType.Float32 && name is "Categorical" or "Integers") continue;
            var found = Draw(draw, 1, type).CountBy(v => (int)v).ToDictionary();
            for (var k = 0; k < 80; k++)
            {
                var expected = probability(k);
                Assert.InRange(found.GetValueOrDefault(k) / (double)Many, expected - 5 * Math.Sqrt(expected / Many), expected + 5 * Math.Sqrt(expected / Many) + (expected > 0 ? 2.0 / Many : 0));
            }
        }
        Assert.Equal(Draw(draw, 1, DType.Float64), Draw(draw, 2, DType.Float64));
    }

    [Fact]
    public void Other_counters_and_streams_give_other_numbers()
    {
        double[] Of(long counter, uint stream) => Evaluate.Of(v => v[0].RandomGamma(v[1], Seed, stream), Tensor.From([.. Enumerable.Repeat(2.0, 50)]), Counter(counter)).ToArray<double>();
        Assert.Equal(Of(1, 2), Of(1, 2));
        Assert.NotEqual(Of(1, 2), Of(2, 2));
        Assert.NotEqual(Of(1, 2), Of(1, 3));
    }

    [Fact]
    public void Parameters_outside_their_range_give_NaN()
    {
        Assert.All(Evaluate.Of(v => v[0].RandomGamma(v[1], 1, 2), Tensor.From([0, -1, double.NaN]), Counter(1)).ToArray<double>(), v => Assert.True(double.IsNaN(v)));
        Assert.All(Evaluate.Of(v => v[0].RandomPoisson(v[1], 1, 2), Tensor.From([-1, double.NaN]), Counter(1)).ToArray<double>(), v => Assert.True(double.IsNaN(v)));
        Assert.All(Evaluate.Of(v => Operations.RandomBinomial(v[0], v[1], v[2], 1, 2), Tensor.From([-1, 2.5, 3]), Tensor.From([0.5, 0.5, 1.5]), Counter(1)).ToArray<double>(), v => Assert.True(double.IsNaN(v)));
        Assert.Equal([0, 3], Evaluate.Of(v => Operations.RandomBinomial(v[0].Number(3), v[0], v[1], 1, 2), Tensor.From([0.0, 1]), Counter(1)).ToArray<double>());
    }

    [Fact]
    public void A_gamma_samples_gradient_moves_it_along_its_quantile()
    {
        double[] a = [0.3, 0.9, 1, 2.5, 30, 700];
        var results = Evaluate.Of(v =>
        {
            var y = v[0].RandomGamma(v[1], Seed, Stream);
            return Operations.Stack([y, Gradients.Of(y.Sum(), v[0])[0]!.Dense()], 0);
        }, Tensor.From(a), Counter(5)).ToArray<double>();
        for (var i = 0; i < a.Length; i++)
        {
            var (y, slope, h) = (results[i], results[a.Length + i], 1e-4 * a[i]);
            // To first order, the sample moved by slope · h is at the same quantile of the distribution of shape a + h.
            double Moved(double step) => IncompleteGamma.Lower(a[i] + step, y + slope * step);
            var off = (Moved(h) - Moved(-h)) / (2 * h);
            var scale = Math.Abs(IncompleteGamma.LowerByA(a[i], y));
            Assert.True(Math.Abs(off) < 1e-5 * scale, $"a = {a[i]}, y = {y}: {off} of {scale}.");
        }
    }

    [Fact]
    public void The_mean_gradient_of_samples_is_the_gradient_of_the_mean()
    {
        var ones = Tensor.From([.. Enumerable.Repeat(1.0, Many)]);
        Assert.Equal(1, Evaluate.Of(v => Gradients.Of((v[0] * 2).RandomGamma(v[1], Seed, Stream).Mean(), v[0])[0]!.Dense().Sum() * 0.5, ones, Counter(1)).Item<double>(), 0.05);
        // The mean of a beta distribution is a / (a + b): by a, b / (a + b)².
        Assert.Equal(3.0 / 25, Evaluate.Of(v => Gradients.Of(Operations.RandomBeta(v[0] * 2, v[0].StopGradient() * 3, v[1], Seed, Stream).Mean(), v[0])[0]!.Dense().Sum() * 0.5, ones, Counter(1)).Item<double>(), 0.01);
    }

    [Fact]
    public void Dirichlet_samples_sum_to_one_with_the_right_means()
    {
        var x = Evaluate.Of(v => v[0].RandomDirichlet(v[1], Seed, Stream), Tensor.From([.. Enumerable.Repeat(new[] { 1.0, 0.01, 4 }, 5000).SelectMany(r => r)], [5000, 3]), Counter(2)).ToArray<double>();
        foreach (var row in x.Chunk(3)) Assert.Equal(1, row.Sum(), 1e-12);
        foreach (var (k, mean) in new[] { 1 / 5.01, 0.01 / 5.01, 4 / 5.01 }.Index()) Assert.Equal(mean, x.Chunk(3).Average(r => r[k]), 0.01);
    }

    [Fact]
    public void Drawing_without_replacement_gives_different_classes_the_heavy_ones_first()
    {
        var logits = Tensor.From([.. Enumerable.Repeat(new[] { 0, Math.Log(3), Math.Log(6) }, 5000).SelectMany(r => r)], [5000, 3]);
        var rows = Evaluate.Of(v => v[0].CategoricalWithoutReplacement(2, v[1], Seed, Stream), logits, Counter(1)).ToArray<long>().Chunk(2).ToList();
        Assert.All(rows, r => Assert.NotEqual(r[0], r[1]));
        Assert.Equal(0.6, rows.Count(r => r[0] == 2) / 5000.0, 0.03);
        // First 2, then 1 of the 4 that are left.
        Assert.Equal(0.6 * 0.75, rows.Count(r => r is [2, 1]) / 5000.0, 0.03);
    }

    [Fact]
    public void Gumbel_softmax_is_near_one_hot_when_cold_and_exactly_so_when_hard()
    {
        var logits = Tensor.From([.. Enumerable.Repeat(new[] { 0, Math.Log(3) }, 5000).SelectMany(r => r)], [5000, 2]);
        var hard = Evaluate.Of(v => v[0].GumbelSoftmax(v[1], Seed, Stream, hard: true), logits, Counter(1)).ToArray<double>();
        Assert.All(hard, v => Assert.True(v is 0 or 1));
        Assert.Equal(0.75, hard.Chunk(2).Average(r => r[1]), 0.03);
        var gradients = Evaluate.Of(v => Operations.Stack([.. new[] { true, false }.Select(h => Gradients.Of((v[0].GumbelSoftmax(v[1], Seed, Stream, 0.7, h) * v[0].StopGradient()).Sum(), v[0])[0]!.Dense())], 0), logits, Counter(1)).ToArray<double>();
        Assert.Equal(gradients[10_000..], gradients[..10_000]);
    }

    [Fact]
    public void A_permutation_has_every_place_once_and_all_orders_are_alike()
    {
        var orders = new Dictionary<string, int>();
        var graph = new Graph();
        var counter = graph.Placeholder("counter", DType.Int64, Shape.Scalar);
        using var session = new Session(graph, new SessionOptions { Threads = 1 });
        var step = session.Compile([counter], [graph.Constant(Tensor.From([10.0, 11, 12])).Shuffle(counter, Seed, Stream)]);
        for (var i = 0L; i < 3000; i++)
        {
            var order = string.Join(" ", step.Run(Tensor.Scalar(i))[0].ToArray<double>());
            orders[order] = orders.GetValueOrDefault(order) + 1;
        }
        Assert.Equal(6, orders.Count);
        Assert.All(orders.Values, n => Assert.InRange(n, 400, 600));
    }

    [Fact]
    public void A_crop_is_a_part_of_the_image_and_its_gradient_goes_back_there()
    {
        var x = Tensor.From([.. Enumerable.Range(0, 48).Select(i => (double)i)], [6, 8]);
        var seen = new HashSet<double>();
        for (var i = 0L; i < 200; i++)
        {
            var crop = Evaluate.Of(v => v[0].RandomCrop([4, -1], v[1], Seed, Stream), x, Counter(i)).ToArray<double>();
            Assert.Equal([.. Enumerable.Range((int)crop[0], 32).Select(v => (double)v)], crop);
            seen.Add(crop[0]);
        }
        Assert.Equal([0, 8, 16], seen.Order());
        var sum = Evaluate.Of(v => Gradients.Of((v[0].RandomCrop([2, 3], v[1], Seed, Stream) - v[0].RandomCrop([2, 3], v[1], Seed, Stream).StopGradient() + 1).Sum(), v[0])[0]!.Dense().Sum(), x, Counter(1));
        Assert.Equal(6, sum.Item<double>());
        Assert.Contains("no 9 elements", Assert.Throws<ShapeException>(() => Evaluate.Of(v => v[0].RandomCrop([2, 9], v[1], Seed, Stream), x, Counter(1))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Ranges_of_integers_are_checked_and_filled()
    {
        var bytes = Evaluate.Of(v => Operations.RandomIntegers(v[0], [2000], Seed, Stream, 0, 256, DType.UInt8), Counter(1)).ToArray<byte>();
        Assert.InRange(bytes.Distinct().Count(), 250, 256);
        Assert.Contains("does not hold", Assert.Throws<ShapeException>(() => Evaluate.Of(v => Operations.RandomIntegers(v[0], [2], 1, 2, 0, 257, DType.UInt8), Counter(1))).Message, StringComparison.Ordinal);
        Assert.Contains("no integer", Assert.Throws<ShapeException>(() => Evaluate.Of(v => Operations.RandomIntegers(v[0], [2], 1, 2, 3, 3), Counter(1))).Message, StringComparison.Ordinal);
        Assert.Contains("row 1", Assert.Throws<DunlinException>(() => Evaluate.Of(v => v[0].Categorical(1, v[1], 1, 2), Tensor.From([0, double.NegativeInfinity], [2, 1]), Counter(1))).Message, StringComparison.Ordinal);
    }

    private static double[] Draw(Func<Value, Value, Value> draw, int threads, DType type) =>
        Evaluate.Of(v => draw(v[0].Cast(type), v[1]).Cast(DType.Float64), threads, Tensor.From([.. Enumerable.Repeat(1.0, Many)]), Counter(4)).ToArray<double>();

    private static double Poisson(double mean, int k) => Math.Exp(k * Math.Log(mean) - mean - GammaFunctions.LogGamma(k + 1));

    private static double Binomial(int n, double p, int k) => k > n ? 0
        : Math.Exp(GammaFunctions.LogGamma(n + 1) - GammaFunctions.LogGamma(k + 1) - GammaFunctions.LogGamma(n - k + 1) + k * Math.Log(p) + (n - k) * Math.Log(1 - p));
}
