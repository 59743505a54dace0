using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication.Tests;

public sealed class LocalRanksTests
{
    [Fact]
    public void The_first_error_is_thrown_with_its_rank_and_the_ones_that_follow_are_not()
    {
        var error = Assert.Throws<RankFailedException>(() => LocalRanks.Run(4, comm =>
        {
            comm.Barrier();
            if (comm.Rank == 2) throw new InvalidOperationException("no such file");
            comm.Barrier();
        }));
        Assert.Equal((2, "Rank 2 failed: no such file"), (error.Rank, error.Message));
        Assert.IsType<InvalidOperationException>(error.InnerException);
    }

    [Fact]
    public void Results_come_back_by_rank() => Assert.Equal([0, 10, 20], LocalRanks.Run(3, comm => comm.Rank * 10));

    [Fact]
    public async Task Cancelling_ends_a_run_that_waits()
    {
        using var cancellation = new CancellationTokenSource();
        var waiting = LocalRanks.RunAsync(2, comm =>
        {
            if (comm.Rank == 0) cancellation.Cancel();
            comm.Receive(Tensor.Zeros(DType.Float32, [1]), 1 - comm.Rank);
            return Task.CompletedTask;
        }, cancellationToken: cancellation.Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    [Fact]
    public void A_rank_that_never_ends_does_not_hold_up_the_error_of_another()
    {
        using var never = new ManualResetEventSlim();
        var error = Assert.Throws<RankFailedException>(() => LocalRanks.Run(2, comm =>
        {
            if (comm.Rank == 0) throw new InvalidOperationException("broken");
            never.Wait();
        }, new LocalOptions { Timeout = TimeSpan.FromMilliseconds(50) }));
        Assert.Contains("Rank 0 failed: broken (Ranks that still ran 0.05 s later: 1.)", error.Message);
        never.Set();
    }

    [Fact]
    public void Memory_that_two_ranks_share_is_refused()
    {
        var shared = Tensor.Zeros(DType.Float32, [8]);
        var error = Assert.Throws<CommunicationException>(() => LocalRanks.Run(2, comm => comm.AllReduce(shared)));
        Assert.Contains("Rank 0 and rank 1 passed overlapping memory to AllReduce #1", error.Message);
    }

    [Fact]
    public void Leaving_before_waiting_for_an_operation_is_an_error()
    {
        var error = Assert.Throws<CommunicationException>(() => LocalRanks.Run(2, comm =>
        {
            if (comm.Rank == 1) comm.StartBarrier();
            else comm.Receive(Tensor.Zeros(DType.Float32, [1]), 1);
        }));
        Assert.Contains("Rank 1 aborted: it left the group with 1 operations", error.Message);
    }

    [Fact]
    public void Sixteen_ranks_on_any_number_of_cores_make_progress()
    {
        LocalRanks.Run(16, comm =>
        {
            var tensor = Tensor.From([1f]);
            for (var i = 0; i < 100; i++)
            {
                tensor.Span<float>()[0] = 1;
                comm.AllReduce(tensor);
                Assert.Equal(16, tensor.Item<float>());
            }
        });
    }

    [Fact]
    public void Steady_state_allocates_nothing()
    {
        var allocated = LocalRanks.Run(2, comm =>
        {
            var tensors = new[] { Tensor.Zeros(DType.Float32, [10_000]), Tensor.Zeros(DType.BFloat16, [999]) };
            var (input, output) = (Tensor.Zeros(DType.Int32, [64]), Tensor.Zeros(DType.Int32, [32]));
            var message = Tensor.Zeros(DType.Int32, [64]);
            var pending = new IPendingOperation[4];
            // One rank may be a step ahead: let the pools hold what two steps need at once.
            var stock = Enumerable.Range(0, 32).Select(i => i % 2 == 0 ? comm.StartBarrier() : SendOrReceive()).ToArray();
            foreach (var operation in stock) operation.Wait();
            for (var warmUp = 0; warmUp < 50; warmUp++) Step();
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var step = 0; step < 200; step++) Step();
            return GC.GetAllocatedBytesForCurrentThread() - before;

            IPendingOperation SendOrReceive() => comm.Rank == 0 ? comm.StartSend(message, 1, tag: 3) : comm.StartReceive(message, 0, tag: 3);

            void Step()
            {
                pending[0] = comm.StartAllReduce(tensors[0], ReduceOp.Sum);
                pending[1] = comm.StartAllReduce(tensors[1], ReduceOp.Max);
                pending[2] = SendOrReceive();
                pending[3] = comm.StartReduceScatter(input, output, ReduceOp.Sum);
                pending[2].Wait();
                pending[3].Wait();
                pending[1].Wait();
                pending[0].Wait();
                comm.Barrier();
            }
        });
        Assert.Equal([0, 0], allocated);
    }
}
