using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;
using Dunlin.Training;
using Dunlin.Training.Data;
using Dunlin.Training.Layers;

namespace Dunlin.Strategies.Tests;

/// <summary>A trainer's model whose last layer lies on servers learns what it learns alone.</summary>
public class ClassScoresTests
{
    private const int Classes = 13;

    /// <summary>The metrics too, of the training batches and of validation: one worker's are those of the whole batch.</summary>
    [Theory, InlineData(1), InlineData(2), InlineData(20)]
    public void One_worker_with_servers_learns_and_measures_what_it_does_alone(int servers)
    {
        var (alone, served) = (new Seen(), new Seen());
        var expected = Train(new SingleWorker(), with: o => o with { Observers = [alone] });
        var result = Train(new ParameterServer(1, new() { Servers = servers }), with: o => o with { Observers = [served] });
        TestRuns.AssertClose(expected.Weights, result.Weights, 1e-6);
        Assert.Equal(expected.Metrics["loss"], result.Metrics["loss"], 1e-6);
        Assert.Equal(expected.Metrics["accuracy"], result.Metrics["accuracy"]);
        Assert.Equal(alone.Metrics.Count, served.Metrics.Count);
        foreach (var (a, b) in alone.Metrics.Zip(served.Metrics)) Assert.Equal(a, b, 1e-6);
    }

    [Theory, InlineData(2, 1), InlineData(3, 4)]
    public void Synchronous_workers_learn_what_one_learns_on_the_joined_batch(int workers, int servers)
    {
        var expected = Train(new SingleWorker(), Optimizers.Momentum(0.1));
        var options = new ParameterServerOptions { Servers = servers, Protocol = new ServerProtocol.Synchronous() };
        var threads = Train(new ParameterServer(workers, options), Optimizers.Momentum(0.1));
        TestRuns.AssertClose(expected.Weights, threads.Weights, 2e-6);
        // On virtual time the sums have the same order.
        TestRuns.AssertEqual(threads.Weights, Train(new ParameterServer(workers, options with { Simulation = new() { StepTime = new(0.1, Spread: 0.3) } }), Optimizers.Momentum(0.1)).Weights);
    }

    /// <summary>Between meetings servers sum what they compute as workers sum what they have; look-ahead and compensation hold for both.</summary>
    [Fact]
    public void Each_protocol_does_to_classes_what_it_does_to_weights_of_workers()
    {
        foreach (var options in new ParameterServerOptions[]
        {
            new() { Protocol = new ServerProtocol.Asynchronous { PushEvery = 3, FetchEvery = 3 } },
            new() { Protocol = new ServerProtocol.Asynchronous { Compensation = new(0.1) } },
            new() { Protocol = new ServerProtocol.TryLock(4) },
            new() { Protocol = new ServerProtocol.SoftSynchronous(1) },
            new() { Protocol = new ServerProtocol.StaleSynchronous(2) },
            new() { LooksAhead = true },
        })
        {
            // One epoch: what is measured after it is no more what a worker goes on with that looks ahead.
            TrainingResult Learn(Layer? layer) => Train(new ParameterServer(1, options with { Servers = 2 }), Optimizers.Momentum(0.1), layer, o => o with { Epochs = options.LooksAhead ? 1 : 3, BatchSize = 5 });
            var difference = TestRuns.Difference(Learn(new Own(Classes)).Weights, Learn(null).Weights);
            Assert.True(difference < 2e-6, $"{options.Protocol}, {(options.LooksAhead ? "looking ahead" : "as it is")}: {difference}");
        }
    }

    [Theory, InlineData(1, 1), InlineData(2, 2), InlineData(3, 2)]
    public void Over_connections_synchronous_workers_have_the_bits_of_threads(int servers, int workers)
    {
        var threads = Train(new ParameterServer(workers, new() { Servers = servers, Protocol = new ServerProtocol.Synchronous() }));
        var result = Processes(servers, workers);
        TestRuns.AssertEqual(threads.Weights, result.Weights);
        Assert.Equal(threads.Metrics["loss"], result.Metrics["loss"]);
    }

