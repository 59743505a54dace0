using System.Diagnostics;
using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication.Tests;

/// <summary>What every communicator promises; an implementation only says how its ranks are started.</summary>
public abstract partial class CommunicatorContract
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(150);

    /// <summary>Runs the body on all ranks and throws what the first failing one threw.</summary>
    protected abstract void OnRanks(int size, Action<ICommunicator> body, TimeSpan timeout);

    /// <summary>Ranks × lengths: none, one, odd, and several chunks with a rest.</summary>
    public static TheoryData<int, int> Sizes => new() { { 1, 1000 }, { 2, 1 }, { 3, 0 }, { 4, 1001 }, { 7, 3 }, { 2, 40_001 }, { 5, 20_000 } };

    public static TheoryData<DType, ReduceOp> Reductions
    {
        get
        {
            var data = new TheoryData<DType, ReduceOp>();
            foreach (var type in Enum.GetValues<DType>().Where(t => t != DType.List))
                foreach (var op in Enum.GetValues<ReduceOp>()) data.Add(type, op);
            return data;
        }
    }

    [Theory, MemberData(nameof(Sizes))]
    public void AllReduce_leaves_the_sum_on_every_rank(int size, int length) => OnRanks(size, comm =>
    {
        var tensor = Rows.OfRank(DType.Float32, comm.Rank, length);
        comm.AllReduce(tensor);
        Assert.Equal(Rows.Reduced(DType.Float32, ReduceOp.Sum, size, length), tensor.Values());
    }, Long);

    [Theory, MemberData(nameof(Reductions))]
    public void Every_type_reduces_by_every_operation(DType type, ReduceOp op) => OnRanks(3, comm =>
    {
        const int Part = 2531;
        var all = Rows.OfRank(type, comm.Rank, 3 * Part);
        var part = Tensor.Zeros(type, [Part]);
        comm.ReduceScatter(all, part, op);
        comm.AllReduce(all, op);
        Assert.Equal(Rows.Reduced(type, op, 3, 3 * Part), all.Values());
        Assert.Equal(Rows.Reduced(type, op, 3, Part, offset: comm.Rank * Part), part.Values());
    }, Long);

    [Theory, MemberData(nameof(Sizes))]
    public void ReduceScatter_and_AllGather_make_an_AllReduce(int size, int length) => OnRanks(size, comm =>
    {
        var whole = Rows.OfRank(DType.Int64, comm.Rank, size * length);
        var part = Tensor.Zeros(DType.Int64, [length]);
        comm.ReduceScatter(whole, part);
        comm.AllGather(part, whole);
        Assert.Equal(Rows.Reduced(DType.Int64, ReduceOp.Sum, size, size * length), whole.Values());
    }, Long);

    [Theory, MemberData(nameof(Sizes))]
    public void ReduceScatter_and_AllGather_work_in_place(int size, int length) => OnRanks(size, comm =>
    {
        var whole = Rows.OfRank(DType.Float64, comm.Rank, size * length);
        var own = new CommBuffer(whole.Address + comm.Rank * length * 8, length, DType.Float64);
        comm.ReduceScatter(whole, own);
        comm.AllGather(own, whole);
        Assert.Equal(Rows.Reduced(DType.Float64, ReduceOp.Sum, size, size * length), whole.Values());
    }, Long);

    [Theory, MemberData(nameof(Sizes))]
    public void Broadcast_copies_the_root(int size, int length) => OnRanks(size, comm =>
    {
        for (var root = 0; root < size; root++)
        {
            var tensor = Rows.OfRank(DType.UInt8, comm.Rank, length);
            comm.Broadcast(tensor, root);
            Assert.Equal(Rows.OfRank(DType.UInt8, root, length).Values(), tensor.Values());
        }
    }, Long);

    [Theory, MemberData(nameof(Sizes))]
    public void AllToAll_transposes_ranks_and_parts(int size, int length) => OnRanks(size, comm =>
    {
        var input = Rows.OfRank(DType.Int32, comm.Rank, size * length);
        var output = Tensor.Zeros(DType.Int32, [size * length]);
        comm.AllToAll(input, output);
        var expected = Enumerable.Range(0, size).SelectMany(from => Rows.OfRank(DType.Int32, from, length, comm.Rank * length).Values());
        Assert.Equal(expected, output.Values());
    }, Long);

    [Fact]
    public void Overlapping_operations_may_be_awaited_in_any_order() => OnRanks(4, comm =>
    {
        const int Operations = 12;
        var order = Shuffled(Operations, seed: comm.Rank);
        for (var round = 0; round < 20; round++)
        {
            var tensors = Enumerable.Range(0, Operations).Select(i => Rows.OfRank(DType.Float32, comm.Rank, 500 * i, i)).ToArray();
            var pending = tensors.Select(t => comm.StartAllReduce(t, ReduceOp.Sum)).ToArray();
            foreach (var i in order) pending[i].Wait();
            for (var i = 0; i < Operations; i++)
                Assert.Equal(Rows.Reduced(DType.Float32, ReduceOp.Sum, 4, 500 * i, i), tensors[i].Values());
        }
    }, Long);

    [Fact]
    public void An_operation_is_complete_only_when_all_have_come_and_its_work_is_done() => OnRanks(2, comm =>
    {
        var tensor = Tensor.From([comm.Rank + 1f]);
        if (comm.Rank == 1) comm.Receive(Tensor.Zeros(DType.Int32, [0]), 0);
        var pending = comm.StartAllReduce(tensor, ReduceOp.Sum);
        if (comm.Rank == 0)
        {
            Assert.False(pending.IsCompleted);
            comm.Send(Tensor.Zeros(DType.Int32, [0]), 1);
        }
        pending.Wait();
        Assert.Equal(3, tensor.Item<float>());
    }, Long);

    [Fact]
    public void Messages_of_one_tag_keep_their_order_and_tags_do_not_mix() => OnRanks(3, comm =>
    {
        const int Messages = 8;
        var (next, previous) = ((comm.Rank + 1) % 3, (comm.Rank + 2) % 3);
        var sent = Enumerable.Range(0, Messages).Select(i => Rows.OfRank(DType.Float64, comm.Rank, 1 + i * 1500, i)).ToArray();
        var received = Enumerable.Range(0, Messages).Select(i => Tensor.Zeros(DType.Float64, [1 + i * 1500])).ToArray();
        var sends = sent.Select((tensor, i) => comm.StartSend(tensor, next, tag: i % 2)).ToArray();
        // All of tag 1 before those of tag 0.
        foreach (var i in Enumerable.Range(0, Messages).OrderByDescending(i => i % 2)) comm.Receive(received[i], previous, tag: i % 2);
        foreach (var send in sends) send.Wait();
        for (var i = 0; i < Messages; i++) Assert.Equal(Rows.OfRank(DType.Float64, previous, 1 + i * 1500, i).Values(), received[i].Values());
    }, Long);

    [Fact]
    public void More_messages_than_a_mailbox_holds_keep_their_order() => OnRanks(2, comm =>
    {
        const int Messages = 500;
        var tensors = Enumerable.Range(0, Messages).Select(i => comm.Rank == 0 ? Tensor.From([i]) : Tensor.From([-1])).ToArray();
        var pending = tensors.Select(t => comm.Rank == 0 ? comm.StartSend(t, 1, tag: 4) : comm.StartReceive(t, 0, tag: 4)).ToArray();
        // The last first: it must not be done before those ahead of it.
        foreach (var operation in pending.Reverse()) operation.Wait();
        for (var i = 0; i < Messages; i++) Assert.Equal(i, tensors[i].Item<int>());
    }, Long);

    [Fact]
    public void Nobody_passes_a_barrier_before_all_have_come() => OnRanks(4, comm =>
    {
        // The clock is one for all ranks of a host, threads and processes.
        var (arrived, passed) = (Tensor.Zeros(DType.Int64, [4]), Tensor.Zeros(DType.Int64, [4]));
        for (var i = 0; i < 50; i++)
        {
            if (i % 4 == comm.Rank) Thread.SpinWait(100_000);
            var before = Tensor.From([Stopwatch.GetTimestamp()]);
            comm.Barrier();
            var after = Tensor.From([Stopwatch.GetTimestamp()]);
            comm.AllGather(before, arrived);
            comm.AllGather(after, passed);
            Assert.True(passed.ToArray<long>().Min() >= arrived.ToArray<long>().Max());
        }
    }, Long);

    public static TheoryData<string> Collectives => ["AllReduce", "AllGather", "ReduceScatter", "Broadcast", "Barrier"];

    /// <summary>What a rank has still under way, or where its buffers lie, is its own affair: the others' calls meet its call, and what they wait for goes on meanwhile.</summary>
    [Theory, MemberData(nameof(Collectives))]
    public void A_call_meets_that_of_a_rank_that_has_others_under_way_or_works_in_place(string call) => OnRanks(3, comm =>
    {
        const int Part = 1000;
        var message = Rows.OfRank(DType.Float32, comm.Rank, 100_000);
        for (var turn = 0; turn < 3; turn++)
        {
            var send = comm.Rank == turn ? comm.StartSend(message, (turn + 1) % 3) : null;
            var before = Rows.OfRank(DType.Float64, comm.Rank, 100_000);
            var sum = comm.StartAllReduce(before, ReduceOp.Sum);
            if (comm.Rank != turn) sum.Wait();
            var whole = Rows.OfRank(DType.Int32, comm.Rank, 3 * Part);
            var inPlace = new CommBuffer(whole.Address + comm.Rank * Part * sizeof(int), Part, DType.Int32);
            var apart = Rows.OfRank(DType.Int32, comm.Rank, Part, comm.Rank * Part);
            var part = comm.Rank == turn ? inPlace : apart;
            switch (call)
            {
                case "AllReduce":
                    comm.AllReduce(whole);
                    Assert.Equal(Rows.Reduced(DType.Int32, ReduceOp.Sum, 3, 3 * Part), whole.Values());
                    break;
                case "AllGather":
                    comm.AllGather(part, whole);
                    Assert.Equal(Enumerable.Range(0, 3).SelectMany(rank => Rows.OfRank(DType.Int32, rank, Part, rank * Part).Values()), whole.Values());
                    break;
                case "ReduceScatter":
                    comm.ReduceScatter(whole, part);
                    Assert.Equal(Rows.Reduced(DType.Int32, ReduceOp.Sum, 3, Part, comm.Rank * Part), (comm.Rank == turn ? whole : apart).Values().Skip(comm.Rank == turn ? comm.Rank * Part : 0).Take(Part));
                    break;
                case "Broadcast":
                    comm.Broadcast(whole, root: 2);
                    Assert.Equal(Rows.OfRank(DType.Int32, 2, 3 * Part).Values(), whole.Values());
                    break;
                default:
                    comm.Barrier();
                    break;
            }
            var received = Tensor.Zeros(DType.Float32, [100_000]);
            if (comm.Rank == (turn + 1) % 3)
            {
                comm.Receive(received, turn);
                Assert.Equal(Rows.OfRank(DType.Float32, turn, 100_000).Values(), received.Values());
            }
            send?.Wait();
            if (comm.Rank == turn) sum.Wait();
            Assert.Equal(Rows.Reduced(DType.Float64, ReduceOp.Sum, 3, 100_000), before.Values());
        }
    }, Long);

    [Fact]
    public void Split_groups_by_color_and_orders_by_key_then_rank() => OnRanks(6, comm =>
    {
        var group = comm.Split(comm.Rank % 2, comm.Rank == 4 ? -1 : 0);
        int[] members = comm.Rank % 2 == 0 ? [4, 0, 2] : [1, 3, 5];
        Assert.Equal(3, group.Size);
        Assert.Equal(Array.IndexOf(members, comm.Rank), group.Rank);
        var ranks = Tensor.Zeros(DType.Int32, [3]);
        group.AllGather(Tensor.From([comm.Rank]), ranks);
        Assert.Equal(members, ranks.ToArray<int>());
        var sum = Tensor.From([comm.Rank]);
        comm.AllReduce(sum);
        Assert.Equal(15, sum.Item<int>());
        var alone = group.Split(group.Rank, 0);
        alone.AllReduce(sum);
        Assert.Equal((1, 15), (alone.Size, sum.Item<int>()));
    }, Long);

    /// <summary>Who waits in one group goes on with what others wait for in another.</summary>
    [Theory, InlineData(2), InlineData(3), InlineData(4), InlineData(6)]
    public void Ranks_may_wait_for_calls_of_several_groups_in_any_order(int size) => OnRanks(size, comm =>
    {
        using var first = comm.Split(0, 0);
        using var second = comm.Split(0, -comm.Rank);
        for (var turn = 0; turn < 10; turn++)
        {
            var sums = Enumerable.Range(0, 3).Select(n => Tensor.From(Enumerable.Repeat(comm.Rank + n, 5000).ToArray())).ToArray();
            var operations = new[] { comm, first, second }.Select((group, n) => group.StartAllReduce(sums[n], ReduceOp.Sum)).ToArray();
            foreach (var n in Shuffled(3, 10 * turn + comm.Rank)) operations[n].Wait();
            for (var n = 0; n < 3; n++) Assert.All(sums[n].ToArray<int>(), sum => Assert.Equal((size * (size - 1) / 2) + (size * n), sum));
        }
    }, Long);

    [Fact]
    public void Results_have_the_same_bits_whatever_the_timing()
    {
        var runs = Enumerable.Range(0, 8).Select(run =>
        {
            var bits = Array.Empty<byte>();
            OnRanks(4, comm =>
            {
                var random = new Random(comm.Rank);
                var tensor = Tensor.From(Enumerable.Range(0, 50_000).Select(_ => (float)(random.NextDouble() * Math.Pow(10, random.Next(8)))).ToArray());
                Thread.SpinWait(new Random(100 * run + comm.Rank).Next(200_000));
                comm.AllReduce(tensor);
                if (comm.Rank == 3) bits = tensor.RawBytes.ToArray();
            }, Long);
            return bits;
        }).ToArray();
        Assert.All(runs, bits => Assert.True(bits.AsSpan().SequenceEqual(runs[0])));
    }

    private static int[] Shuffled(int count, int seed)
    {
        var order = Enumerable.Range(0, count).ToArray();
        new Random(seed).Shuffle(order);
        return order;
    }

    private static TimeSpan Timed(Action action)
    {
        var watch = Stopwatch.StartNew();
        action();
        return watch.Elapsed;
    }
}
