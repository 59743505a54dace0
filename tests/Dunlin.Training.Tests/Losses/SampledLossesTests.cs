using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Training.Tests.Losses;

public class SampledLossesTests
{
    private const int Classes = 7, Features = 4;

    private static readonly Tensor Inputs = TestSession.Numbers([5, Features], stream: 1);
    private static readonly Tensor Labels = Tensor.From([3, 0, 6, 3, 1]);

    private static (Graph Graph, Value Weights, Value Bias, Value Features, Value Labels, Value Counter) Model()
    {
        var graph = new Graph();
        return (graph, graph.Variable("w", DType.Float32, [Classes, Features], Training.Initializers.Normal()).Value, graph.Variable("b", DType.Float32, [Classes], Training.Initializers.Normal()).Value,
            graph.Constant(Inputs), graph.Constant(Labels), graph.Placeholder("counter", DType.Int64, []));
    }

    [Fact]
    public void With_every_class_in_the_sample_it_is_the_full_softmax()
    {
        var m = Model();
        var sampled = SampledLosses.SampledSoftmax(m.Weights, m.Bias, m.Features, m.Labels, CandidateSampler.Uniform(Classes, Classes), m.Counter, 1, 2);
        var full = Training.Losses.SoftmaxCrossEntropy(m.Features.MatMul(m.Weights, transposeB: true) + m.Bias, m.Labels);
        var (ds, df) = (Gradients.Of(sampled, m.Weights)[0]!, Gradients.Of(full, m.Weights)[0]!);
        Assert.True(ds.IsSparse);
        using var session = new Session(m.Graph, TestSession.Options);
        var results = session.Run([sampled, full, ds.Dense(), df.Dense()], (m.Counter, Tensor.Scalar(3L)));
        Assert.Equal(results[1].Item<float>(), results[0].Item<float>(), 1e-5f);
        Assert.Equal(results[3].ToArray<float>(), results[2].ToArray<float>(), (a, b) => Math.Abs(a - b) < 1e-5f);
    }

    [Fact]
    public void The_sampled_softmax_is_that_of_its_definition()
    {
        var m = Model();
        var sampler = CandidateSampler.LogUniform(Classes, 3, unique: false);
        var loss = SampledLosses.SampledSoftmax(m.Weights, m.Bias, m.Features, m.Labels, sampler, m.Counter, 1, 2);
        var noise = SampledLosses.NoiseContrastive(m.Weights, m.Bias, m.Features, m.Labels, sampler, m.Counter, 1, 2);
        var kept = SampledLosses.NoiseContrastive(m.Weights, m.Bias, m.Features, m.Labels, sampler, m.Counter, 1, 2, dropHits: true);
        var all = m.Features.MatMul(m.Weights, transposeB: true) + m.Bias;
        using var session = new Session(m.Graph, TestSession.Options);
        for (var step = 0L; step < 5; step++)
        {
            var results = session.Run([loss, noise, kept, all, sampler.Draw(m.Counter, 1, 2).Classes], (m.Counter, Tensor.Scalar(step)));
            var (scores, sample, labels) = (results[3].ToArray<float>(), results[4].ToArray<long>(), Labels.ToArray<int>());
            double Score(int n, long k) => scores[n * Classes + k] - Math.Log(3 * Math.Log((k + 2.0) / (k + 1)) / Math.Log(Classes + 1));
            static double Softplus(double x) => Math.Log(1 + Math.Exp(x));
            Assert.Equal(Enumerable.Range(0, 5).Average(n => Math.Log(Math.Exp(Score(n, labels[n])) + sample.Where(k => k != labels[n]).Sum(k => Math.Exp(Score(n, k)))) - Score(n, labels[n])), results[0].Item<float>(), 1e-4);
            Assert.Equal(Enumerable.Range(0, 5).Average(n => Softplus(-Score(n, labels[n])) + sample.Sum(k => Softplus(Score(n, k)))), results[1].Item<float>(), 1e-4);
            Assert.Equal(Enumerable.Range(0, 5).Average(n => Softplus(-Score(n, labels[n])) + sample.Where(k => k != labels[n]).Sum(k => Softplus(Score(n, k)))), results[2].Item<float>(), 1e-4);
        }
    }

    [Fact]
    public void Weights_that_do_not_fit_the_sampler_are_refused()
    {
        var m = Model();
        var error = Assert.Throws<ShapeException>(() => SampledLosses.SampledSoftmax(m.Weights, m.Bias, m.Features, m.Labels, CandidateSampler.Uniform(9, 3), m.Counter, 1, 2));
        Assert.Contains("weights[9, 4]", error.Message, StringComparison.Ordinal);
    }
}
