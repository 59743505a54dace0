using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;
using Dunlin.Training;

namespace Dunlin.Strategies.Tests;

/// <summary>What a server does with calls in any order, without threads: each order is a number.</summary>
public class ServerNodeTests
{
    /// <summary>How to check an implementation, 5: no worker is ever more than the bound ahead, each reads what all have done up to there, and nobody waits for ever.</summary>
    [Theory, InlineData(1, 2), InlineData(1, 4), InlineData(3, 3), InlineData(2, 5)]
    public void Stale_synchronous_workers_are_never_further_apart_than_the_bound(int bound, int workers)
    {
        for (var seed = 0; seed < 50; seed++)
        {
            using var play = new Play(new ServerProtocol.StaleSynchronous(bound), workers);
            var furthest = 0L;
            // Who is through stays: of fewer workers, each would move the weights further.
            play.Run(seed, steps: 12, slow: seed % workers, leaves: false, check: () =>
            {
                var clocks = play.Node.Members.Values.Select(m => m.Clock).ToList();
                // The step that is being done counts as one.
                Assert.True(clocks.Max() - clocks.Min() <= bound + 1);
                foreach (var call in play.Calls.Where(c => c.IsAnswered)) Assert.True(call.Clock - clocks.Min() <= bound);
                furthest = Math.Max(furthest, clocks.Max() - clocks.Min());
            });
            Assert.Equal(bound + 1, furthest);
            Assert.Equal(12 * workers, play.Node.Shard.Version);
            // Each of the workers' gradients of 1 has moved the weight by its part of the rate.
            Assert.Equal(-12f, play.Node.Shard.Weights[0].ToArray<float>()[0], 1e-4f);
        }
    }

    /// <summary>Without a bound, a slow worker's gradients get staler than any bound.</summary>
    [Fact]
    public void Asynchronous_workers_do_get_further_apart()
    {
        using var play = new Play(new ServerProtocol.Asynchronous(), 3);
        var furthest = 0L;
        play.Run(seed: 1, steps: 20, slow: 0, leaves: true, check: () => furthest = Math.Max(furthest, play.Node.Members.Values.Max(m => m.Clock) - play.Node.Members.Values.Min(m => m.Clock)));
        Assert.True(furthest > 5);
        Assert.Equal(-60f, play.Node.Shard.Weights[0].ToArray<float>()[0], 1e-3f);
    }

    /// <summary>How to check an implementation, 3: every gradient is applied once or dropped, and with b backups no step waits for the last b.</summary>
    [Theory, InlineData(0), InlineData(1), InlineData(2)]
    public void Of_a_step_the_first_gradients_are_taken_and_the_late_ones_dropped(int backups)
    {
        for (var seed = 0; seed < 50; seed++)
        {
            using var play = new Play(new ServerProtocol.Synchronous(backups), 4);
            play.Run(seed, steps: 10, slow: seed % 4, leaves: true, check: () => { });
            Assert.Equal(backups > 0, play.Node.Dropped > 0);
            // Each update is the mean of gradients of 1: the number of updates is what the weight has moved by.
            Assert.Equal(-(float)play.Node.Shard.Version, play.Node.Shard.Weights[0].ToArray<float>()[0], 1e-4f);
            Assert.True(play.Node.Shard.Version + play.Node.Dropped <= 40);
            Assert.True(play.Node.Shard.Version >= 10);
            if (backups == 0) Assert.Equal(10, play.Node.Shard.Version);
        }
    }