    /// <summary>Connections are cut in all rounds of a step; what is asked again is answered again, and counted once.</summary>
    [Theory, InlineData(1), InlineData(2)]
    public void Connections_that_are_cut_change_no_bit(int seed)
    {
        var threads = Train(new ParameterServer(2, new() { Servers = 2, Protocol = new ServerProtocol.Synchronous() }), with: o => o with { Epochs = 8 });
        var addresses = NetworkRuns.FreeAddresses(2);
        using var first = new CuttingProxy(addresses[0], seed, 20_000);
        using var second = new CuttingProxy(addresses[1], seed + 10, 20_000);
        TrainingResult Member(string[] at, ServerProcessRole role, int number) => Train(NetworkRuns.Member(at, 2, role, number, with: p => p with { Grace = TimeSpan.FromSeconds(20) }), with: o => o with { Epochs = 8 });
        string[] proxies = [first.Address, second.Address];
        var results = NetworkRuns.All(() => Member(addresses, ServerProcessRole.Server, 0), () => Member(addresses, ServerProcessRole.Server, 1), () => Member(proxies, ServerProcessRole.Worker, 0), () => Member(proxies, ServerProcessRole.Worker, 1));
        foreach (var (_, error) in results) Assert.True(error is null, $"{error}");
        Assert.True(first.Cuts + second.Cuts > 5, $"{first.Cuts} and {second.Cuts} cuts");
        TestRuns.AssertEqual(threads.Weights, results[2].Result!.Weights);
    }

    /// <summary>A vocabulary: features and labels of each word of a text.</summary>
    [Fact]
    public void Sequences_have_a_class_at_each_place()
    {
        var model = new Sequential(new Embedding(60, 6), new Tanh(), new ClassScores(Classes, bias: false));
        var data = new InMemoryDataset(Column.Of("words", Words(12, 4)), Column.Of("next", Tensor.From(Enumerable.Range(0, 12 * 4).Select(i => (long)(i * 5 % Classes)).ToArray(), [12, 4])));
        TrainingResult Fit(ITrainingStrategy strategy) => new Trainer(new(model, Losses.SoftmaxCrossEntropy, Optimizers.Adam(0.01)), TestRuns.Options(strategy, 2)).Fit(data);
        TestRuns.AssertClose(Fit(new SingleWorker()).Weights, Fit(new ParameterServer(1, new() { Servers = 2 })).Weights, 1e-6);
    }

    /// <summary>Where workers move weights of their own, they compute scores of their own.</summary>
    [Fact]
    public void With_weights_of_their_own_workers_compute_scores_themselves()
    {
        foreach (var protocol in new ServerProtocol[] { new ServerProtocol.ElasticAveraging(2), new ServerProtocol.Sandblaster() })
            TestRuns.AssertEqual(Train(new ParameterServer(1, new() { Protocol = protocol }), layer: new Own(Classes)).Weights, Train(new ParameterServer(1, new() { Protocol = protocol })).Weights);
    }

    [Fact]
    public void What_is_saved_goes_on_anywhere()
    {
        var directory = Directory.CreateTempSubdirectory("dunlin-").FullName;
        try
        {
            var whole = Train(new SingleWorker(), with: o => o with { Epochs = 4 });
            Train(new ParameterServer(2, new() { Servers = 2, Protocol = new ServerProtocol.Synchronous() }), with: o => o with { Epochs = 2, RunDirectory = directory });
            TestRuns.AssertClose(whole.Weights, Train(new SingleWorker(), with: o => o with { Epochs = 4, RunDirectory = directory, Resume = true }).Weights, 2e-5);
        }
        finally { Directory.Delete(directory, recursive: true); }
    }

