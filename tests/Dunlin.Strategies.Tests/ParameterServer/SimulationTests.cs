using Dunlin.Graphs;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;
using Dunlin.Training;
using Dunlin.Training.Data;
using Dunlin.Training.Layers;

namespace Dunlin.Strategies.Tests;

/// <summary>Runs on virtual time: what they compute, how long it takes, and that nothing is lost when much goes wrong.</summary>
public class SimulationTests
{
    private static readonly IReadOnlyList<ServerProtocol> All =
    [
        new ServerProtocol.Asynchronous(), new ServerProtocol.Asynchronous { PushEvery = 3, FetchEvery = 2, OwnSteps = Optimizers.Sgd(0.05), Compensation = new(0.1) }, new ServerProtocol.TryLock(4) { OwnSteps = Optimizers.Sgd(0.05) },
        new ServerProtocol.ElasticAveraging(2), new ServerProtocol.SoftSynchronous(2), new ServerProtocol.StaleSynchronous(1), new ServerProtocol.Synchronous(1),
    ];

    public static TheoryData<int> Protocols => [.. Enumerable.Range(0, All.Count)];

    [Theory, MemberData(nameof(Protocols))]
    public void A_run_is_the_same_each_time_and_another_one_with_another_seed(int number)
    {
        var protocol = All[number];
        var (first, again, other) = (Cluster(3), Cluster(3), Cluster(4));
        var weights = Train(protocol, 4, first).Weights;
        TestRuns.AssertEqual(weights, Train(protocol, 4, again).Weights);
        Assert.Equal(Said(first), Said(again));
        Train(protocol, 4, other);
        Assert.NotEqual(first.Report!.Seconds, other.Report!.Seconds);
        static string Said(SimulatedCluster cluster) => $"{cluster.Report} {string.Join(' ', cluster.Report!.Steps)} {string.Join(' ', cluster.Report.WaitSeconds)} {string.Join(' ', cluster.Report.Updates)}";
    }

    /// <summary>What is computed is what threads compute, where that does not depend on who is faster.</summary>
    [Fact]
    public void Simulated_workers_have_the_bits_of_threads()
    {
        TestRuns.AssertEqual(Train(new ServerProtocol.Synchronous(), 3, null).Weights, Train(new ServerProtocol.Synchronous(), 3, Cluster(1)).Weights);
        TestRuns.AssertEqual(Train(new ServerProtocol.Asynchronous(), 1, null).Weights, Train(new ServerProtocol.Asynchronous(), 1, Cluster(1)).Weights);
    }

    /// <summary>A step of 10 ms, 4000 bytes each way at 1 MB/s, 1 ms each way, 2 ms and 4000 bytes at 4 MB/s of work: 10 + 4.064 + 1 + 3 + 4.064 + 1 ms.</summary>
    [Fact]
    public void A_step_takes_the_time_of_its_parts()
    {
        var cluster = new SimulatedCluster { StepTime = new(0.01), Latency = 0.001, WorkerBandwidth = 1e6, ServerBandwidth = 2e6, ServerTime = 0.002, ServerRate = 4e6 };
        Count(new ServerProtocol.Asynchronous(), 1, 100, cluster, elements: 1000);
        Assert.Equal(0.023128, (cluster.Report!.Seconds - 0.007128) / 100, 1e-4);
    }

    /// <summary>Of n asynchronous workers, each with a step of t, at a server that takes s for each, at most t / s do work at a time (the reference's efficiency min(1, t / (n s))).</summary>
    [Theory, InlineData(2), InlineData(10), InlineData(40)]
    public void A_server_serves_so_many_workers_as_it_has_time_for(int workers)
    {
        var (t, s) = (0.1, 0.01);
        var cluster = new SimulatedCluster { StepTime = new(t - s, Spread: 0.3), Latency = 0, ServerTime = s, WorkerBandwidth = 1e12, ServerBandwidth = 1e12, ServerRate = 1e12 };
        Count(new ServerProtocol.Asynchronous(), workers, 200, cluster);
        var efficiency = 200 * t / cluster.Report!.Seconds;
        Assert.InRange(efficiency, 0.85 * Math.Min(1, t / (workers * s)), 1.05 * Math.Min(1, t / (workers * s)));
    }

    /// <summary>With the lock, nobody waits while it is free to go on: as many workers as a server can't serve compute all the time, and give more at a time.</summary>
    [Fact]
    public void With_try_lock_workers_compute_while_the_server_is_busy()
    {
        var cluster = new SimulatedCluster { Seed = 2, StepTime = new(0.01, Spread: 0.2), Latency = 1e-6, ServerTime = 0.005 };
        Count(new ServerProtocol.TryLock(1000), 8, 300, cluster);
        // They wait for their own calls, of 5 ms each, and as those fill the server's time, each waits for an eighth of it.
        Assert.All(cluster.Report!.WaitSeconds, w => Assert.InRange(w / cluster.Report.Seconds, 0.05, 0.2));
        Assert.True(cluster.Report.Updates[0] < 8 * 300 / 1.3);
        var waiting = new SimulatedCluster { Seed = 2, StepTime = new(0.01, Spread: 0.2), Latency = 1e-6, ServerTime = 0.005 };
        Count(new ServerProtocol.TryLock(1), 8, 300, waiting);
        Assert.True(waiting.Report!.Seconds > 2 * cluster.Report.Seconds);
    }

