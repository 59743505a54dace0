using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Training.Tests.Losses;

public class LossesTests
{
    private static readonly float[,] Logits = { { 1, 2, 4 }, { 0, -1, 0.5f } };
    private static readonly int[] Labels = [2, 0];

    [Fact]
    public void Softmax_cross_entropy_is_the_mean_negative_log_probability() =>
        Assert.Equal(Enumerable.Range(0, 2).Average(n => -Math.Log(Probability(n, Labels[n]))), Classified(Training.Losses.SoftmaxCrossEntropy), 1e-6);

    [Fact]
    public void Smoothing_spreads_a_part_of_the_target_over_all_classes() => Assert.Equal(
        Enumerable.Range(0, 2).Average(n => Enumerable.Range(0, 3).Sum(c => -Math.Log(Probability(n, c)) * (0.1 / 3 + (c == Labels[n] ? 0.9 : 0)))),
        Classified(Training.Losses.SmoothedCrossEntropy(0.1)), 1e-6);

    [Fact]
    public void Sigmoid_cross_entropy_is_that_of_two_classes() => Check(Training.Losses.SigmoidCrossEntropy, [2, -3, 0.5f], [1, 0, 0.3f], (p, t) =>
    {
        var q = 1 / (1 + Math.Exp(-p));
        return -t * Math.Log(q) - (1 - t) * Math.Log(1 - q);
    });

    [Fact]
    public void Squared_absolute_and_huber_measure_distance()
    {
        float[] prediction = [1, -2, 3, 0.5f], target = [1, 0, -1, 0];
        Check(Training.Losses.Squared, prediction, target, (p, t) => (p - t) * (p - t));
        Check(Training.Losses.Absolute, prediction, target, (p, t) => Math.Abs(p - t));
        Check(Training.Losses.Huber(1.5), prediction, target, (p, t) => Math.Abs(p - t) <= 1.5 ? (p - t) * (p - t) / 2 : 1.5 * (Math.Abs(p - t) - 0.75));
    }

    [Fact]
    public void Hinge_asks_for_a_margin_of_1() => Check(Training.Losses.Hinge, [2, 0.5f, -3], [1, 1, 1], (p, t) => Math.Max(0, 1 - p * t));

    [Fact]
    public void Hubers_gradient_is_the_clipped_difference()
    {
        var graph = new Graph();
        var p = graph.Placeholder("p", DType.Float32, [3]);
        var gradient = Gradients.Of(Training.Losses.Huber(1)(p, p.ZerosLike()), [p])[0]!.Dense();
        using var session = new Session(graph, TestSession.Options);
        Assert.Equal([-1 / 3f, 0.5f / 3, 1 / 3f], session.Run(gradient, (p, Tensor.From([-4, 0.5f, 9]))).ToArray<float>(), (a, b) => Math.Abs(a - b) < 1e-6);
    }

    [Fact]
    public void Shapes_that_would_broadcast_are_refused()
    {
        var graph = new Graph();
        var (p, t) = (graph.Placeholder("p", DType.Float32, [4, 1]), graph.Placeholder("t", DType.Float32, [4]));
        Assert.Contains("predictions [4, 1] with targets [4]", Assert.Throws<ShapeException>(() => Training.Losses.Squared(p, t)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Regularisers_sum_over_all_variables()
    {
        var graph = new Graph();
        var a = graph.Variable("a", DType.Float32, [2], new TestSession.Given(3, -4));
        var b = graph.Variable("b", DType.Float32, [1], new TestSession.Given(-2));
        using var session = new Session(graph, TestSession.Options);
        Assert.Equal(0.9f, session.Run(Regularizers.L1(0.1, a, b)).Item<float>(), 1e-6f);
        Assert.Equal(0.1f / 2 * 29, session.Run(Regularizers.L2(0.1, a, b)).Item<float>(), 1e-6f);
    }

    private static double Probability(int n, int c) => Math.Exp(Logits[n, c]) / Enumerable.Range(0, 3).Sum(j => Math.Exp(Logits[n, j]));

    private static double Classified(Loss loss)
    {
        var graph = new Graph();
        using var session = new Session(graph, TestSession.Options);
        return session.Run(loss(graph.Constant(Tensor.From(Logits.Cast<float>().ToArray(), [2, 3])), graph.Constant(Tensor.From(Labels)))).Item<float>();
    }

    private static void Check(Loss loss, float[] prediction, float[] target, Func<double, double, double> closedForm)
    {
        var graph = new Graph();
        using var session = new Session(graph, TestSession.Options);
        var value = session.Run(loss(graph.Constant(Tensor.From(prediction)), graph.Constant(Tensor.From(target)))).Item<float>();
        Assert.Equal(prediction.Zip(target, (p, t) => closedForm(p, t)).Average(), value, 1e-5);
    }
}