    /// <summary>Of 6 workers that are equally fast, n updates take a step of all: staleness is about n and seldom above 2 n (Zhang et al., 2015); all gradients are in an update or gathered for the next one.</summary>
    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(6)]
    public void Soft_synchronous_updates_take_their_part_of_the_gradients(int splits)
    {
        using var play = new Play(new ServerProtocol.SoftSynchronous(splits) { Staleness = new StalenessRule.None() }, 6);
        play.Run(seed: 3, steps: 100, slow: -1, leaves: false, check: () => { });
        Assert.Equal(100 * splits, play.Node.Shard.Version);
        Assert.Equal(-100f * splits, play.Node.Shard.Weights[0].ToArray<float>()[0], 1e-2f);
        Assert.InRange(play.Stalenesses.Average(), 0.5 * splits, 1.2 * splits);
        Assert.True(play.Stalenesses.Count(s => s > 2 * splits) < 0.15 * play.Stalenesses.Count);
    }

    /// <summary>Two gradients of 2 and 4, the second one four updates old: (2 + 4 / 4) / 2.</summary>
    [Fact]
    public void Soft_synchronous_gradients_count_by_their_staleness()
    {
        using var play = new Play(new ServerProtocol.SoftSynchronous(), 2);
        play.Node.Shard.Version = 4;
        for (var worker = 0; worker < 2; worker++)
        {
            (play.Calls[worker].Gradients, play.Calls[worker].Number, play.Calls[worker].Version) = (Play.Gradient(worker == 0 ? 2 : 4), 1, worker == 0 ? 4 : 0);
            play.Node.Handle(play.Calls[worker]);
            // What was brought is the worker's again.
            play.Calls[worker].Gradients![0].Values.Span<float>()[0] = float.NaN;
        }
        Assert.Equal(-1.5f, play.Node.Shard.Weights[0].ToArray<float>()[0]);
    }

    [Fact]
    public void A_gradient_that_comes_again_is_not_applied_again()
    {
        using var play = new Play(new ServerProtocol.Asynchronous(), 1);
        var call = play.Calls[0];
        for (var times = 0; times < 3; times++)
        {
            call.Renew();
            (call.Gradients, call.Number) = (Play.Gradient(1), 1);
            play.Node.Handle(call);
            Assert.True(call.IsAnswered);
        }
        Assert.Equal(1, play.Node.Shard.Version);
    }

    /// <summary>It was cut off while it waited, and asks again: the step has its gradient once.</summary>
    [Fact]
    public void A_gradient_that_comes_again_while_its_step_waits_counts_once()
    {
        using var play = new Play(new ServerProtocol.Synchronous(), 2);
        var again = new Play.Call { Worker = 0, Gradients = Play.Gradient(3), Number = 1 };
        (play.Calls[0].Gradients, play.Calls[0].Number) = (Play.Gradient(3), 1);
        play.Node.Handle(play.Calls[0]);
        play.Node.Handle(again);
        Assert.False(again.IsAnswered);
        (play.Calls[1].Gradients, play.Calls[1].Number) = (Play.Gradient(1), 1);
        play.Node.Handle(play.Calls[1]);
        Assert.True(again.IsAnswered && play.Calls[1].IsAnswered);
        Assert.False(play.Calls[0].IsAnswered);
        Assert.Equal(-2f, play.Node.Shard.Weights[0].ToArray<float>()[0]);
    }

    [Fact]
    public void A_worker_that_leaves_is_not_waited_for_and_one_that_joins_begins_where_the_others_are()
    {
        using var play = new Play(new ServerProtocol.Synchronous(), 3);
        foreach (var worker in new[] { 0, 2 })
        {
            (play.Calls[worker].Gradients, play.Calls[worker].Number) = (Play.Gradient(worker + 1), 1);
            play.Node.Handle(play.Calls[worker]);
        }
        Assert.Equal([1], play.Node.Missing);
        play.Node.Leave(1);
        Assert.True(play.Calls[0].IsAnswered && play.Calls[2].IsAnswered);
        // The mean of 1 and 3.
        Assert.Equal(-2f, play.Node.Shard.Weights[0].ToArray<float>()[0]);
        Assert.Equal(1, play.Node.Join(7).Clock);
        play.Node.Handle(play.Calls[1]);
        Assert.Equal("worker 1 has not joined, or has left.", play.Calls[1].Refusal);
    }

    /// <summary>Means go by examples, so that uneven shares give the joined batch's.</summary>
    [Fact]
    public void A_step_is_the_mean_over_all_examples()
    {
        using var play = new Play(new ServerProtocol.Synchronous(), 2);
        for (var worker = 0; worker < 2; worker++)
        {
            (play.Calls[worker].Gradients, play.Calls[worker].Number, play.Calls[worker].Examples) = (Play.Gradient(worker == 0 ? 1 : 5), 1, worker == 0 ? 3 : 1);
            play.Node.Handle(play.Calls[worker]);
        }
        Assert.Equal(-2f, play.Node.Shard.Weights[0].ToArray<float>()[0]);
    }

    [Theory, InlineData(0, 1), InlineData(1, 1), InlineData(4, 0.25)]
    public void Late_gradients_move_the_weights_less(int staleness, float part)
    {
        using var play = new Play(new ServerProtocol.Asynchronous { Staleness = new StalenessRule.Inverse() }, 2);
        for (var i = 1; i <= staleness; i++)
        {
            (play.Calls[0].Gradients, play.Calls[0].Number) = (Play.Gradient(0), i);
            play.Node.Handle(play.Calls[0]);
            play.Calls[0].Renew();
        }
        (play.Calls[1].Gradients, play.Calls[1].Number, play.Calls[1].Version) = (Play.Gradient(1), 1, 0);
        play.Node.Handle(play.Calls[1]);
        Assert.Equal(-part, play.Node.Shard.Weights[0].ToArray<float>()[0]);
        Assert.Equal(Math.Pow(0.5, staleness), new StalenessRule.Power(0.5).Factor(staleness));
    }

    /// <summary>g = 2 at w′ = 1, applied at w = 3 with λ = 1/2: 2 + 1/2 · 4 · (3 − 1) = 6; and with a mean square that forgets at once, λ / √(4 + 1e-7): 2 + 1/2 / 2 · 4 · 2 = 4.</summary>
    [Theory, InlineData(null, 6f, false), InlineData(0.0, 4f, false), InlineData(null, 6f, true), InlineData(0.0, 4f, true)]
    public void Late_gradients_are_corrected_by_what_the_weights_have_moved(double? decay, float moved, bool isTable)
    {
        Shape shape = isTable ? [3, 1] : [1];
        IReadOnlyList<ServedVariable> variables = [new("w", new(DType.Float32, shape))];
        var options = new Dunlin.Graphs.SessionOptions { Kernels = KernelSets.Managed, Threads = 1 };
        var shard = new ServerShard(variables, ServerPlacement.Over(variables, 1).Slices, isTable ? new HashSet<int> { 0 } : [], Optimizers.Sgd(1), options) { Compensation = new(0.5, decay) };
        using var node = new ServerNode(shard, new ServerProtocol.Asynchronous().Create(1));
        var at = isTable ? 1 : 0;
        var first = new float[shape.ElementCount];
        first[at] = 1;
        node.Initialize([Tensor.From(first, shape)]);
        node.Join(0);
        var call = new Play.Call { Worker = 0, Weights = [Tensor.Zeros(DType.Float32, shape)] };
        node.Handle(call);
        shard.Weights[0].Span<float>()[at] = 3;
        call.Renew();
        (call.Gradients, call.Number) = ([isTable ? new(Tensor.From([2f, 9f], [2, 1]), Tensor.From([1L, -1L])) : Play.Gradient(2)[0]], 1);
        node.Handle(call);
        Assert.Equal(3 - moved, shard.Weights[0].ToArray<float>()[at], 1e-5f);
    }

    /// <summary>With momentum: w − η μ v.</summary>
    [Fact]
    public void A_server_that_looks_ahead_gives_the_weights_of_an_update_without_a_gradient()
    {
        using var play = new Play(new ServerProtocol.Asynchronous(), 1, Optimizers.Momentum(0.1, 0.5), looksAhead: true);
        var (w, v, call) = (0.0, 0.0, play.Calls[0]);
        for (var i = 1; i <= 4; i++)
        {
            call.Renew();
            (call.Gradients, call.Number) = (Play.Gradient(i), i);
            play.Node.Handle(call);
            v = 0.5 * v + i;
            w -= 0.1 * v;
            Assert.Equal(w, play.Node.Shard.Weights[0].Item<float>(), 1e-5);
            Assert.Equal(w - 0.1 * 0.5 * v, call.Weights![0]!.Item<float>(), 1e-5);
        }
    }

    /// <summary>What was on its way when it left is not taken again when it comes back, and its next one is.</summary>
    [Fact]
    public void A_worker_that_comes_back_goes_on_with_its_numbers()
    {
        using var play = new Play(new ServerProtocol.Asynchronous(), 1);
        var call = play.Calls[0];
        for (var i = 1; i <= 3; i++)
        {
            call.Renew();
            (call.Gradients, call.Number) = (Play.Gradient(1), i);
            play.Node.Handle(call);
        }
        play.Node.Leave(0);
        Assert.Equal(3, play.Node.Join(0).Clock);
        foreach (var number in new[] { 0, 3, 4 })
        {
            call.Renew();
            (call.Gradients, call.Number) = (number == 0 ? null : Play.Gradient(1), number);
            play.Node.Handle(call);
            Assert.Equal(Math.Max(3, number), call.Number);
        }
        Assert.Equal(4, play.Node.Shard.Version);
    }

    /// <summary>
    /// How to check an implementation, 6: on ½ h w² a gradient that is always τ updates old converges below η h = 2 sin(π / (2 (2 τ + 1))) and diverges above; divided by τ, below and above τ times that.
    /// </summary>
    [Theory, InlineData(1), InlineData(2), InlineData(4)]
    public void Staleness_is_stable_up_to_the_known_rate(int staleness)
    {
        var limit = 2 * Math.Sin(Math.PI / (2 * (2 * staleness + 1)));
        Assert.True(Last(staleness, 0.9 * limit, new StalenessRule.None()) < 1e-3);
        Assert.True(Last(staleness, 1.1 * limit, new StalenessRule.None()) > 10);
        Assert.True(Last(staleness, 0.9 * limit * staleness, new StalenessRule.Inverse()) < 1e-3);
        Assert.True(Last(staleness, 1.1 * limit * staleness, new StalenessRule.Inverse()) > 10);
    }

    /// <summary>What travels is as much on each server as can be, whatever tables there are; and weights that servers compute with are on all of them.</summary>
    [Theory, InlineData(2), InlineData(3), InlineData(8)]
    public void Placement_evens_out_what_travels_and_then_memory(int servers)
    {
        ServedVariable Of(string name, int rows, bool stays = false, bool isSpread = false) => new(name, new(DType.Float32, [rows, 4])) { Stays = stays, IsSpread = isSpread };
        IReadOnlyList<ServedVariable> variables = [Of("table", 1000, stays: true), Of("a", 100), Of("classes", 500, stays: true, isSpread: true), Of("b", 60), Of("c", 80), Of("other table", 700, stays: true)];
        var placement = ServerPlacement.Over(variables, servers);
        for (var variable = 0; variable < variables.Count; variable++)
        {
            var rows = 0;
            foreach (var slice in placement.Slices.Where(s => s.Variable == variable))
            {
                Assert.Equal(rows, slice.FirstRow);
                rows += slice.Type.Shape[0];
            }
            Assert.Equal(variables[variable].Type.Shape[0], rows);
        }
        var travels = Enumerable.Range(0, servers).Select(s => placement.Of(s).Where(p => !variables[p.Variable].Stays).Sum(p => p.Type.Bytes)).ToList();
        Assert.True(travels.Max() <= 2 * travels.Average());
        var all = Enumerable.Range(0, servers).Select(s => placement.Of(s).Sum(p => p.Type.Bytes)).ToList();
        Assert.True(all.Max() <= 2 * all.Average());
        Assert.Equal(Enumerable.Range(0, servers), placement.Slices.Where(s => s.Variable == 2).Select(s => s.Server));
    }

    private static double Last(int staleness, double rate, StalenessRule rule)
    {
        using var play = new Play(new ServerProtocol.Asynchronous { Staleness = rule }, 1, Optimizers.Sgd(rate));
        play.Node.Shard.Weights[0].Span<float>()[0] = 1;
        var old = new Queue<float>(Enumerable.Repeat(1f, staleness + 1));
        for (var i = 1; i <= 800; i++)
        {
            (play.Calls[0].Gradients, play.Calls[0].Number, play.Calls[0].Version) = (Play.Gradient(old.Dequeue()), i, play.Node.Shard.Version - staleness);
            play.Calls[0].Renew();
            play.Node.Handle(play.Calls[0]);
            old.Enqueue(play.Node.Shard.Weights[0].ToArray<float>()[0]);
        }
        return old.Max(Math.Abs);
    }

    /// <summary>A server of one weight, and workers whose gradients are 1; which of those that may go on does so is drawn.</summary>
    private sealed class Play : IDisposable
    {
        public Play(ServerProtocol protocol, int workers, Optimizer? optimizer = null, bool looksAhead = false)
        {
            IReadOnlyList<ServedVariable> variables = [new("w", new(DType.Float32, [1]))];
            var shard = new ServerShard(variables, ServerPlacement.Over(variables, 1).Slices, new HashSet<int>(), optimizer ?? Optimizers.Sgd(1), new() { Kernels = KernelSets.Managed, Threads = 1 }) { LooksAhead = looksAhead };
            Node = new(shard, protocol.Create(workers));
            Node.Initialize([Tensor.From([0f])]);
            for (var worker = 0; worker < workers; worker++) Node.Join(worker);
            Calls = [.. Enumerable.Range(0, workers).Select(w => new Call { Worker = w, Weights = [Tensor.From([0f])] })];
        }

        public ServerNode Node { get; }

        public IReadOnlyList<Call> Calls { get; }

        /// <summary>How many updates came between the weights of each gradient and its coming.</summary>
        public List<long> Stalenesses { get; } = [];

        public static SliceGradient[] Gradient(float value) => [new(Tensor.From([value]))];

        /// <summary>Lets each worker do some steps, the slow one, if there is one, five times as seldom; a worker that is through may leave.</summary>
        public void Run(int seed, int steps, int slow, bool leaves, Action check)
        {
            var random = new Random(seed);
            var done = new int[Calls.Count];
            foreach (var call in Calls) Node.Handle(call);
            while (true)
            {
                var able = Calls.Where(c => c.IsAnswered && Node.Members.ContainsKey(c.Worker) && (leaves || done[c.Worker] < steps)).ToList();
                if (able.Count == 0) break;
                var call = able[random.Next(able.Count)];
                if (call.Worker == slow && able.Count > 1 && random.Next(5) > 0) continue;
                Assert.Null(call.Refusal);
                if (done[call.Worker] == steps)
                {
                    Node.Leave(call.Worker);
                    continue;
                }
                call.Renew();
                (call.Gradients, call.Number) = (Gradient(1), ++done[call.Worker]);
                Stalenesses.Add(Node.Shard.Version - call.Version);
                Node.Handle(call);
                check();
            }
            Assert.All(done, d => Assert.Equal(steps, d));
        }

        public void Dispose() => Node.Dispose();

        public sealed class Call : ServerCall
        {
            protected override void Answered() { }
        }
    }
}
