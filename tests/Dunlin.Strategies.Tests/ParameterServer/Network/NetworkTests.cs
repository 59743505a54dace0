using Dunlin.Training;

namespace Dunlin.Strategies.Tests;

/// <summary>Parameter servers and workers that meet over connections.</summary>
public class NetworkTests
{
    [Theory, InlineData(1, 1), InlineData(1, 3), InlineData(2, 3), InlineData(7, 2)]
    public void Synchronous_workers_have_the_same_bits_over_connections_as_in_threads(int servers, int workers)
    {
        var threads = NetworkRuns.Train(new ParameterServer(workers, new() { Servers = servers, Protocol = new ServerProtocol.Synchronous() }));
        var result = NetworkRuns.Run(servers, workers, new ServerProtocol.Synchronous());
        TestRuns.AssertEqual(threads.Weights, result.Weights);
        Assert.Equal(threads.Metrics["loss"], result.Metrics["loss"]);
    }

    [Fact]
    public void All_protocols_run_over_connections()
    {
        foreach (ServerProtocol protocol in new ServerProtocol[]
        {
            new ServerProtocol.Asynchronous { PushEvery = 2, FetchEvery = 2 }, new ServerProtocol.StaleSynchronous(1), new ServerProtocol.SoftSynchronous(2), new ServerProtocol.TryLock(3),
            new ServerProtocol.ElasticAveraging(2), new ServerProtocol.Synchronous(1), new ServerProtocol.Sandblaster(),
        })
        {
            var result = NetworkRuns.Run(2, 2, protocol, o => o with { Epochs = 3 });
            // With backups, all of an epoch may be done without worker 0; the last one is measured all the same.
            Assert.Equal(2, result.Epochs[^1].Epoch);
            Assert.True(result.Metrics["loss"] < 2.6, $"{protocol}: {result.Metrics["loss"]}");
        }
    }

    /// <summary>A search sends many small things: connections break between them, and servers go on from their logs.</summary>
    [Fact]
    public void A_search_over_connections_that_are_cut_finds_what_it_finds_in_threads()
    {
        var protocol = new ServerProtocol.Sandblaster();
        var threads = NetworkRuns.Train(new ParameterServer(1, new() { Servers = 2, Protocol = protocol }), o => o with { Epochs = 8 });
        var one = NetworkRuns.Run(2, 1, protocol, o => o with { Epochs = 8 });
        TestRuns.AssertEqual(threads.Weights, one.Weights);
        var addresses = NetworkRuns.FreeAddresses(2);
        using var first = new CuttingProxy(addresses[0], 1, 20_000);
        using var second = new CuttingProxy(addresses[1], 11, 20_000);
        string[] proxies = [first.Address, second.Address];
        TrainingResult Server(int number) => NetworkRuns.Train(NetworkRuns.Member(addresses, 2, ServerProcessRole.Server, number, protocol, p => p with { Grace = TimeSpan.FromSeconds(20) }), o => o with { Epochs = 8 });
        TrainingResult Worker(int number) => NetworkRuns.Train(NetworkRuns.Member(proxies, 2, ServerProcessRole.Worker, number, protocol), o => o with { Epochs = 8 });
        var results = NetworkRuns.All(() => Server(0), () => Server(1), () => Worker(0), () => Worker(1));
        foreach (var (_, error) in results) Assert.True(error is null, $"{error}");
        Assert.True(first.Cuts + second.Cuts > 3, $"{first.Cuts} and {second.Cuts} cuts");
        Assert.Equal(threads.Epochs[0].Training["loss"], results[2].Result!.Epochs[0].Training["loss"], 1e-5);
        Assert.Equal(threads.Metrics["loss"], results[2].Result!.Metrics["loss"], 0.1 * threads.Metrics["loss"]);
    }