    /// <summary>
    /// Messages are lost, come late and twice, overtake each other, workers die and come back, and servers die and come back from their journals: each step of each worker is in the weights once, on both servers. 1,050 runs.
    /// </summary>
    [Fact]
    public void Nothing_is_lost_or_counted_twice_whatever_goes_wrong()
    {
        var (lost, workers, servers) = (0L, 0, 0);
        for (var seed = 0; seed < 150; seed++)
        {
            foreach (var protocol in All)
            {
                var cluster = Failing((ulong)seed);
                const int Workers = 4, Steps = 12;
                var weight = Count(protocol, Workers, Steps, cluster, elements: 2, servers: 2);
                var report = cluster.Report!;
                (lost, workers, servers) = (lost + report.Lost, workers + report.WorkerDeaths, servers + report.ServerDeaths);
                switch (protocol)
                {
                    case ServerProtocol.Asynchronous { Compensation: null } or ServerProtocol.TryLock:
                        Assert.Equal([-Workers * Steps, -Workers * Steps], weight);
                        break;
                    case ServerProtocol.StaleSynchronous:
                        // Who comes back goes on where the others are.
                        foreach (var updates in report.Updates) Assert.InRange(updates, Steps, Workers * Steps);
                        break;
                    case ServerProtocol.Synchronous:
                        foreach (var updates in report.Updates) Assert.Equal(Steps, updates);
                        Assert.Equal([-Steps, -Steps], weight);
                        break;
                }
            }
        }
        Assert.True(lost > 2000 && workers > 500 && servers > 500, $"{lost} messages were lost, {workers} workers and {servers} servers died.");
    }

    /// <summary>Nor are gradients of weights of classes, which servers compute and which are asked for in rounds of their own: 125 runs.</summary>
    [Fact]
    public void No_gradient_that_servers_compute_is_lost_or_counted_twice()
    {
        var (lost, workers, servers) = (0L, 0, 0);
        for (var seed = 0; seed < 25; seed++)
        {
            foreach (var protocol in new ServerProtocol[] { new ServerProtocol.Asynchronous { PushEvery = 3, FetchEvery = 2 }, new ServerProtocol.TryLock(4), new ServerProtocol.SoftSynchronous(2), new ServerProtocol.StaleSynchronous(1), new ServerProtocol.Synchronous(1) })
            {
                var cluster = Failing((ulong)seed);
                const int Workers = 4, Steps = 12;
                float[] weight = [], classes = [];
                new ParameterServer(Workers, new() { Protocol = protocol, Servers = 2, Simulation = cluster }).Run(worker =>
                {
                    var own = WorkOnClasses(worker, Steps);
                    if (worker.Rank == 0) (weight, classes) = own;
                });
                var report = cluster.Report!;
                (lost, workers, servers) = (lost + report.Lost, workers + report.WorkerDeaths, servers + report.ServerDeaths);
                // What comes of a gradient that workers give, and of one that servers compute, is the same, whatever that is where steps are left out.
                Assert.Equal(-weight[0], classes[0] + classes[1], 1e-4);
                Assert.Equal(-weight[1], classes[2] + classes[3], 1e-4);
                // Of the steps, every other one is for every other class.
                if (protocol is ServerProtocol.TryLock) Assert.Equal([Workers * Steps / 2, Workers * Steps / 2, Workers * Steps / 2, Workers * Steps / 2], classes);
                if (protocol is ServerProtocol.Synchronous) Assert.Equal([Steps / 2, Steps / 2, Steps / 2, Steps / 2], classes);
            }
        }
        Assert.True(lost > 1000 && workers > 100 && servers > 100, $"{lost} messages were lost, {workers} workers and {servers} servers died.");
    }

    [Fact]
    public void A_worker_that_fails_ends_the_run_with_its_error()
    {
        var error = Assert.ThrowsAny<DunlinException>(() => new ParameterServer(3, new() { Simulation = Cluster(1) }).Run(worker =>
        {
            if (worker.Rank == 1) throw new DunlinException("the disk is on fire");
            Work(worker, 5, 1);
        }));
        Assert.Equal("the disk is on fire", error.Message);
    }

    [Fact]
    public void A_run_that_stands_still_says_who_waits()
    {
        var cluster = new SimulatedCluster { StepTime = new(1), MaximumSeconds = 3.5 };
        var error = Assert.ThrowsAny<DunlinException>(() => new ParameterServer(2, new() { Simulation = cluster, Protocol = new ServerProtocol.Synchronous() }).Run(worker => Work(worker, worker.Rank == 0 ? 10 : 1000, 1)));
        Assert.Contains("The simulated run stands still after", error.Message, StringComparison.Ordinal);
    }

