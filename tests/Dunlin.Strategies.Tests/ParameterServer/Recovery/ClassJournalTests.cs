using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;
using Dunlin.Training;

namespace Dunlin.Strategies.Tests;

/// <summary>A server that computes scores of classes dies between any two rounds of a step, and comes back as it was.</summary>
public class ClassJournalTests
{
    private const int Workers = 3, Classes = 6, Features = 4, Examples = 2;

    private static readonly IReadOnlyList<ServedVariable> Variables = [new("w", new(DType.Float32, [5])), new("classes", new(DType.Float32, [Classes, Features])) { Stays = true, IsSpread = true }];

    public static TheoryData<string> Protocols => ["asynchronous", "compensated", "soft", "stale", "synchronous", "backups"];

    /// <summary>After each question and each gradient a server dies, and another one takes its log: its answers have the same bits, and so has what it goes on to. Now and then a question is asked twice, and counts once.</summary>
    [Theory, MemberData(nameof(Protocols))]
    public void A_server_that_dies_between_two_rounds_answers_the_second_and_counts_each_once(string protocol)
    {
        foreach (var snapshotAfter in new long[] { long.MaxValue / 2, 0 })
        {
            var storage = new MemoryLogStorage();
            using var steady = new Server(protocol, null);
            var mortal = new Server(protocol, storage, snapshotAfter);
            var random = new Random(11);
            var (rounds, numbers, steps, lives, repeated) = (new int[Workers], new long[Workers], new long[Workers], new long[Workers], 0);
            steady.Begin();
            mortal.Begin();
            for (var input = 0; input < 200; input++)
            {
                var worker = random.Next(Workers);
                var (fate, seed) = (random.Next(20), random.Next());
                if (steady.Waits(worker)) continue;
                if (fate == 0)
                {
                    // It is started again in the middle of a step, whose questions are nobody's then.
                    lives[worker]++;
                    (rounds[worker], steps[worker]) = (0, 0);
                    foreach (var server in new[] { steady, mortal }) server.StartAgain(worker, lives[worker]);
                }
                else if (rounds[worker] == 2 && (steps[worker] == 2 || fate < 10))
                {
                    numbers[worker]++;
                    foreach (var server in new[] { steady, mortal }) server.Push(worker, numbers[worker], steps[worker], seed);
                    (rounds[worker], steps[worker]) = (0, 0);
                }
                else
                {
                    if (rounds[worker] == 2) rounds[worker] = 0;
                    var question = (ClassQuestion)rounds[worker]++;
                    if (question == ClassQuestion.Gradients) steps[worker]++;
                    var expected = steady.Ask(worker, question, numbers[worker] + 1, steps[worker], seed);
                    Assert.True(expected.RawBytes.SequenceEqual(mortal.Ask(worker, question, numbers[worker] + 1, steps[worker], seed).RawBytes));
                    if (fate > 15)
                    {
                        repeated++;
                        mortal = mortal.Again(protocol, storage, snapshotAfter, steady);
                        Assert.True(expected.RawBytes.SequenceEqual(mortal.Ask(worker, question, numbers[worker] + 1, steps[worker], seed).RawBytes));
                    }
                }
                mortal = mortal.Again(protocol, storage, snapshotAfter, steady);
                AssertEqual(steady, mortal);
            }
            Assert.True(steady.Node.Shard.Version > 10 && repeated > 10, $"{steady.Node.Shard.Version} updates, {repeated} repeated questions");
            if (snapshotAfter == 0) Assert.True(storage.Length < 6000, $"{storage.Length} bytes in spite of snapshots");
            mortal.Dispose();
        }
    }

    [Fact]
    public void A_gradient_whose_questions_were_not_asked_is_refused_and_the_server_goes_on()
    {
        using var server = new Server("asynchronous", null);
        server.Begin();
        server.Push(0, 1, 1, seed: 1);
        Assert.Equal("worker 0 gives no gradient for the server's slice 1, and has not had it computed here since its last one: it asks for the gradients of a softmax over all classes in each step.", server.Last(0).Refusal);
        Assert.Equal(0, server.Node.Shard.Version);
        server.Ask(0, ClassQuestion.Gradients, 1, 1, seed: 1);
        server.Push(0, 1, 1, seed: 1);
        Assert.Null(server.Last(0).Refusal);
        Assert.Equal(1, server.Node.Shard.Version);
        // One that was overtaken by the gradient that it was for is not kept for the next.
        Assert.Equal("worker 0 has sent another call since this one.", server.Send(0, ClassQuestion.Gradients, 1, 1, seed: 1).Refusal);
        server.Push(0, 2, 1, seed: 1);
        Assert.NotNull(server.Last(0).Refusal);
    }

    private static void AssertEqual(Server expected, Server actual)
    {
        Assert.Equal(expected.Node.Shard.Version, actual.Node.Shard.Version);
        Assert.Equal(expected.Node.Dropped, actual.Node.Dropped);
        foreach (var (a, b) in expected.All.Zip(actual.All)) Assert.True(a.RawBytes.SequenceEqual(b.RawBytes));
        for (var worker = 0; worker < Workers; worker++)
        {
            Assert.Equal(expected.Waits(worker), actual.Waits(worker));
            var (a, b) = (expected.Node.Members[worker], actual.Node.Members[worker]);
            Assert.Equal((a.Clock, a.Taken, a.Life), (b.Clock, b.Taken, b.Life));
            Assert.Equal(a.ClassGradients.Select(g => (g.Key, g.Value.Step)), b.ClassGradients.Select(g => (g.Key, g.Value.Step)));
            foreach (var (slice, gradient) in a.ClassGradients) Assert.True(gradient.Sum.RawBytes.SequenceEqual(b.ClassGradients[slice].Sum.RawBytes));
        }
    }

