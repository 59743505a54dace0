using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Testing;

namespace Dunlin.Training.Tests.Losses;

public class MoreLossesTests
{
    private static double Of(Func<IReadOnlyList<Value>, Value> loss, params Tensor[] inputs)
    {
        var graph = new Graph();
        using var session = new Session(graph, TestSession.Options);
        return session.Run(loss([.. inputs.Select(i => graph.Constant(i))])).Item<double>();
    }

    private static void Check(Func<IReadOnlyList<Value>, Value> loss, double expected, params Tensor[] inputs)
    {
        Assert.Equal(expected, Of(loss, inputs), 1e-10);
        GradientCheck.Assert((_, x) => loss(x), inputs);
    }

    private static readonly double[] X = [2, 0.5, -3, 0.2], Y = [1, -1, 1, -1];

    [Fact]
    public void Squared_hinge_and_smooth_absolute_follow_their_formulas()
    {
        Check(x => Training.Losses.SquaredHinge(x[0], x[1]), X.Zip(Y, (p, t) => Math.Pow(Math.Max(0, 1 - p * t), 2)).Average(), Tensor.From(X), Tensor.From(Y));
        Check(x => Training.Losses.SmoothAbsolute(1.3)(x[0], x[1]),
            X.Zip(Y, (p, t) => Math.Abs(p - t)).Average(d => d < 1.3 ? d * d / 2.6 : d - 0.65), Tensor.From(X), Tensor.From(Y));
    }

    [Fact]
    public void Divergence_counts_targets_of_0_as_0()
    {
        double[] p = [0.2, 0.3, 0.5, 0.6, 0.3, 0.1], t = [0.5, 0.5, 0, 0.1, 0.2, 0.7];
        var expected = p.Zip(t, (a, b) => b == 0 ? 0 : b * Math.Log(b / a)).Sum() / 2;
        Assert.Equal(expected, Of(x => Training.Losses.KullbackLeibler(x[0].Log(), x[1]), Tensor.From(p, [2, 3]), Tensor.From(t, [2, 3])), 1e-12);
        GradientCheck.Assert((_, x) => Training.Losses.KullbackLeibler(x[0].LogSoftmax(), x[1].Softmax()), Tensor.From(p, [2, 3]), Tensor.From(t, [2, 3]));
    }

    [Fact]
    public void Poissons_best_rate_is_the_count()
    {
        Check(x => Training.Losses.Poisson(x[0], x[1]), X.Zip(Y, (p, t) => Math.Exp(p) - t * p).Average(), Tensor.From(X), Tensor.From(Y));
        Assert.True(Of(x => Training.Losses.Poisson(x[0], x[1]), Tensor.From([Math.Log(3)]), Tensor.From([3.0])) < Of(x => Training.Losses.Poisson(x[0], x[1]), Tensor.From([1.2]), Tensor.From([3.0])));
    }

    [Theory, InlineData(0), InlineData(0.5), InlineData(1), InlineData(2), InlineData(3.5)]
    public void Focal_losses_weigh_what_is_classified_well_less(double gamma)
    {
        var logits = Tensor.From([0.5, -1, 2, 0.1, 1.5, -0.3], [2, 3]);
        int[] labels = [2, 0];
        double P(int n, int c) => Math.Exp(logits.ToArray<double>()[n * 3 + c]) / Enumerable.Range(0, 3).Sum(j => Math.Exp(logits.ToArray<double>()[n * 3 + j]));
        Check(x => Training.Losses.Focal(gamma)(x[0], x[1]), Enumerable.Range(0, 2).Average(n => -Math.Pow(1 - P(n, labels[n]), gamma) * Math.Log(P(n, labels[n]))), logits, Tensor.From(labels));
        double[] truths = [1, 0, 1, 1];
        var expected = X.Zip(truths, (s, t) =>
        {
            var p = t == 1 ? 1 / (1 + Math.Exp(-s)) : 1 / (1 + Math.Exp(s));
            return -(t == 1 ? 0.25 : 0.75) * Math.Pow(1 - p, gamma) * Math.Log(p);
        }).Average();
        Assert.Equal(expected, Of(x => Training.Losses.BinaryFocal(gamma)(x[0], x[1]), Tensor.From(X), Tensor.From(truths)), 1e-10);
    }

    [Fact]
    public void Focal_losses_stay_finite_where_everything_is_right()
    {
        foreach (var gamma in new[] { 0, 0.5, 1, 2, 3.5 })
        {
            var graph = new Graph();
            var x = graph.Constant(Tensor.From([900.0, -900], [1, 2]));
            using var session = new Session(graph, TestSession.Options);
            var dx = Gradients.Of(Training.Losses.Focal(gamma)(x, graph.Constant(Tensor.From([0]))), [x])[0]!.Dense();
            Assert.All(session.Run(dx).ToArray<double>(), d => Assert.Equal(0, d, 1e-12));
        }
    }

    [Fact]
    public void Cosine_embedding_draws_pairs_together_or_apart()
    {
        double[] a = [1, 2, -1, 0.5, 3, 1], b = [2, 1, 0.3, 1, 2, 2];
        double Cos(int n) => Enumerable.Range(0, 3).Sum(d => a[n * 3 + d] * b[n * 3 + d]) / Math.Sqrt(Enumerable.Range(0, 3).Sum(d => a[n * 3 + d] * a[n * 3 + d]) * Enumerable.Range(0, 3).Sum(d => b[n * 3 + d] * b[n * 3 + d]));
        Check(x => Training.Losses.CosineEmbedding(x[0], x[1], x[2].Cast(DType.Float64), 0.2), (1 - Cos(0) + Math.Max(0, Cos(1) - 0.2)) / 2, Tensor.From(a, [2, 3]), Tensor.From(b, [2, 3]), Tensor.From([1, -1]));
        Assert.Equal(1, Of(x => Training.Losses.CosineEmbedding(x[0], x[0], x[1]), Tensor.From(new double[2], [1, 2]), Tensor.From([1.0])), 1e-12);
    }

    [Fact]
    public void Triplets_ask_for_a_margin_between_distances()
    {
        Tensor At(params double[] v) => Tensor.From(v, [2, 2]);
        Check(x => Training.Losses.TripletMargin(x[0], x[1], x[2], 0.7), (Math.Max(0, 5 - 1 + 0.7) + Math.Max(0, 1 - 5 + 0.7)) / 2, 1e-5, At(0, 0, 0, 0), At(3, 4, 0, 1), At(1, 0, 3, 4));
    }

    private static void Check(Func<IReadOnlyList<Value>, Value> loss, double expected, double tolerance, params Tensor[] inputs)
    {
        Assert.Equal(expected, Of(loss, inputs), tolerance);
        GradientCheck.Assert((_, x) => loss(x), inputs);
    }
}
