using Dunlin.Communication;
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

    /// <summary>Over connections, while one that claims to be a worker sends what is no question: each is refused by name, and the run has the bits of one without.</summary>
    [Fact]
    public void What_is_no_question_is_refused_by_name_and_the_run_goes_on()
    {
        var protocol = new ServerProtocol.Asynchronous();
        var (addresses, log, refused) = (NetworkRuns.FreeAddresses(1), new NetworkRuns.Log(), new ManualResetEventSlim());
        ParameterServer Member(ServerProcessRole role, int number) => NetworkRuns.Member(addresses, 2, role, number, protocol, p => p with { Log = log.Add, FirstWait = TimeSpan.FromSeconds(1) });
        (float[] First, float[] Weights, float[] Losses) result = default;
        var results = NetworkRuns.All(
            () =>
            {
                Served(Member(ServerProcessRole.Server, 0));
                return null!;
            },
            () =>
            {
                result = Served(Member(ServerProcessRole.Worker, 0), stepped: step =>
                {
                    if (step == 2) Assert.True(refused.Wait(20_000));
                });
                return null!;
            },
            () =>
            {
                try { AskNonsense(addresses[0], Member(ServerProcessRole.Worker, 1).Options); }
                finally { refused.Set(); }
                return null!;
            });
        foreach (var (_, error) in results) Assert.True(error is null, $"{error}");
        // Without the other one, of whose examples nothing is learned in both.
        (float[] First, float[] Weights, float[] Losses) expected = default;
        addresses = NetworkRuns.FreeAddresses(1);
        results = NetworkRuns.All(() => { Served(Member(ServerProcessRole.Server, 0)); return null!; }, () => { expected = Served(Member(ServerProcessRole.Worker, 0)); return null!; });
        foreach (var (_, error) in results) Assert.True(error is null, $"{error}");
        Assert.Equal(expected.First, result.First);
        Assert.Equal(expected.Weights, result.Weights);
        Assert.Equal(expected.Losses, result.Losses);
        Assert.Contains("names class 99 of a slice of 11 classes", log.Text, StringComparison.Ordinal);
    }

    /// <summary>Servers die in all rounds of a step, and messages get lost: what synchronous workers learn has the bits of a run in which nothing happens.</summary>
    [Fact]
    public void Servers_that_die_change_no_bit()
    {
        ParameterServerOptions Options(SimulatedCluster cluster) => new() { Protocol = new ServerProtocol.Synchronous(), Servers = 3, Simulation = cluster };
        var (first, weights, losses) = Served(2, Options(new()));
        var deaths = 0;
        for (var seed = 0UL; seed < 20; seed++)
        {
            var cluster = new SimulatedCluster { Seed = seed, Failures = new() { Loss = 0.1, Duplication = 0.1, Delay = 0.1, DelaySeconds = 0.3, RetryAfter = 0.2, ServerLife = 0.5, RestartAfter = 0.1 } };
            var served = Served(2, Options(cluster));
            deaths += cluster.Report!.ServerDeaths;
            Assert.Equal(first, served.First);
            Assert.Equal(weights, served.Weights);
            Assert.Equal(losses, served.Losses);
        }
        Assert.True(deaths > 50, $"{deaths} servers died");
    }

    /// <summary>What a worker does of its own the servers do not see.</summary>
    [Fact]
    public void Protocols_with_weights_of_the_workers_own_are_refused_by_name()
    {
        var error = Assert.ThrowsAny<DunlinException>(() => Served(1, new() { Protocol = new ServerProtocol.ElasticAveraging(2) }));
        Assert.Contains("The scores of the classes of weights are to be computed on servers, but with ElasticAveraging workers compute with weights of their own", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Operands_that_do_not_fit_are_said()
    {
        var graph = new Graph();
        var error = Assert.Throws<ShapeException>(() => DistantSoftmax.CrossEntropies(null!, graph.Variable("w", DType.Float32, [2, 4], Initializers.Zeros), graph.Placeholder("h", DType.Float32, [3, 4]), graph.Placeholder("labels", DType.Int64, [4])));
        Assert.Contains("takes features[…, D] of Float32 and labels[…] of Int64", error.Message, StringComparison.Ordinal);
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

    private static (float[] First, float[] Weights, float[] Losses) Served(int workers, ParameterServerOptions options) => Served(new ParameterServer(workers, options));

    /// <summary>Runs the part of a process, or of all where they are threads; the result is worker 0's.</summary>
    private static (float[] First, float[] Weights, float[] Losses) Served(ParameterServer strategy, Action<long>? stepped = null)
    {
        (float[], float[], float[]) result = default;
        strategy.Run(worker =>
        {
            var remote = worker.Remote!;
            var (model, x, labels, loss) = ServedBy(remote);
            using var session = model.Session;
            if (remote.Serve(model, default)) return;
            using var step = session.Compile([x, labels], [loss, model.Learned[0].Gradient.Values]);
            remote.Begin(model, default);
            var losses = new List<float>();
            var mine = Enumerable.Range(0, Examples).Where(i => i % strategy.Workers == worker.Rank).ToArray();
            var (data, own) = (Tensor.From(mine.SelectMany(i => Data.ToArray<float>().Skip(i * Inputs).Take(Inputs)).ToArray(), [mine.Length, Inputs]), Tensor.From(mine.Select(i => Labels.ToArray<long>()[i]).ToArray()));
            while (remote.StepsDone < Steps)
            {
                var results = step.Run([data, own]);
                losses.Add(results[0].Item<float>());
                remote.Step([results[1], null!], [null, null], mine.Length);
                stepped?.Invoke(remote.StepsDone);
            }
            remote.End();
            if (worker.Rank != 0) return;
            remote.Collect();
            result = (session.Storage(model.Learned[0].Variable).ToArray<float>(), session.Storage(model.Learned[1].Variable).ToArray<float>(), [.. losses]);
        });
        return result;
    }

    /// <summary>The model of which servers have the second variable, and its loss.</summary>
    private static (RemoteModel Model, Value X, Value Labels, Value Loss) ServedBy(IDistantClasses classes)
    {
        var graph = new Graph();
        var (x, labels, features, first) = Model(graph);
        var weights = graph.Variable("weights", DType.Float32, [Classes, Features], Initializers.Normal());
        var loss = 3 * DistantSoftmax.CrossEntropies(classes, weights, features, labels).Mean();
        var gradient = Graphs.Gradients.Of(loss, [first])[0]!;
        List<(Variable Variable, Gradient Gradient)> learned = [(first, gradient), (weights, graph.Placeholder("none", DType.Float32, [Classes, Features]))];
        // Room for the optimiser's state.
        Optimizers.Momentum(0.1).Build(graph, graph.Variable("counter", DType.Int64, Shape.Scalar, Initializers.Zeros, trainable: false).Value, [.. learned.Select(l => new Parameter(l.Variable, l.Gradient))]);
        return (new(new Session(graph, Options), learned, Optimizers.Momentum(0.1)) { Classes = new HashSet<int> { 1 } }, x, labels, loss);
    }

    private static void AskNonsense(string address, ParameterServerOptions options)
    {
        var (model, _, _, _) = ServedBy(null!);
        using var session = model.Session;
        var served = new ServedModel(model, options, 2);
        var connector = new FrameConnector(Endpoint.Parse(address), new ConnectionSecurity(NetworkRuns.Token, null), new(1, 77), TimeSpan.FromSeconds(5));
        Tensor Floats(params int[] shape) => Tensor.Zeros(DType.Float32, Shape.Create(shape));
        Tensor Numbers(params long[] numbers) => Tensor.From(numbers);
        void Refused(string expected, ClassQuestion question, long[] fields, params Tensor[] tensors)
        {
            using var connection = connector.Connect(TimeSpan.FromSeconds(10), c =>
            {
                c.Send(FrameKind.Join, fields: [1, 0, 0], text: CallFrames.Opening([1], served.Description));
                c.Receive(new Anything(), Environment.TickCount64 + 5000);
            });
            connection.Send(FrameKind.Classes, (byte)question, fields: fields, tensors: tensors);
            Assert.Equal(FrameKind.Refused, connection.Receive(new Anything(), Environment.TickCount64 + 5000).Kind);
            Assert.Contains(expected, connection.Text, StringComparison.Ordinal);
        }
        const ClassQuestion Sums = ClassQuestion.Sums, Gradients = ClassQuestion.Gradients;
        Refused("asks about slice 0, and of the 2 here those with classes are 1.", Sums, [1, 0, 0], Floats(2, 4), Numbers(0, 1));
        Refused("asks about slice 2, and of the 2 here those with classes are 1.", Sums, [1, 0, 2], Floats(2, 4), Numbers(0, 1));
        Refused("asks about slice -1, and", Sums, [1, 0, -1], Floats(2, 4), Numbers(0, 1));
        Refused("asks about slice 9223372036854775807, and", Sums, [1, 0, long.MaxValue], Floats(2, 4), Numbers(0, 1));
        Refused("asks question 7, and there are 0 to 2.", (ClassQuestion)7, [1, 0, 1], Floats(2, 4), Numbers(0, 1));
        Refused("is for gradient 0 and step 0 of it, which are at least 1 and 0.", Sums, [0, 0, 1], Floats(2, 4), Numbers(0, 1));
        Refused("is for gradient 1 and step -1 of it", Gradients, [1, -1, 1], Floats(2, 4), Numbers(0, 1), Floats(2), Floats(2));
        Refused("claims a tensor 0 of length 5 in dimension 1, where Float32[0, 4] with up to 1048576 rows is expected.", Sums, [1, 0, 1], Floats(2, 5), Numbers(0, 1));
        Refused("claims 2 tensors, where 4 are expected.", Gradients, [1, 1, 1], Floats(2, 4), Numbers(0, 1));
        Refused("has features of 2 examples, and other tensors of 3.", Sums, [1, 0, 1], Floats(2, 4), Numbers(0, 1, 2));
        Refused("has features of 2 examples, and other tensors of 2, 1, 2.", Gradients, [1, 1, 1], Floats(2, 4), Numbers(0, 1), Floats(1), Floats(2));
        Refused("names class 99 of a slice of 11 classes; -1 stands for one that is elsewhere.", Sums, [1, 0, 1], Floats(2, 4), Numbers(0, 99));
        Refused("names class -2 of a slice of 11 classes", Gradients, [1, 1, 1], Floats(2, 4), Numbers(-2, 0), Floats(2), Floats(2));
    }

    /// <summary>Of what a server answers.</summary>
    private sealed class Anything : IFrameRules
    {
        public FrameLimits? Of(in FrameHeader header) => new(CallFrames.MostText);
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
