using Dunlin.Tensors;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication.Tests;

public abstract partial class CommunicatorContract
{
    private string ErrorOf(int size, Action<ICommunicator> body, TimeSpan? timeout = null)
    {
        var message = "";
        var took = Timed(() => message = Assert.Throws<CommunicationException>(() => OnRanks(size, body, timeout ?? Long)).Message);
        Assert.True(took < TimeSpan.FromSeconds(10), $"The error took {took}.");
        return message;
    }

    [Fact]
    public void Different_collectives_are_an_error_that_names_both_calls_and_ranks()
    {
        var message = ErrorOf(3, comm =>
        {
            for (var i = 0; i < 11; i++) comm.Barrier();
            if (comm.Rank == 2) comm.Broadcast(Tensor.Zeros(DType.Float32, [1000]), root: 1);
            else if (comm.Rank == 0) comm.AllReduce(Tensor.Zeros(DType.Float32, [1000]));
            else comm.AllReduce(Tensor.Zeros(DType.Float32, [1000]));
        });
        Assert.Contains("AllReduce #12 of 1000 Float32, Sum", message);
        Assert.Contains("rank 2 called Broadcast #12 of 1000 Float32 from root 1", message);
    }

    [Theory]
    [InlineData(DType.Float32, 1001, ReduceOp.Sum)]
    [InlineData(DType.Int32, 1000, ReduceOp.Sum)]
    [InlineData(DType.Float32, 1000, ReduceOp.Max)]
    public void A_different_type_count_or_reduction_is_an_error(DType type, int count, ReduceOp op) =>
        Assert.Contains($"rank 1 called AllReduce #1 of {count} {type}, {op}", ErrorOf(2, comm =>
        {
            if (comm.Rank == 0) comm.AllReduce(Tensor.Zeros(DType.Float32, [1000]));
            else comm.AllReduce(Tensor.Zeros(type, [count]), op);
        }));

    [Fact]
    public void A_mismatch_is_found_while_a_third_rank_is_still_away() =>
        Assert.Contains("Mismatched calls", ErrorOf(3, comm =>
        {
            if (comm.Rank == 0) comm.Barrier();
            if (comm.Rank == 1) comm.AllReduce(Tensor.Zeros(DType.Float32, [1]));
            if (comm.Rank == 2) comm.Receive(Tensor.Zeros(DType.Float32, [1]), 0);
        }));

    [Fact]
    public void A_rank_that_leaves_is_named_to_those_who_wait_for_it()
    {
        var message = ErrorOf(3, comm =>
        {
            comm.Barrier();
            if (comm.Rank != 2) comm.AllReduce(Tensor.Zeros(DType.Float32, [10]));
        });
        Assert.Contains("Rank 2 has left the group while rank ", message);
        Assert.Contains("AllReduce #2", message);
    }

    [Fact]
    public void A_sender_that_has_left_is_named_to_its_receiver() =>
        Assert.Contains("Rank 1 has left the group while rank 0 waits in Receive of 4 Float32 from rank 1, tag 5", ErrorOf(2, comm =>
        {
            if (comm.Rank == 0) comm.Receive(Tensor.Zeros(DType.Float32, [4]), 1, tag: 5);
        }));

    [Fact]
    public void An_abort_ends_every_wait_also_in_groups_that_were_split_off()
    {
        var message = ErrorOf(4, comm =>
        {
            var group = comm.Split(comm.Rank / 2, 0);
            if (comm.Rank == 3) comm.Abort("the disk is full");
            group.Barrier();
            comm.Barrier();
        });
        Assert.Contains("Rank 3 aborted: the disk is full", message);
    }

    [Fact]
    public void A_rank_that_never_comes_is_named_after_the_time_out()
    {
        var message = ErrorOf(3, comm =>
        {
            comm.Barrier();
            if (comm.Rank == 1) comm.Receive(Tensor.Zeros(DType.Float32, [4]), 0, tag: 7);
            else comm.Barrier();
        }, Short);
        Assert.Contains("waited 0.15 s in ", message);
        Assert.Contains("These have not come: rank ", message);
    }

    [Fact]
    public void Send_and_receive_of_different_length_are_an_error() =>
        Assert.Contains("Rank 0 called Send of 3 Float32 to rank 1, tag 0, but rank 1 called Receive of 4 Float32 from rank 0, tag 0", ErrorOf(2, comm =>
        {
            if (comm.Rank == 0) comm.Send(Tensor.Zeros(DType.Float32, [3]), 1);
            else comm.Receive(Tensor.Zeros(DType.Float32, [4]), 0);
        }));

    [Fact]
    public void After_a_failure_every_call_fails_with_the_first_reason() => ErrorOf(2, comm =>
    {
        comm.Barrier();
        if (comm.Rank == 0) comm.Abort("first");
        else Assert.Contains("Rank 0 aborted: first", Assert.Throws<CommunicationException>(() => comm.Receive(Tensor.Zeros(DType.Float32, [1]), 0)).Message);
        for (var i = 0; i < 3; i++)
        {
            var error = Assert.Throws<CommunicationException>(() =>
            {
                comm.Abort("second");
                comm.AllReduce(Tensor.Zeros(DType.Float32, [1]));
            });
            Assert.Contains("aborted: first", error.Message);
        }
        comm.Barrier();
    });

    [Theory]
    [InlineData("peer 2")]
    [InlineData("tag -1")]
    [InlineData("root -3")]
    [InlineData("7 Float32 for 2 parts of 3 Float32")]
    [InlineData("multiple of 2")]
    [InlineData("overlap")]
    public void A_call_that_can_not_be_meant_is_refused(string what) => Assert.Contains(what, ErrorOf(2, comm =>
    {
        var odd = Tensor.Zeros(DType.Float32, [7]);
        switch (what)
        {
            case "peer 2": comm.Send(odd, 2); break;
            case "tag -1": comm.Receive(odd, 0, tag: -1); break;
            case "root -3": comm.Broadcast(odd, -3); break;
            case "multiple of 2": comm.AllToAll(odd, Tensor.Zeros(DType.Float32, [7])); break;
            case "overlap": comm.AllGather(new CommBuffer(odd.Address + 4, 3, DType.Float32), new CommBuffer(odd.Address, 6, DType.Float32)); break;
            default: comm.ReduceScatter(odd, Tensor.Zeros(DType.Float32, [3])); break;
        }
    }));
}
