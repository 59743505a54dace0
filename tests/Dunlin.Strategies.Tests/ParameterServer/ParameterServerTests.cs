using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;
using Dunlin.Training;
using Dunlin.Training.Data;
using Dunlin.Training.Layers;

namespace Dunlin.Strategies.Tests;

public class ParameterServerTests
{
    private static readonly Dictionary<string, Optimizer> Families = new()
    {
        ["sgd"] = Optimizers.Sgd(0.1, weightDecay: 0.01),
        ["momentum"] = Optimizers.Momentum(0.1),
        ["adagrad"] = Optimizers.Adagrad(0.1),
        ["adam"] = Optimizers.Adam(Schedules.Cosine(0.01, 20)),
        ["ftrl"] = Optimizers.Ftrl(0.1),
        ["proximal-adagrad"] = Optimizers.ProximalAdagrad(0.1, l2: 0.01),
        ["lamb"] = Optimizers.Lamb(0.01),
        ["clipped"] = Optimizers.Adam(0.01).After(new ClipByGlobalNorm(0.1)),
        ["averaged"] = Optimizers.Adam(0.01).Then(new AverageWeights()),
        ["lookahead"] = Optimizers.Sgd(0.1).Then(new Lookahead(2)),
        ["plain"] = Optimizers.Sgd(0.1),
        ["half"] = Optimizers.Sgd(0.05),
        ["frozen"] = Optimizers.Adam(1e-30),
        ["still"] = Optimizers.Sgd(1e-30),
        ["a user's own"] = new Optimizer(new SignOfGradient(), new Scale(0.01)),
    };

    public static TheoryData<string, bool> Cases
    {
        get
        {
            var cases = new TheoryData<string, bool>();
            foreach (var family in Families.Keys)
                foreach (var words in new[] { false, true }) cases.Add(family, words);
            return cases;
        }
    }

    /// <summary>How to check an implementation, 1.</summary>
    [Theory, MemberData(nameof(Cases))]
    public void One_worker_has_the_bits_of_a_worker_without_servers(string optimizer, bool words)
    {
        var alone = Train(new SingleWorker(), optimizer, words);
        foreach (ServerProtocol protocol in new ServerProtocol[] { new ServerProtocol.Asynchronous(), new ServerProtocol.Synchronous(), new ServerProtocol.StaleSynchronous(2), new ServerProtocol.SoftSynchronous(2), new ServerProtocol.TryLock(1), new ServerProtocol.TryLock(5) { OwnSteps = Optimizers.Sgd(0.3) } })
        {
            var served = Train(new ParameterServer(1, new() { Protocol = protocol }), optimizer, words);
            TestRuns.AssertEqual(alone.Weights, served.Weights);
            Assert.Equal(alone.Metrics["loss"], served.Metrics["loss"]);
        }
    }

    /// <summary>23 examples in batches of 10: the last batch of 3 is uneven, and of four workers one has none of it.</summary>
    [Theory, MemberData(nameof(Cases))]
    public void Synchronous_workers_compute_the_update_of_one_worker_on_the_joined_batch(string optimizer, bool words)
    {
        // The sign of a gradient near 0 is another one at its last bit.
        if (optimizer == "a user's own") return;
        var alone = Train(new SingleWorker(), optimizer, words);
        foreach (var workers in new[] { 2, 4 })
            TestRuns.AssertClose(alone.Weights, Train(new ParameterServer(workers, new() { Protocol = new ServerProtocol.Synchronous() }), optimizer, words).Weights, 2e-4);
    }

    [Fact]
    public void Synchronous_workers_are_repeatable_to_the_bit_and_so_is_a_bound_of_zero_and_so_are_servers()
    {
        var first = Train(Synchronous(3), "adam", words: true).Weights;
        TestRuns.AssertEqual(first, Train(Synchronous(3), "adam", words: true).Weights);
        TestRuns.AssertEqual(first, Train(new ParameterServer(3, new() { Protocol = new ServerProtocol.StaleSynchronous(0) }), "adam", words: true).Weights);
        TestRuns.AssertEqual(first, Train(Synchronous(3, servers: 2), "adam", words: true).Weights);
        // More servers than there are variables of some size: the table and a matrix are cut.
        TestRuns.AssertEqual(first, Train(Synchronous(3, servers: 7), "adam", words: true).Weights);
    }

