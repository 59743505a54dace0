using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;
using Dunlin.Training;

namespace Dunlin.Strategies.Tests;

/// <summary>A softmax whose weights lie on servers is the softmax of a graph that has them.</summary>
public class DistantSoftmaxTests
{
    private const int Inputs = 5, Features = 4, Classes = 11, Examples = 12, Steps = 6;

    private static readonly SessionOptions Options = new() { Kernels = KernelSets.Managed, Threads = 1 };

    private static readonly Tensor Data = Drawn([Examples, Inputs], "data"), Labels = Tensor.From(Enumerable.Range(0, Examples).Select(i => (long)(i * 7 % Classes)).ToArray());

    /// <summary>Of the losses' mean, times 3 so that what is behind the losses counts; on one server, on several that have parts of the classes, and by several workers.</summary>
    [Theory, InlineData(1, 1), InlineData(1, 2), InlineData(1, 7), InlineData(2, 1), InlineData(3, 7)]
    public void It_learns_what_a_softmax_with_its_weights_learns(int workers, int servers)
    {
        var (first, weights, losses) = Alone();
        foreach (var simulation in new[] { null, new SimulatedCluster() })
        {
            var served = Served(workers, new() { Protocol = new ServerProtocol.Synchronous(), Servers = servers, Simulation = simulation });
            AssertClose(first, served.First);
            AssertClose(weights, served.Weights);
            // Of several workers, the first has its own examples' loss.
            if (workers == 1) AssertClose(losses, served.Losses);
        }
    }

    [Fact]
    public void Operands_that_do_not_fit_are_said()
    {
        var graph = new Graph();
        var error = Assert.Throws<ShapeException>(() => DistantSoftmax.CrossEntropies(null!, 0, graph.Placeholder("h", DType.Float32, [3, 4]), graph.Placeholder("labels", DType.Int64, [4])));
        Assert.Contains("takes features[N, D] of Float32 and labels[N] of Int64", error.Message, StringComparison.Ordinal);
    }

    private static (float[] First, float[] Weights, float[] Losses) Alone()
    {
        var graph = new Graph();
        var (x, labels, features, first) = Model(graph);
        var weights = graph.Variable("weights", DType.Float32, [Classes, Features], Initializers.Normal());
        var loss = 3 * features.MatMul(weights.Value, transposeB: true).SoftmaxCrossEntropy(labels).Mean();
        var counter = graph.Variable("counter", DType.Int64, Shape.Scalar, Initializers.Zeros, trainable: false);
        Variable[] learned = [first, weights];
        var updates = Optimizers.Momentum(0.1).Build(graph, counter.Value, [.. learned.Zip(Graphs.Gradients.Of(loss, learned)).Select(p => new Parameter(p.First, p.Second!))]);
        using var session = new Session(graph, Options);
        using var step = session.Compile([x, labels], [loss], [.. updates, counter.Assign(counter.Value + 1)]);
        var losses = Enumerable.Range(0, Steps).Select(_ => step.Run([Data, Labels])[0].Item<float>()).ToArray();
        return (session.Storage(first).ToArray<float>(), session.Storage(weights).ToArray<float>(), losses);
    }

    private static (float[] First, float[] Weights, float[] Losses) Served(int workers, ParameterServerOptions options)
    {
        (float[], float[], float[]) result = default;
        new ParameterServer(workers, options).Run(worker =>
        {
            var graph = new Graph();
            var (x, labels, features, first) = Model(graph);
            var weights = graph.Variable("weights", DType.Float32, [Classes, Features], Initializers.Normal());
            var loss = 3 * DistantSoftmax.CrossEntropies(worker.Remote!, 1, features, labels).Mean();
            var gradient = Graphs.Gradients.Of(loss, [first])[0]!;
            using var session = new Session(graph, Options);
            using var step = session.Compile([x, labels], [loss, gradient.Values]);
            var remote = worker.Remote!;
            remote.Begin(new(session, [(first, gradient), (weights, graph.Placeholder("none", DType.Float32, [Classes, Features]))], Optimizers.Momentum(0.1)) { Classes = new HashSet<int> { 1 } }, default);
            var losses = new List<float>();
            var mine = Enumerable.Range(0, Examples).Where(i => i % workers == worker.Rank).ToArray();
            var (data, own) = (Tensor.From(mine.SelectMany(i => Data.ToArray<float>().Skip(i * Inputs).Take(Inputs)).ToArray(), [mine.Length, Inputs]), Tensor.From(mine.Select(i => Labels.ToArray<long>()[i]).ToArray()));
            while (remote.StepsDone < Steps)
            {
                var results = step.Run([data, own]);
                losses.Add(results[0].Item<float>());
                remote.Step([results[1], null!], [null, null], mine.Length);
            }
            remote.End();
            if (worker.Rank != 0) return;
            remote.Collect();
            result = (session.Storage(first).ToArray<float>(), session.Storage(weights).ToArray<float>(), [.. losses]);
        });
        return result;
    }

    private static (Value X, Value Labels, Value Features, Variable First) Model(Graph graph)
    {
        var (x, labels) = (graph.Placeholder("x", DType.Float32, [Shape.Unknown, Inputs]), graph.Placeholder("labels", DType.Int64, [Shape.Unknown]));
        var first = graph.Variable("first", DType.Float32, [Inputs, Features], Initializers.Normal());
        return (x, labels, x.MatMul(first.Value).Tanh(), first);
    }

    private static Tensor Drawn(Shape shape, string name)
    {
        var tensor = Tensor.Zeros(DType.Float32, shape);
        Philox.FillNormal(tensor.Span<float>(), new PhiloxKey(4, PhiloxKey.StreamOf(name)));
        return tensor;
    }

    private static void AssertClose(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++) Assert.Equal(expected[i], actual[i], 2e-5);
    }
}
