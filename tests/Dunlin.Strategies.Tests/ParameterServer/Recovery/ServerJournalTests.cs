using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;
using Dunlin.Training;

namespace Dunlin.Strategies.Tests;

/// <summary>A server that dies comes back as it was.</summary>
public class ServerJournalTests
{
    private const int Workers = 3;

    private static readonly IReadOnlyList<ServedVariable> Variables = [new("w", new(DType.Float32, [5])), new("table", new(DType.Float32, [7, 2]))];

    public static TheoryData<string> Protocols => ["asynchronous", "compensated", "soft", "stale", "synchronous", "backups", "sandblaster"];

    /// <summary>After each of its inputs a server dies, wherever that is in a step, and another one takes its log: it has the same bits, and goes on to the same bits.</summary>
    [Theory, MemberData(nameof(Protocols))]
    public void A_server_that_dies_after_any_input_comes_back_with_the_same_bits(string protocol)
    {
        foreach (var snapshotAfter in new long[] { long.MaxValue / 2, 0 })
        {
            var storage = new MemoryLogStorage();
            using var steady = new Server(protocol, null);
            var mortal = new Server(protocol, storage, snapshotAfter);
            var random = new Random(7);
            var numbers = new long[Workers];
            steady.Begin();
            mortal.Begin();
            for (var input = 0; input < 120; input++)
            {
                var worker = random.Next(Workers);
                var (leaves, seed) = (random.Next(12) == 0, random.Next());
                if (input == 60)
                {
                    steady.Stop();
                    mortal.Stop();
                }
                if (leaves || !steady.Node.Members.ContainsKey(worker))
                {
                    steady.ComeOrGo(worker);
                    mortal.ComeOrGo(worker);
                }
                else if (!steady.Waits(worker))
                {
                    numbers[worker]++;
                    // A search moves the weights by programs, which worker 0 has run between the pieces that all bring.
                    if (protocol == "sandblaster" && worker == 0) Assert.Equal(steady.Run(numbers[0]), mortal.Run(numbers[0]));
                    else
                    {
                        steady.Push(worker, numbers[worker], seed);
                        mortal.Push(worker, numbers[worker], seed);
                    }
                }
                mortal.Die();
                mortal = new Server(protocol, storage, snapshotAfter);
                // Who waited asks the new server, with the same number.
                foreach (var waiting in Enumerable.Range(0, Workers).Where(w => steady.Waits(w))) mortal.PushAgain(waiting, steady);
                AssertEqual(steady, mortal);
            }
            Assert.True(protocol == "sandblaster" ? steady.Node.Numbers[0] > 10 : steady.Node.Shard.Version > 10);
            if (snapshotAfter == 0) Assert.True(storage.Length < 6000, $"{storage.Length} bytes in spite of snapshots");
            mortal.Die();
        }
    }

    /// <summary>What was not written to its end was not acknowledged, and is dropped; so is what is damaged, and all behind it.</summary>
    [Fact]
    public void A_torn_or_damaged_end_is_dropped()
    {
        var storage = new MemoryLogStorage();
        var lengths = new List<long>();
        var versions = new List<float>();
        var server = new Server("asynchronous", storage);
        server.Begin();
        for (var i = 1; i <= 5; i++)
        {
            server.Push(0, i, seed: i);
            lengths.Add(storage.Length);
            versions.Add(server.Node.Shard.Weights[0].ToArray<float>()[0]);
        }
        server.Die();
        var whole = new byte[storage.Length];
        storage.Read().ReadExactly(whole);
        for (var cut = lengths[2]; cut < lengths[3]; cut += 7)
        {
            using var again = new Server("asynchronous", Stored(whole.AsSpan(0, (int)cut)));
            Assert.Equal(3, again.Node.Shard.Version);
            Assert.Equal(versions[2], again.Node.Shard.Weights[0].ToArray<float>()[0]);
        }
        for (var at = lengths[2]; at < lengths[3]; at += 5)
        {
            var damaged = whole.ToArray();
            damaged[at] ^= 16;
            var stored = Stored(damaged);
            using var again = new Server("asynchronous", stored);
            Assert.Equal(3, again.Node.Shard.Version);
            Assert.Equal(lengths[2], stored.Length);
        }
        Assert.Contains("damaged from its beginning, or of another model", Assert.Throws<DunlinException>(() => new Server("asynchronous", Stored([1, .. whole]))).Message, StringComparison.Ordinal);
        Assert.Contains("is of another run: it has the protocol a where the server has the protocol b", Assert.Throws<DunlinException>(() => new Server("asynchronous", Stored(whole), description: "protocol b")).Message, StringComparison.Ordinal);
    }

    private static MemoryLogStorage Stored(ReadOnlySpan<byte> bytes)
    {
        var storage = new MemoryLogStorage();
        storage.Write(bytes);
        return storage;
    }

    private static void AssertEqual(Server expected, Server actual)
    {
        Assert.Equal(expected.Node.Shard.Version, actual.Node.Shard.Version);
        Assert.Equal(expected.Node.Dropped, actual.Node.Dropped);
        Assert.Equal(expected.Node.IsStopping, actual.Node.IsStopping);
        Assert.Equal(expected.Node.Numbers, actual.Node.Numbers);
        foreach (var (a, b) in expected.All.Concat(expected.Vectors).Zip(actual.All.Concat(actual.Vectors))) Assert.True(a.RawBytes.SequenceEqual(b.RawBytes));
        Assert.Equal(expected.Node.Members.Values.OrderBy(m => m.Worker).Select(m => (m.Worker, m.Clock, m.Taken)), actual.Node.Members.Values.OrderBy(m => m.Worker).Select(m => (m.Worker, m.Clock, m.Taken)));
        for (var worker = 0; worker < Workers; worker++) Assert.Equal(expected.Waits(worker), actual.Waits(worker));
    }