    /// <summary>A worker 0 that is cut off for good, as one that was killed, and another one in its place: the servers have the point reached, and the search goes on from there.</summary>
    [Fact]
    public void A_worker_0_that_comes_again_goes_on_with_the_search()
    {
        var protocol = new ServerProtocol.Sandblaster();
        var addresses = NetworkRuns.FreeAddresses(2);
        var (stands, goes) = (new ManualResetEventSlim(), new ManualResetEventSlim());
        var losses = new List<double>();
        var proxies = addresses.Select(a => new CuttingProxy(a, 1, int.MaxValue)).ToList();
        ParameterServer Member(ServerProcessRole role, int number, string[]? by = null) => NetworkRuns.Member(by ?? addresses, 2, role, number, protocol, p => p with { Reconnect = TimeSpan.FromSeconds(by is null ? 20 : 1) });
        var results = NetworkRuns.All(
            () => NetworkRuns.Train(Member(ServerProcessRole.Server, 0)),
            () => NetworkRuns.Train(Member(ServerProcessRole.Server, 1)),
            () => NetworkRuns.Train(Member(ServerProcessRole.Worker, 1)),
            () => NetworkRuns.Train(Member(ServerProcessRole.Worker, 0, [.. proxies.Select(p => p.Address)]), o => o with
            {
                Epochs = 20,
                Observers =
                [
                    new Noting(losses),
                    new Slow(() =>
                    {
                        foreach (var proxy in proxies) proxy.Dispose();
                        stands.Set();
                        goes.Wait(20_000);
                    }, at: 3),
                ],
            }),
            () =>
            {
                Assert.True(stands.Wait(20_000));
                try { return NetworkRuns.Train(Member(ServerProcessRole.Worker, 0), o => o with { Epochs = 6 }); }
                finally { goes.Set(); }
            });
        Assert.True(results[4].Error is null, $"{results[4].Error}");
        var second = results[4].Result!.Epochs.Select(e => e.Training["loss"]).ToList();
        Assert.Equal(3, losses.Count);
        Assert.True(second[0] < losses[^1] && second[^1] < second[0], $"{string.Join(" ", losses)}, and then {string.Join(" ", second)}");
        // The first one has lost its servers for good.
        Assert.NotNull(results[3].Error);
        Assert.True(results[2].Error is null, $"{results[2].Error}");
    }

    /// <summary>How to check an implementation, 3: what is sent again is applied once, so the bits are those of a run without cuts.</summary>
    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void A_run_whose_connections_are_cut_again_and_again_has_the_bits_of_one_without(int seed)
    {
        var threads = NetworkRuns.Train(new ParameterServer(2, new() { Servers = 2, Protocol = new ServerProtocol.Synchronous() }), o => o with { Epochs = 6 });
        var addresses = NetworkRuns.FreeAddresses(2);
        using var first = new CuttingProxy(addresses[0], seed, 40_000);
        using var second = new CuttingProxy(addresses[1], seed + 10, 40_000);
        string[] proxies = [first.Address, second.Address];
        TrainingResult Server(int number) => NetworkRuns.Train(NetworkRuns.Member(addresses, 2, ServerProcessRole.Server, number, with: p => p with { Grace = TimeSpan.FromSeconds(20) }), o => o with { Epochs = 6 });
        TrainingResult Worker(int number) => NetworkRuns.Train(NetworkRuns.Member(proxies, 2, ServerProcessRole.Worker, number), o => o with { Epochs = 6 });
        var results = NetworkRuns.All(() => Server(0), () => Server(1), () => Worker(0), () => Worker(1));
        foreach (var (_, error) in results) Assert.True(error is null, $"{error}");
        Assert.True(first.Cuts + second.Cuts > 5, $"{first.Cuts} and {second.Cuts} cuts");
        TestRuns.AssertEqual(threads.Weights, results[2].Result!.Weights);
    }

    /// <summary>Worker 1 leaves in the middle of its steps without a word and comes back as another process, as one that was killed does.</summary>
    [Fact]
    public void A_worker_that_is_lost_is_waited_for_no_more_and_may_come_back()
    {
        var addresses = NetworkRuns.FreeAddresses(1);
        var log = new NetworkRuns.Log();
        var returned = new ManualResetEventSlim();
        var results = NetworkRuns.All(
            () => NetworkRuns.Train(NetworkRuns.Member(addresses, 2, ServerProcessRole.Server, 0, with: p => p with { Log = log.Add, FirstWait = TimeSpan.FromSeconds(0.3), Grace = TimeSpan.FromSeconds(0.3) })),
            () => NetworkRuns.Train(NetworkRuns.Member(addresses, 2, ServerProcessRole.Worker, 0), o => o with { Epochs = 30, Observers = [new Slow(() => returned.Wait(20_000), at: 10)] }),
            () =>
            {
                Until(log, "Worker 1 has not come: nobody waits for it any more.");
                var result = NetworkRuns.Train(NetworkRuns.Member(addresses, 2, ServerProcessRole.Worker, 1), o => o with { Epochs = 30, Observers = [] });
                return result;
            },
            () =>
            {
                Until(log, "Worker 1 has come from");
                returned.Set();
                return null!;
            });
        foreach (var (_, error) in results) Assert.True(error is null, $"{error}");
        Assert.Equal(90, results[1].Result!.Steps);
    }