    /// <summary>A thousand times as many rows, and as many bytes: workers have no copy of the table, and fetch and give what their batches name.</summary>
    [Theory, InlineData(1), InlineData(3)]
    public void Of_a_table_only_the_rows_of_the_batches_travel(int servers)
    {
        long BytesOf(int words)
        {
            var cluster = new SimulatedCluster();
            var data = new InMemoryDataset(Column.Of("words", Tensor.From(Enumerable.Range(0, 24 * 4).Select(i => (long)(i * i % 47)).ToArray(), [24, 4])), Column.Of("class", Tensor.From(Enumerable.Range(0, 24).Select(i => (long)(i % 10)).ToArray())));
            var model = new Sequential(new Embedding(words, 6), new Flatten(), new Linear(10));
            new Trainer(new(model, Losses.SoftmaxCrossEntropy, Optimizers.Adagrad(0.1)), TestRuns.Options(new ParameterServer(2, new() { Servers = servers, Simulation = cluster }), 2) with { BatchSize = 8 }).Fit(data);
            return (long)cluster.Report!.Bytes;
        }
        // Two epochs of three steps, by two workers: the linear layer both ways, 16 rows and their numbers both ways, and no more than the messages' heads and rows cut to powers of two.
        var bytes = BytesOf(100);
        Assert.InRange(bytes, 2 * 3 * 2 * 2 * 4 * (240 + 10 + 16 * 6), 2 * 3 * 2 * 2 * 4 * (240 + 10 + 16 * 6) * 1.6);
        if (servers == 1) Assert.Equal(bytes, BytesOf(100_000));
        else Assert.InRange(BytesOf(100_000), bytes * 0.8, bytes * 1.2);
    }

    /// <summary>They make as many steps of the batch as a worker alone.</summary>
    [Theory, InlineData(2), InlineData(5)]
    public void Workers_that_do_not_wait_learn(int workers)
    {
        var data = GeneratedDigits.Create(600, 200, seed: 3);
        var model = new Sequential(new Conv2d(4, 3, padding: 1), new Relu(), new MaxPool2d(2), new Flatten(), new Linear(10));
        var alone = new Trainer(new(model, Losses.SoftmaxCrossEntropy, Optimizers.Adam(0.01), Metrics.Accuracy), new TrainerOptions { Epochs = 12, BatchSize = 10 * workers, Seed = 5, Kernels = KernelSets.Managed, ThreadsPerWorker = 1 }).Fit(data).Metrics["accuracy"];
        foreach (ServerProtocol protocol in new ServerProtocol[] { new ServerProtocol.Asynchronous { Staleness = new StalenessRule.Inverse() }, new ServerProtocol.SoftSynchronous(2), new ServerProtocol.StaleSynchronous(1), new ServerProtocol.Synchronous(1),
            new ServerProtocol.TryLock(4), new ServerProtocol.Asynchronous { PushEvery = 2, FetchEvery = 3, OwnSteps = Optimizers.Sgd(0.05), Staleness = new StalenessRule.Power(0.9) }, new ServerProtocol.Asynchronous { Compensation = new(0.1, 0.95) }, new ServerProtocol.ElasticAveraging(2) })
        {
            var options = new TrainerOptions { Epochs = 12, BatchSize = 10 * workers, Seed = 5, Strategy = new ParameterServer(workers, new() { Protocol = protocol, Servers = 2 }), Kernels = KernelSets.Managed, ThreadsPerWorker = 1 };
            var result = new Trainer(new(model, Losses.SoftmaxCrossEntropy, Optimizers.Adam(0.01), Metrics.Accuracy), options).Fit(data);
            Assert.True(result.Metrics["accuracy"] > alone - 0.15, $"{protocol}: accuracy {result.Metrics["accuracy"]}, and of one worker {alone}");
        }
    }

