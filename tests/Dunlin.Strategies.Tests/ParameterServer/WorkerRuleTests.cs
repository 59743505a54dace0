using Dunlin.Graphs;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;
using Dunlin.Training;

namespace Dunlin.Strategies.Tests;

/// <summary>What a worker does between its meetings with a server, against one that is free when the test says so.</summary>
public class WorkerRuleTests
{
    /// <summary>How to check an implementation, 3 to 5: nobody waits for a busy server before the limit, no step is lost, and none is given twice.</summary>
    [Theory, InlineData(1), InlineData(3), InlineData(8)]
    public void With_try_lock_a_worker_waits_only_at_its_limit_and_gives_every_step_once(int maximum)
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var random = new Random(seed);
            using var desk = new Desk(new ServerProtocol.TryLock(maximum));
            var kept = 0;
            for (var step = 1; step <= 40; step++)
            {
                desk.IsFree = random.Next(4) == 0;
                desk.Step(step);
                kept++;
                Assert.Equal(desk.IsFree || kept == maximum, desk.Link.Kept == 0);
                if (desk.Link.Kept == 0)
                {
                    Assert.Equal(kept, desk.Calls[^1].Steps);
                    Assert.Equal(!desk.IsFree, desk.Waits.Contains(desk.Calls.Count));
                    kept = 0;
                }
                Assert.True(desk.Link.Kept < maximum);
                Assert.Equal(step, desk.Link.Clock);
            }
            desk.Rule.Meet([desk.Link]);
            Assert.Equal(40, desk.Calls.Sum(c => c.Steps));
            Assert.Equal(40 * 41 / 2, desk.Calls.Sum(c => c.Gradient));
            Assert.Equal(Enumerable.Range(1, desk.Calls.Count).Select(i => (long)i), desk.Calls.Select(c => c.Number));
        }
    }

    /// <summary>A gradient of (1) at a rate of 0.5 moves the one weight by 0.5 a step: at 2 it has come too far.</summary>
    [Fact]
    public void A_worker_that_has_come_too_far_of_its_own_waits()
    {
        using var desk = new Desk(new ServerProtocol.TryLock(100) { MaximumDistance = 2, OwnSteps = Optimizers.Sgd(0.5) });
        for (var step = 1; step <= 8; step++)
        {
            desk.Step(1);
            Assert.Equal(step % 4 * -0.5 + desk.Server, desk.Weight);
        }
        Assert.Equal([4, 4], desk.Calls.Select(c => c.Steps));
        Assert.Equal(2, desk.Waits.Count);
    }

    [Fact]
    public void Gradients_are_given_every_few_steps_and_weights_taken_every_few()
    {
        using var desk = new Desk(new ServerProtocol.Asynchronous { PushEvery = 2, FetchEvery = 3, OwnSteps = Optimizers.Sgd(1) });
        var weights = new List<double>();
        for (var step = 1; step <= 6; step++)
        {
            desk.Step(1);
            weights.Add(desk.Weight);
        }
        // The server's is 100 from its first update on, in which it takes no part here; taken at steps 3 and 6.
        Assert.Equal([-1, -2, 100, 99, 98, 100], weights);
        Assert.Equal([(2L, false), (0L, true), (2L, false), (2L, true)], desk.All.Select(c => (c.Gradient == 0 ? 0 : c.Steps, c.Fetches)));
    }

    /// <summary>x = 1 and w = 0 with α = 1/4: both go a quarter of the way to each other.</summary>
    [Fact]
    public void Elastic_averaging_draws_both_by_the_same_part_of_their_difference()
    {
        using var shard = new ServerShard([new("w", new(DType.Float32, [1]))], [new(0, 0, 0, new(DType.Float32, [1]), true)], new HashSet<int>(), Optimizers.Sgd(1), Desk.Options);
        using var node = new ServerNode(shard, new ServerProtocol.ElasticAveraging(2) { Rate = 0.25 }.Create(1));
        node.Initialize([Tensor.From([0f])]);
        node.Join(0);
        using var desk = new Desk(new ServerProtocol.ElasticAveraging(2) { Rate = 0.25 }, Optimizers.Sgd(0.5)) { Node = node };
        desk.Step(-1);
        Assert.Equal((0.5, 0f), (desk.Weight, shard.Weights[0].Item<float>()));
        desk.Step(-1);
        Assert.Equal(0.25f, shard.Weights[0].Item<float>());
        Assert.Equal(0.75, desk.Weight, 1e-6);
        // The servers' weights are measured, and the worker goes on with its own.
        desk.Link.Collect();
        Assert.Equal(0.25, desk.Weight);
        desk.Link.Continue();
        Assert.Equal(0.75, desk.Weight, 1e-6);
        Assert.Equal((1, 2), (shard.Version, node.Members[0].Clock));
    }

    /// <summary>A model of one weight, a worker's link, and a server that notes what it is given; or a node that does with it what servers do.</summary>
    private sealed class Desk : IServerChannel, IDisposable
    {
        private readonly Session _session;
        private readonly Variable _weight;
        private bool _isReserved;

        public Desk(ServerProtocol protocol, Optimizer? optimizer = null)
        {
            var graph = new Graph();
            _weight = graph.Variable("w", DType.Float32, [1], Initializers.Zeros);
            _session = new Session(graph, Options);
            var plan = protocol.Plan(optimizer ?? Optimizers.Sgd(1), 1);
            Rule = plan.Rule;
            Link = new(this, new RemoteModel(_session, [(_weight, graph.Placeholder("gradient", DType.Float32, [1]))], optimizer ?? Optimizers.Sgd(1)), plan);
        }

        public static SessionOptions Options => new() { Kernels = KernelSets.Managed, Threads = 1 };

        public WorkerRule Rule { get; }

        public ServerLink Link { get; }

        public ServerNode? Node { get; init; }

        public bool IsFree { get; set; }

        /// <summary>Calls with a gradient.</summary>
        public IEnumerable<Note> Gradients => All.Where(c => c.Gradient != 0);

        public IReadOnlyList<Note> Calls => [.. Gradients];

        public List<Note> All { get; } = [];

        /// <summary>Which calls found the server busy.</summary>
        public HashSet<int> Waits { get; } = [];

        /// <summary>The weight that the server gives.</summary>
        public double Server => All.Count == 0 ? 0 : 100;

        public double Weight => _session.Storage(_weight).Item<float>();

        public IReadOnlyList<Slice> Slices { get; } = [new(0, 0, 0, new(DType.Float32, [1]), true)];

        public void Step(float gradient)
        {
            Link.Take([Tensor.From([gradient])], [null], 1);
            Rule.Stepped([Link]);
        }

        public ServerCall NewCall() => new Call();

        public bool TryReserve() => _isReserved = IsFree;

        public void Send(ServerCall call)
        {
            call.Renew();
            All.Add(new(call.Gradients?[0].Values.Item<float>() ?? 0, call.Steps, call.Number, call.Weights is not null));
            if (!_isReserved && !IsFree) Waits.Add(Calls.Count);
            _isReserved = false;
            if (Node is not null)
            {
                Node.Handle(call);
                return;
            }
            if (call.Weights is { } weights) weights[0]!.Span<float>()[0] = 100;
            call.Answer(call.Clock + (call.Gradients is null ? 0 : call.Steps), call.Number, 0);
        }

        public void Await(ServerCall call) => Assert.True(call.IsAnswered && call.Refusal is null);

        public void Collect(IReadOnlyList<Tensor> weights, StatePlaces state) => Node!.Shard.CopyTo(weights, state);

        public void Dispose()
        {
            Link.Dispose();
            _session.Dispose();
        }

        public readonly record struct Note(double Gradient, long Steps, long Number, bool Fetches);

        private sealed class Call : ServerCall
        {
            protected override void Answered() { }
        }
    }
}