    /// <summary>A node with a log, if it has one, and its workers' last calls.</summary>
    private sealed class Server : IDisposable
    {
        private readonly ServerJournal? _journal;
        private readonly Call?[] _calls = new Call?[Workers];

        public Server(string protocol, MemoryLogStorage? storage, long snapshotAfter = long.MaxValue / 2, string description = "protocol a")
        {
            ServerProtocol kind = protocol switch
            {
                "asynchronous" => new ServerProtocol.Asynchronous { Staleness = new StalenessRule.Inverse() },
                "compensated" => new ServerProtocol.Asynchronous { Compensation = new(0.1) },
                "soft" => new ServerProtocol.SoftSynchronous(1),
                "stale" => new ServerProtocol.StaleSynchronous(1),
                "synchronous" => new ServerProtocol.Synchronous(),
                "sandblaster" => new ServerProtocol.Sandblaster { Search = new() { History = 1 } },
                _ => new ServerProtocol.Synchronous(1),
            };
            var shard = new ServerShard(Variables, ServerPlacement.Over(Variables, 1).Slices, new HashSet<int> { 1 }, Optimizers.Adam(0.1), new() { Kernels = KernelSets.Managed, Threads = 1 }) { Compensation = (kind as ServerProtocol.Asynchronous)?.Compensation };
            Node = new(shard, kind.Create(Workers));
            for (var worker = 0; worker < Workers; worker++) Node.Join(worker);
            if (storage is null) return;
            _journal = new(storage, Node, description, [GradientForm.Dense, GradientForm.Rows], Workers, snapshotAfter);
            _journal.Recover();
        }

        public ServerNode Node { get; }

        public IEnumerable<Tensor> All => Node.Shard.Weights.Concat(Node.Shard.State.Select(s => s.Elements));

        /// <summary>What a search has besides.</summary>
        public IEnumerable<Tensor> Vectors => Node.State;

        public void Begin()
        {
            Node.Initialize([Tensor.From([1f, 2, 3, 4, 5]), Tensor.Zeros(DType.Float32, [7, 2])]);
            _journal?.Initialize(17, new(0, 0, 0), [.. All]);
        }

        public void Stop()
        {
            _journal?.Stop();
            Node.Stop();
        }

        public bool Waits(int worker) => _calls[worker] is { IsAnswered: false };

        public void ComeOrGo(int worker)
        {
            if (Node.Members.ContainsKey(worker))
            {
                _journal?.Leave(worker);
                Node.Leave(worker);
                return;
            }
            _journal?.Join(worker, 5);
            Node.Join(worker);
        }

        public void Push(int worker, long number, int seed)
        {
            var random = new Random(seed);
            float[] Values(int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)];
            var rows = random.Next(1, 4);
            var member = Node.Members[worker];
            Send(new Call
            {
                Worker = worker,
                Number = number,
                Clock = Node.Numbers.Count > 0 ? (long)Node.Numbers[0] : member.Clock,
                Piece = random.Next(3),
                Measures = Node.Numbers.Count > 0 ? Tensor.From([random.NextDouble(), random.NextDouble()]) : null,
                Version = Math.Max(0, Node.Shard.Version - random.Next(3)),
                Examples = random.Next(1, 4),
                Gradients = [new(Tensor.From(Values(5))), new(Tensor.From(Values(2 * rows), [rows, 2]), Tensor.From(Enumerable.Range(0, rows).Select(i => (long)((i * 3 + number) % 7)).ToArray()))],
                Weights = [Tensor.Zeros(DType.Float32, [5]), null],
            });
        }

        /// <summary>Looks at what the pieces have brought, moves the weights by it and begins another evaluation, of three pieces.</summary>
        public double[] Run(long number)
        {
            var program = new VectorProgram();
            program.Measure(2);
            program.Dot(2, 2);
            program.Combine(LbfgsSearch.X, 1, LbfgsSearch.Trial, 0, LbfgsSearch.X);
            program.Combine(LbfgsSearch.Trial, 1, LbfgsSearch.X, -0.1, 2);
            program.Evaluate(2, 3, 2);
            var rows = program.ToTensor();
            double[] Ask()
            {
                var call = new Call { Worker = 0, Number = number, Program = rows, Results = Tensor.Zeros(DType.Float64, [VectorProgram.ResultsOf(rows)]) };
                Send(call);
                return call.Results.ToArray<double>();
            }
            var first = Ask();
            // Who asks again is told the same, and nothing is done twice.
            Assert.Equal(first, Ask());
            return first;
        }

        /// <summary>What another server was sent and has not answered.</summary>
        public void PushAgain(int worker, Server other)
        {
            var call = other._calls[worker]!;
            Send(new Call { Worker = worker, Number = call.Number, Clock = call.Clock, Version = call.Version, Examples = call.Examples, Gradients = call.Gradients, Weights = [Tensor.Zeros(DType.Float32, [5]), null] });
        }

        /// <summary>As by kill -9: nothing is said.</summary>
        public void Die() => Node.Dispose();

        public void Dispose() => Node.Dispose();

        private void Send(Call call)
        {
            _calls[call.Worker] = call;
            _journal?.Call(call);
            Node.Handle(call);
            _journal?.Tidy();
        }
    }

    private sealed class Call : ServerCall
    {
        protected override void Answered() { }
    }
}