    /// <summary>A worker's own steps by the servers' rule come to the servers' weights, and what it has kept when an epoch or the run ends is given: 9 steps are 2 and 1, three times. (To rounding; where the largest of a pool is another one by it, a little more.)</summary>
    [Theory, InlineData(false), InlineData(true)]
    public void Plain_descent_by_own_steps_is_the_descent_of_a_worker_without_servers(bool words)
    {
        var alone = Train(new SingleWorker(), "plain", words).Weights;
        foreach (var servers in new[] { 1, 2, 7 })
            TestRuns.AssertClose(alone, Train(new ParameterServer(1, new() { Servers = servers, Protocol = new ServerProtocol.Asynchronous { PushEvery = 2, FetchEvery = 2, OwnSteps = Families["plain"] } }), "plain", words).Weights, 2e-3);
    }

    /// <summary>Both go half the way after each step: the servers' weights are those of descent at half the rate.</summary>
    [Theory, InlineData(false), InlineData(true)]
    public void One_elastic_worker_takes_the_servers_half_its_way(bool words)
    {
        var half = Train(new SingleWorker(), "half", words).Weights;
        foreach (var servers in new[] { 1, 7 })
            TestRuns.AssertClose(half, Train(new ParameterServer(1, new() { Servers = servers, Protocol = new ServerProtocol.ElasticAveraging(1) }), "plain", words).Weights, 2e-4);
    }

    [Fact]
    public void An_elastic_run_is_resumed_with_the_servers_weights()
    {
        var directory = Directory.CreateTempSubdirectory("dunlin-").FullName;
        try
        {
            var strategy = new ParameterServer(2, new() { Protocol = new ServerProtocol.ElasticAveraging(2) });
            var stopped = Train(strategy, "adam", words: true, o => o with { RunDirectory = directory, MaxSteps = 4 });
            var resumed = Train(strategy, "frozen", words: true, o => o with { RunDirectory = directory, Resume = true });
            Assert.Equal(2, resumed.Epochs.Count);
            TestRuns.AssertClose(stopped.Weights, resumed.Weights, 1e-6);
        }
        finally { Directory.Delete(directory, recursive: true); }
    }

    [Fact]
    public void A_run_that_is_resumed_ends_with_the_bits_of_one_that_was_not_stopped()
    {
        var directory = Directory.CreateTempSubdirectory("dunlin-").FullName;
        try
        {
            var whole = Train(Synchronous(2, servers: 2), "adam", words: true).Weights;
            // Three steps an epoch: it stops in the middle of one.
            Train(Synchronous(2, servers: 2), "adam", words: true, o => o with { RunDirectory = directory, MaxSteps = 4 });
            TestRuns.AssertEqual(whole, Train(Synchronous(2, servers: 2), "adam", words: true, o => o with { RunDirectory = directory, Resume = true }).Weights);
        }
        finally { Directory.Delete(directory, recursive: true); }
    }

    /// <summary>Nothing gets better after the first epoch: worker 0 finds that out, and all end.</summary>
    [Fact]
    public void An_early_stop_ends_all_workers()
    {
        foreach (ServerProtocol protocol in new ServerProtocol[] { new ServerProtocol.Asynchronous(), new ServerProtocol.StaleSynchronous(1), new ServerProtocol.Synchronous() })
        {
            var result = Train(new ParameterServer(3, new() { Protocol = protocol }), "still", words: true, o => o with { Epochs = 1000, EarlyStopPatience = 2 });
            Assert.Equal(EndReason.EarlyStop, result.Reason);
            Assert.Equal(3, result.Epochs.Count);
        }
    }