    [Fact]
    public void What_servers_can_not_do_is_said_by_name()
    {
        var strategy = new ParameterServer(1);
        Assert.Contains("class_scores/weight are computed on servers, which know the gradient of their softmax cross entropy alone", Assert.ThrowsAny<DunlinException>(() => Train(strategy, loss: Losses.SmoothedCrossEntropy(0.1))).Message, StringComparison.Ordinal);
        var twice = new ClassScores(6);
        var model = new Sequential(new Flatten(), new Linear(6), twice, twice);
        Assert.Contains("are used twice in a step", Assert.ThrowsAny<DunlinException>(() => new Trainer(new(model, Losses.SoftmaxCrossEntropy, Optimizers.Sgd(0.1)), TestRuns.Options(strategy, 1)).Fit(GeneratedDigits.Create(20, 5, seed: 1))).Message, StringComparison.Ordinal);
        Assert.Contains(" is 13, and the classes of class_scores/weight are 0 to 12.", Assert.ThrowsAny<DunlinException>(() => Train(strategy, classes: Classes + 1)).Message, StringComparison.Ordinal);
        Assert.Contains("expected x[batch, …, in]", Assert.ThrowsAny<ShapeException>(() => new BuildContext(new Graph(), training: true).Apply(new ClassScores(3), new Graph().Placeholder("x", DType.Float32, [4]))).Message, StringComparison.Ordinal);
    }

    /// <summary>The search for the cause asks the servers again.</summary>
    [Fact]
    public void A_loss_that_is_not_finite_is_explained()
    {
        var error = Assert.Throws<NonFiniteException>(() => Train(new ParameterServer(1, new() { Servers = 2 }), Optimizers.Sgd(1e38)));
        Assert.Contains("The first operation with such a result is ReduceMean", error.Message, StringComparison.Ordinal);
    }

    private static TrainingResult Train(ITrainingStrategy strategy, Optimizer? optimizer = null, Layer? layer = null, Func<TrainerOptions, TrainerOptions>? with = null, Loss? loss = null, int classes = Classes)
    {
        var model = new Sequential(new Embedding(60, 6), new Flatten(), new Tanh(), layer ?? new ClassScores(Classes));
        var data = new InMemoryDataset(Column.Of("words", Words(23, 4)), Column.Of("class", Tensor.From(Enumerable.Range(0, 23).Select(i => (long)(i * 5 % classes)).ToArray())));
        var options = new TrainerOptions { Epochs = 3, BatchSize = 10, Seed = 5, Strategy = strategy, Kernels = KernelSets.Managed, ThreadsPerWorker = 1 };
        return new Trainer(new(model, loss ?? Losses.SoftmaxCrossEntropy, optimizer ?? Optimizers.Adam(0.01), Metrics.Accuracy), with?.Invoke(options) ?? options).Fit(data, data);
    }

    private static TrainingResult Processes(int servers, int workers)
    {
        var addresses = NetworkRuns.FreeAddresses(servers);
        var results = NetworkRuns.All(
        [
            .. Enumerable.Range(0, servers).Select(s => (Func<TrainingResult>)(() => Train(NetworkRuns.Member(addresses, workers, ServerProcessRole.Server, s)))),
            .. Enumerable.Range(0, workers).Select(w => (Func<TrainingResult>)(() => Train(NetworkRuns.Member(addresses, workers, ServerProcessRole.Worker, w)))),
        ]);
        foreach (var (_, error) in results) Assert.True(error is null, $"{error}");
        return results[servers].Result!;
    }

    private static Tensor Words(int examples, int length) => Tensor.From(Enumerable.Range(0, examples * length).Select(i => (long)(i * i % 47)).ToArray(), [examples, length]);

    /// <summary>The same layer, of which nothing is served.</summary>
    private sealed class Own : Layer
    {
        private readonly int _classes;

        public Own(int classes) => (_classes, Name) = (classes, "class_scores");

        protected internal override Value Build(BuildContext context, Value input)
        {
            var features = Operations.Concat([input, input.Sum([-1], keepDimensions: true).OnesLike()], -1);
            return features.MatMul(context.Variable("weight", [_classes, features.Shape[^1]], Initializers.FanInUniform()).Value, transposeB: true);
        }
    }

    /// <summary>What is measured of the training batches.</summary>
    private sealed class Seen : ITrainingObserver
    {
        public List<double> Metrics { get; } = [];

        public void Stepped(in StepReport report) => Metrics.AddRange(report.Metrics);
    }
}
