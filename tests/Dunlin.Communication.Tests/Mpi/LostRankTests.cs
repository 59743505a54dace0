namespace Dunlin.Communication.Tests;

/// <summary>A process that is lost is named by all others, who end with exit code 3 and never hang.</summary>
[Collection(nameof(Processes))]
public sealed class LostRankTests
{
    [MpiTheory]
    [InlineData("kill", 0, "shared")]
    [InlineData("kill", 2, "mpi")]
    [InlineData("stop", 0, "mpi")]
    [InlineData("stop", 1, "shared")]
    public void A_dead_or_stopped_process_is_named_with_its_host_step_and_call(string how, int rank, string where)
    {
        var (code, output) = MpiProgram.Run(3, "lose", how, $"{rank}", where);
        Assert.True(Mpirun.IsMpich || code != 0, output);
        // mpirun ends the others as soon as the first has told, so not all may come to.
        Assert.Matches($@"rank [012] ends: Rank {rank} \(process \d+ on {System.Net.Dns.GetHostName()}\) {(how == "kill" ? "died" : "is stopped")}", output);
        Assert.Matches($"it last was at step 7, in no collective; the last was Barrier #8", output);
        Assert.Matches("rank [012] on .*: step 7, waits in AllReduce #9 of 1000 Float32, Sum", output);
    }

    [MpiTheory]
    [InlineData("hang", "shared")]
    [InlineData("hang", "mpi")]
    [InlineData("block", "mpi")]
    public void A_rank_that_makes_no_call_is_named_after_the_time_out(string how, string where)
    {
        var (code, output) = MpiProgram.Run(2, "lose", how, "1", where);
        Assert.True(Mpirun.IsCode(3, code), output);
        Assert.Contains("Rank 0 waited 2 s in AllReduce #9 of 1000 Float32, Sum. These have not come: rank 1, on ", output, StringComparison.Ordinal);
        Assert.Contains(": step 7, in no collective; the last was Barrier #8", output, StringComparison.Ordinal);
    }

    [MpiTheory]
    [InlineData(0, "shared")]
    [InlineData(1, "mpi")]
    public void An_error_of_one_rank_ends_the_others_with_its_reason(int rank, string where)
    {
        var (_, output) = MpiProgram.Run(2, "lose", "throw", $"{rank}", where);
        Assert.Contains($"rank {1 - rank} ends: Rank {rank} aborted: the disk is gone", output, StringComparison.Ordinal);
    }
}