    [Theory, InlineData(0), InlineData(2)]
    public void A_worker_that_fails_ends_the_run_with_its_error(int worker)
    {
        var error = Assert.ThrowsAny<DunlinException>(() => Train(new Before(worker, () => throw new DunlinException("the disk is on fire"), Synchronous(3)), "adam", words: true));
        Assert.Contains("the disk is on fire", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_worker_that_does_not_come_is_named()
    {
        var hanging = new Before(1, () => Thread.Sleep(2000), new ParameterServer(2, new() { Protocol = new ServerProtocol.Synchronous(), Local = new() { Timeout = TimeSpan.FromSeconds(0.3) } }));
        var error = Assert.ThrowsAny<DunlinException>(() => Train(hanging, "adam", words: true));
        Assert.Contains("Worker 0 waited 0.3 s for server 0 at step 1; the server waits for worker 1.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_does_not_go_together_is_said()
    {
        Assert.Contains("at most 1 are backups, not 2", Assert.Throws<DunlinException>(() => new ParameterServer(2, new() { Protocol = new ServerProtocol.Synchronous(2) })).Message, StringComparison.Ordinal);
        Assert.Contains("at least 1 worker, not 0", Assert.Throws<DunlinException>(() => new ParameterServer(0)).Message, StringComparison.Ordinal);
        Assert.Contains("StaleSynchronous: Bound is at least 0, not -1", Assert.Throws<InvalidValueException>(() => new ServerProtocol.StaleSynchronous(-1)).Message, StringComparison.Ordinal);
        Assert.Contains("Gamma is above 0 and up to 1, not 0", Assert.Throws<InvalidValueException>(() => new StalenessRule.Power(0)).Message, StringComparison.Ordinal);
        Assert.Contains("GradientAccumulationSteps = 2", Assert.ThrowsAny<DunlinException>(() => Train(Synchronous(2), "adam", true, o => o with { GradientAccumulationSteps = 2 })).Message, StringComparison.Ordinal);
        Assert.Contains("needs the length of all gradients together, which lie on several servers", Assert.ThrowsAny<DunlinException>(() => Train(Synchronous(2, servers: 2), "clipped", true)).Message, StringComparison.Ordinal);
        Assert.Contains("is larger than a server's share", Assert.ThrowsAny<DunlinException>(() => Train(Synchronous(2, servers: 7), "lamb", true)).Message, StringComparison.Ordinal);
        Assert.Contains("SignOfGradient", Assert.ThrowsAny<DunlinException>(() => Train(Synchronous(2, servers: 7), "a user's own", true)).Message, StringComparison.Ordinal);
    }

    private static ParameterServer Synchronous(int workers, int servers = 1) => new(workers, new() { Protocol = new ServerProtocol.Synchronous(), Servers = servers });

    private static TrainingResult Train(ITrainingStrategy strategy, string optimizer, bool words, Func<TrainerOptions, TrainerOptions>? with = null)
    {
        Layer model = words ? new Sequential(new Embedding(60, 6), new Flatten(), new Tanh(), new Linear(10)) : new Sequential(new Conv2d(4, 3, padding: 1), new Relu(), new MaxPool2d(2), new Flatten(), new Linear(10));
        IDataset data = words
            ? new InMemoryDataset(Column.Of("words", Tensor.From(Enumerable.Range(0, 23 * 4).Select(i => (long)(i * i % 47)).ToArray(), [23, 4])), Column.Of("class", Tensor.From(Enumerable.Range(0, 23).Select(i => (long)(i % 10)).ToArray())))
            : GeneratedDigits.Create(23, 1, seed: 3).Train;
        var options = TestRuns.Options(strategy, 3);
        return new Trainer(new(model, Losses.SoftmaxCrossEntropy, Families[optimizer], Metrics.Accuracy), with?.Invoke(options) ?? options).Fit(data, data);
    }

    /// <summary>A link that Dunlin does not know.</summary>
    private sealed record SignOfGradient : GradientTransform
    {
        public override IReadOnlyList<Parameter> Apply(OptimizerContext context, IReadOnlyList<Parameter> parameters) => [.. parameters.Select(p => p.Map(g => Dunlin.Graphs.Ops.Operations.Sign(g)))];
    }

    /// <summary>A run in which one worker does something before it begins.</summary>
    private sealed class Before(int rank, Action what, ITrainingStrategy inner) : ITrainingStrategy
    {
        public string Name => inner.Name;

        public int Workers => inner.Workers;

        public void Run(Action<IWorker> program) => inner.Run(worker =>
        {
            if (worker.Rank == rank) what();
            program(worker);
        });
    }
}