    /// <summary>A node with a log, if it has one, and its workers' last gradients.</summary>
    private sealed class Server : IDisposable
    {
        private readonly ServerJournal? _journal;
        private readonly Call?[] _calls = new Call?[Workers];

        public Server(string protocol, MemoryLogStorage? storage, long snapshotAfter = 0)
        {
            ServerProtocol kind = protocol switch
            {
                "asynchronous" => new ServerProtocol.Asynchronous { Staleness = new StalenessRule.Inverse() },
                "compensated" => new ServerProtocol.Asynchronous { Compensation = new(0.1) },
                "soft" => new ServerProtocol.SoftSynchronous(1),
                "stale" => new ServerProtocol.StaleSynchronous(1),
                "synchronous" => new ServerProtocol.Synchronous(),
                _ => new ServerProtocol.Synchronous(1),
            };
            var shard = new ServerShard(Variables, ServerPlacement.Over(Variables, 1).Slices, new HashSet<int>(), Optimizers.Adam(0.1), new() { Kernels = KernelSets.Managed, Threads = 1 }) { Compensation = (kind as ServerProtocol.Asynchronous)?.Compensation };
            Node = new(shard, kind.Create(Workers));
            for (var worker = 0; worker < Workers; worker++) Node.Join(worker);
            if (storage is null) return;
            _journal = new(storage, Node, "protocol", [GradientForm.Dense, GradientForm.Computed], Workers, snapshotAfter);
            _journal.Recover();
        }

        public ServerNode Node { get; }

        public IEnumerable<Tensor> All => Node.Shard.Weights.Concat(Node.Shard.State.Select(s => s.Elements));

        public void Begin()
        {
            Node.Initialize([Tensor.From([1f, 2, 3, 4, 5]), Tensor.From(Drawn(new Random(3), Classes * Features), [Classes, Features])]);
            _journal?.Initialize(17, new(0, 0, 0), [.. All]);
        }

        public bool Waits(int worker) => _calls[worker] is { IsAnswered: false };

        public Call Last(int worker) => _calls[worker]!;

        /// <summary>As by kill -9, and then another one with its log, whom those ask again who waited.</summary>
        public Server Again(string protocol, MemoryLogStorage storage, long snapshotAfter, Server steady)
        {
            Node.Dispose();
            var next = new Server(protocol, storage, snapshotAfter);
            foreach (var worker in Enumerable.Range(0, Workers).Where(steady.Waits))
            {
                var call = steady._calls[worker]!;
                next.Take(next._calls[worker] = new() { Worker = worker, Number = call.Number, Steps = call.Steps, Clock = call.Clock, Version = call.Version, Examples = call.Examples, Gradients = [call.Gradients![0], default], Weights = [Tensor.Zeros(DType.Float32, [5]), null] });
            }
            return next;
        }

        public void StartAgain(int worker, long life)
        {
            _journal?.Leave(worker);
            Node.Leave(worker);
            _journal?.Join(worker, life);
            Node.Join(worker, life);
        }

        public Tensor Ask(int worker, ClassQuestion question, long number, long step, int seed)
        {
            var call = Send(worker, question, number, step, seed);
            Assert.Null(call.Refusal);
            return call.Classes!.Answer;
        }

        public Call Send(int worker, ClassQuestion question, long number, long step, int seed)
        {
            var random = new Random(seed);
            var tensors = new[]
            {
                Tensor.From(Drawn(random, Examples * Features), [Examples, Features]), Tensor.From(Enumerable.Range(0, Examples).Select(_ => (long)random.Next(-1, Classes)).ToArray()), Tensor.From(Drawn(random, Examples)),
                Tensor.From(Drawn(random, Examples)),
            };
            var call = new Call { Worker = worker, Number = number, Classes = CallFrames.Query(question, 1, step, tensors, ClassQuery.AnswerTo(question, Examples, Variables[1].Type)) };
            Take(call);
            return call;
        }

        public void Push(int worker, long number, long steps, int seed)
        {
            var random = new Random(seed);
            Take(_calls[worker] = new()
            {
                Worker = worker,
                Number = number,
                Steps = steps,
                Clock = Node.Members[worker].Clock,
                Version = Math.Max(0, Node.Shard.Version - random.Next(3)),
                Examples = random.Next(1, 4),
                Gradients = [new(Tensor.From(Drawn(random, 5))), default],
                Weights = [Tensor.Zeros(DType.Float32, [5]), null],
            });
        }

        public void Dispose() => Node.Dispose();

        private void Take(Call call)
        {
            _journal?.Call(call);
            Node.Handle(call);
            _journal?.Tidy();
        }

        private static float[] Drawn(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)];
    }

    private sealed class Call : ServerCall
    {
        protected override void Answered() { }
    }
}