    [Fact]
    public void Who_does_not_belong_to_the_run_is_refused_by_name_and_the_run_goes_on()
    {
        var addresses = NetworkRuns.FreeAddresses(1);
        var log = new NetworkRuns.Log();
        Func<TrainingResult> Stranger(Func<TrainingResult> train, string refusal) => () =>
        {
            Until(log, "Worker 0 has come");
            var error = Assert.ThrowsAny<DunlinException>(train);
            Assert.True(error.Message.Contains(refusal, StringComparison.Ordinal), $"Expected {refusal}, got {error.Message}");
            return null!;
        };
        ParameterServer Worker(int number, Func<ServerProcesses, ServerProcesses>? with = null, ServerProtocol? protocol = null) => NetworkRuns.Member(addresses, 2, ServerProcessRole.Worker, number, protocol, with);
        var done = new CountdownEvent(7);
        Func<TrainingResult> Counted(Func<TrainingResult> stranger) => () =>
        {
            try { return stranger(); }
            finally { done.Signal(); }
        };
        Func<TrainingResult>[] strangers =
        [
            Stranger(() => NetworkRuns.Train(Worker(1), classes: 11), "it has the variable linear/weight Float32[11, 24] where the server has the variable linear/weight Float32[10, 24]"),
            Stranger(() => NetworkRuns.Train(Worker(1), optimizer: Optimizers.Adam(0.02)), "where the server has the optimizer link ScaleBySchedule"),
            Stranger(() => NetworkRuns.Train(Worker(1), optimizer: Optimizers.Sgd(0.01)), "where the server has the optimizer link ScaleByAdam"),
            Stranger(() => NetworkRuns.Train(Worker(1, protocol: new ServerProtocol.Synchronous(1))), "it has the protocol Synchronous(Backups = 1) where the server has the protocol Synchronous(Backups = 0)"),
            Stranger(() => NetworkRuns.Train(Worker(1, p => p with { Token = "another token, as long" })), "the token is another one than this run's"),
            Stranger(() => NetworkRuns.Train(Worker(1, p => p with { Servers = [addresses[0], addresses[0]] })), "it takes this for server 0 of 2, and this is server 0 of 1"),
            Stranger(() => NetworkRuns.Train(Worker(0, p => p with { Reconnect = TimeSpan.FromSeconds(0.5) })), "worker 0 is connected already, from 127.0.0.1:"),
        ];
        var results = NetworkRuns.All(
        [
            () => NetworkRuns.Train(NetworkRuns.Member(addresses, 2, ServerProcessRole.Server, 0, with: p => p with { Log = log.Add })),
            () => NetworkRuns.Train(Worker(0), o => o with { Observers = [new Slow(() => done.Wait(20_000), at: 2)] }),
            () =>
            {
                done.Wait(20_000);
                return NetworkRuns.Train(Worker(1));
            },
            .. strangers.Select(Counted),
        ]);
        foreach (var (_, error) in results) Assert.True(error is null, $"{error}");
        TestRuns.AssertEqual(NetworkRuns.Train(new ParameterServer(2, new() { Protocol = new ServerProtocol.Synchronous() })).Weights, results[1].Result!.Weights);
        Assert.Contains("worker 1: it has the variable", log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void The_failure_of_worker_0_ends_the_run_and_that_of_another_does_not()
    {
        var addresses = NetworkRuns.FreeAddresses(1);
        Func<TrainingResult> Server(double timeout = 60) => () => NetworkRuns.Train(NetworkRuns.Member(addresses, 2, ServerProcessRole.Server, 0, timeout: TimeSpan.FromSeconds(timeout)));
        Func<TrainingResult> Worker(int number, int? fails) => () => NetworkRuns.Train(new FailingAt(fails, NetworkRuns.Member(addresses, 2, ServerProcessRole.Worker, number)));
        var results = NetworkRuns.All(Server(), Worker(0, 2), Worker(1, null));
        Assert.Contains("worker 0 failed: the disk is on fire", results[0].Error!.Message, StringComparison.Ordinal);
        Assert.Equal("the disk is on fire", results[1].Error!.Message);
        Assert.Contains("worker 0 failed: the disk is on fire", results[2].Error!.Message, StringComparison.Ordinal);
        results = NetworkRuns.All(Server(), Worker(0, null), Worker(1, 2));
        Assert.Null(results[0].Error);
        Assert.Equal(9, results[1].Result!.Steps);
        Assert.Equal("the disk is on fire", results[2].Error!.Message);
    }

    [Fact]
    public void Who_is_not_there_is_named()
    {
        var addresses = NetworkRuns.FreeAddresses(1);
        ParameterServer Member(ServerProcessRole role, int number, double timeout = 0.5) => NetworkRuns.Member(addresses, 2, role, number, with: p => p with { Reconnect = TimeSpan.FromSeconds(0.5) }, timeout: TimeSpan.FromSeconds(timeout));
        Assert.Contains($"Worker 1: server 0 at {addresses[0]} can't be reached: Connection refused", Assert.ThrowsAny<DunlinException>(() => NetworkRuns.Train(Member(ServerProcessRole.Worker, 1))).Message, StringComparison.Ordinal);
        Assert.Equal("Server 0 is left alone: for 0.5 s no worker was connected, and workers 0, 1 had not ended.", Assert.ThrowsAny<DunlinException>(() => NetworkRuns.Train(Member(ServerProcessRole.Server, 0))).Message);
        var results = NetworkRuns.All(() => NetworkRuns.Train(Member(ServerProcessRole.Server, 0, 3)), () => NetworkRuns.Train(Member(ServerProcessRole.Worker, 1)));
        Assert.Equal("Worker 1 waited 0.5 s for server 0; the server waits for worker 0, which brings the first weights.", results[1].Error!.Message);
        results = NetworkRuns.All(() => NetworkRuns.Train(Member(ServerProcessRole.Server, 0, 3)), () => NetworkRuns.Train(Member(ServerProcessRole.Worker, 0)));
        Assert.Contains("Worker 0 waited 0.5 s for server 0 at step 1; the server waits for worker 1.", results[1].Error!.Message, StringComparison.Ordinal);
        Assert.Contains("There are 2 workers, numbered from 0, so none is worker 2", Assert.ThrowsAny<DunlinException>(() => NetworkRuns.Train(Member(ServerProcessRole.Worker, 2))).Message, StringComparison.Ordinal);
        Assert.Contains("There is 1 server, numbered from 0, so none is server 1", Assert.ThrowsAny<DunlinException>(() => NetworkRuns.Train(Member(ServerProcessRole.Server, 1))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_stop_ends_all_and_what_was_saved_goes_on_in_threads()
    {
        var directory = Directory.CreateTempSubdirectory("dunlin-").FullName;
        try
        {
            var whole = NetworkRuns.Train(new ParameterServer(2, new() { Protocol = new ServerProtocol.Synchronous() })).Weights;
            var addresses = NetworkRuns.FreeAddresses(2);
            using var stop = new CancellationTokenSource();
            Func<TrainingResult> Member(ServerProcessRole role, int number) => () => NetworkRuns.Train(NetworkRuns.Member(addresses, 2, role, number),
                role == ServerProcessRole.Worker && number == 0 ? o => o with { RunDirectory = directory, Observers = [new Slow(stop.Cancel, at: 4)] } : null, stop: role == ServerProcessRole.Worker && number == 0 ? stop.Token : default);
            var results = NetworkRuns.All(Member(ServerProcessRole.Server, 0), Member(ServerProcessRole.Server, 1), Member(ServerProcessRole.Worker, 0), Member(ServerProcessRole.Worker, 1));
            foreach (var (_, error) in results) Assert.True(error is null, $"{error}");
            Assert.Equal(EndReason.Stopped, results[2].Result!.Reason);
            Assert.Equal(EndReason.Stopped, results[3].Result!.Reason);
            Assert.InRange(results[2].Result!.Steps, 4, 6);
            // A run over connections begins from a checkpoint, and so does one in threads.
            var resumed = NetworkRuns.Run(2, 2, new ServerProtocol.Synchronous(), o => o with { RunDirectory = directory, Resume = true });
            TestRuns.AssertEqual(whole, resumed.Weights);
        }
        finally { Directory.Delete(directory, recursive: true); }
    }

    private static void Until(NetworkRuns.Log log, string what)
    {
        for (var i = 0; i < 2000 && !log.Text.Contains(what, StringComparison.Ordinal); i++) Thread.Sleep(10);
        Assert.Contains(what, log.Text, StringComparison.Ordinal);
    }

    /// <summary>Does something after a step.</summary>
    private sealed class Noting(List<double> losses) : ITrainingObserver
    {
        public void Stepped(in StepReport report) => losses.Add(report.Loss);
    }

    private sealed class Slow(Action what, int at) : ITrainingObserver
    {
        public void Stepped(in StepReport report)
        {
            if (report.Step == at) what();
        }
    }

    /// <summary>A run whose worker fails in a step.</summary>
    private sealed class FailingAt(int? step, ITrainingStrategy inner) : ITrainingStrategy
    {
        public string Name => inner.Name;

        public int Workers => inner.Workers;

        public int LocalWorkers => inner.LocalWorkers;

        public void Run(Action<IWorker> program) => inner.Run(worker => program(step is null ? worker : new Failing(worker, step.Value)));

        private sealed class Failing(IWorker inner, int step) : IWorker, IRemoteUpdate
        {
            private int _steps;

            public int Rank => inner.Rank;

            public Dunlin.Tensors.Collectives.ICommunicator Communicator => inner.Communicator;

            public string Axis => inner.Axis;

            public IRemoteUpdate Remote => this;

            public int Shares => inner.Shares;

            public long StepsDone => inner.Remote!.StepsDone;

            public bool HasTables => inner.Remote!.HasTables;

            public void Losses(Dunlin.Graphs.Variable table, Dunlin.Tensors.Tensor features, Dunlin.Tensors.Tensor labels, Dunlin.Tensors.Tensor losses, Dunlin.Tensors.Tensor normalizers) => inner.Remote!.Losses(table, features, labels, losses, normalizers);

            public void Gradients(Dunlin.Graphs.Variable table, Dunlin.Tensors.Tensor features, Dunlin.Tensors.Tensor labels, Dunlin.Tensors.Tensor normalizers, Dunlin.Tensors.Tensor lossGradients, Dunlin.Tensors.Tensor featureGradients) => inner.Remote!.Gradients(table, features, labels, normalizers, lossGradients, featureGradients);

            public void Scores(Dunlin.Graphs.Variable table, Dunlin.Tensors.Tensor features, Dunlin.Tensors.Tensor scores) => inner.Remote!.Scores(table, features, scores);

            public void Fetch(ReadOnlySpan<RowRequest> requests) => inner.Remote!.Fetch(requests);

            public bool IsStopping => inner.Remote!.IsStopping;

            public IReadOnlyList<Dunlin.Graphs.Gradient> Combine(IReadOnlyList<Dunlin.Graphs.Gradient> gradients, WorkerShare share) => inner.Combine(gradients, share);

            public IReadOnlyList<Dunlin.Graphs.Value> Sum(IReadOnlyList<Dunlin.Graphs.Value> scalars) => inner.Sum(scalars);

            public RunPosition Begin(RemoteModel model, RunPosition position) => inner.Remote!.Begin(model, position);

            public void Step(ReadOnlySpan<Dunlin.Tensors.Tensor> gradients, ReadOnlySpan<Dunlin.Tensors.Tensor?> rows, long examples)
            {
                if (++_steps == step) throw new DunlinException("the disk is on fire");
                inner.Remote!.Step(gradients, rows, examples);
            }

            public void Collect() => inner.Remote!.Collect();

            public void Continue() => inner.Remote!.Continue();

            public void Stop() => inner.Remote!.Stop();

            public void End() => inner.Remote!.End();
        }
    }
}