    private static SimulatedCluster Failing(ulong seed) => new()
    {
        Seed = seed,
        StepTime = new(0.05, Spread: 0.5),
        MaximumSeconds = 1e4,
        Failures = new() { Loss = 0.1, Duplication = 0.1, Delay = 0.1, DelaySeconds = 0.3, RetryAfter = 0.2, WorkerLife = 1, ServerLife = 2, NoticeAfter = 0.5, RestartAfter = seed % 2 == 0 ? 0.1 : 1 },
    };

    private static SimulatedCluster Cluster(ulong seed) => new() { Seed = seed, StepTime = new(0.01, Spread: 0.4, SlowProbability: 0.1, SlowFactor: 5), Speeds = [1, 2, 0.5] };

    /// <summary>Workers with gradients of 1, without a trainer; returns the weights that the servers have in the end.</summary>
    private static float[] Count(ServerProtocol protocol, int workers, int steps, SimulatedCluster cluster, int elements = 1, int servers = 1)
    {
        float[] weight = [];
        new ParameterServer(workers, new() { Protocol = protocol, Servers = servers, Simulation = cluster }).Run(worker =>
        {
            var own = Work(worker, steps, elements);
            if (worker.Rank == 0) weight = own;
        });
        return weight;
    }

    private static float[] Work(IWorker worker, int steps, int elements)
    {
        var graph = new Graph();
        var variable = graph.Variable("w", DType.Float32, [elements], Initializers.Zeros);
        using var session = new Session(graph, new() { Kernels = KernelSets.Managed, Threads = 1 });
        var (remote, gradient) = (worker.Remote!, Tensor.From(Enumerable.Repeat(1f, elements).ToArray()));
        remote.Begin(new(session, [(variable, graph.Placeholder("gradient", DType.Float32, [elements]))], Optimizers.Sgd(1)), default);
        while (remote.StepsDone < steps) remote.Step([gradient], [null], 1);
        remote.End();
        if (worker.Rank == 0) remote.Collect();
        return session.Storage(variable).ToArray<float>();
    }

    /// <summary>Two weights, one on each server, and four classes, two on each: of those the one or the other is right, in turn.</summary>
    private static (float[] Weights, float[] Classes) WorkOnClasses(IWorker worker, int steps)
    {
        var graph = new Graph();
        var (first, second, classes) = (graph.Variable("first", DType.Float32, [1], Initializers.Zeros), graph.Variable("second", DType.Float32, [1], Initializers.Zeros), graph.Variable("classes", DType.Float32, [4, 1], Initializers.Zeros));
        using var session = new Session(graph, new() { Kernels = KernelSets.Managed, Threads = 1 });
        var (remote, gradient) = (worker.Remote!, Tensor.From([1f]));
        remote.Begin(new(session, [.. new[] { first, second, classes }.Select(v => (v, (Gradient)graph.Placeholder($"{v.Name}/gradient", DType.Float32, v.TensorType.Shape)))], Optimizers.Sgd(1)) { Classes = new HashSet<int> { 2 } }, default);
        var (features, ones, none) = (Tensor.From([1f, 1], [2, 1]), Tensor.From([1f, 1]), Tensor.From([float.PositiveInfinity, float.PositiveInfinity]));
        var (losses, normalizers, back) = (Tensor.Zeros(DType.Float32, [2]), Tensor.Zeros(DType.Float32, [2]), Tensor.Zeros(DType.Float32, [2, 1]));
        while (remote.StepsDone < steps)
        {
            var labels = Tensor.From<long>(remote.StepsDone % 2 == 0 ? [0, 3] : [1, 2]);
            remote.Losses(classes, features, labels, losses, normalizers);
            // Of infinitely many other classes, a class's probability is 0: the gradient is −1 where it is right.
            remote.Gradients(classes, features, labels, none, ones, back);
            remote.Step([gradient, gradient, null!], [null, null, null], 1);
        }
        remote.End();
        if (worker.Rank == 0) remote.Collect();
        return ([.. session.Storage(first).ToArray<float>(), .. session.Storage(second).ToArray<float>()], session.Storage(classes).ToArray<float>());
    }

    private static TrainingResult Train(ServerProtocol protocol, int workers, SimulatedCluster? cluster)
    {
        var model = new Sequential(new Flatten(), new Linear(16), new Tanh(), new Linear(10));
        var data = GeneratedDigits.Create(60, 20, seed: 3);
        return new Trainer(new(model, Losses.SoftmaxCrossEntropy, Optimizers.Momentum(0.05), Metrics.Accuracy), TestRuns.Options(new ParameterServer(workers, new() { Servers = 2, Protocol = protocol, Simulation = cluster }), 2)).Fit(data);
    }
}
