namespace Dunlin.Cli.Tests;

/// <summary>However a batch is divided over processes and threads, the step is that of one worker on the joined batch.</summary>
[Collection(nameof(Processes))]
public sealed class SameAnswerTests(TrainedRuns runs) : IClassFixture<TrainedRuns>
{
    [MpiTheory]
    [InlineData(2, true)]
    // Three shares of 32 examples are not equal.
    [InlineData(3, true)]
    [InlineData(4, true)]
    [InlineData(2, false)]
    [InlineData(3, false)]
    public async Task Processes_train_as_one_on_the_joined_batch(int processes, bool shared)
    {
        var (one, many) = (await runs.Model(1), await runs.Model(processes, Memory(shared)));
        TrainedRuns.AssertClose(one, many);
        // Sums in another order are not the same bits: whoever finds these has not divided the work.
        Assert.NotEqual(one, many);
    }

    /// <summary>MPI chooses the order of its sums by the number of ranks and the length, not by who comes first.</summary>
    [MpiTheory]
    [InlineData(2, true)]
    [InlineData(3, false)]
    public async Task The_same_run_gives_the_same_bits(int processes, bool shared) =>
        Assert.Equal(await runs.Model(processes, Memory(shared)), await runs.Model(processes, [.. Memory(shared), "--set", "run.name=again"]));

    /// <summary>Ranks of one host sum in the order of their numbers, wherever they live.</summary>
    [MpiFact]
    public async Task Four_workers_are_the_same_as_processes_threads_or_both()
    {
        var processes = await runs.Model(4, Memory(true));
        Assert.Equal(processes, await runs.Model(2, "--workers", "2"));
        Assert.Equal(processes, await runs.Model(1, "--workers", "4"));
    }

    [MpiFact]
    public async Task Comparing_all_calls_changes_nothing_else() =>
        Assert.Equal(await runs.Model(2, Memory(true)), await runs.Model(2, "--set", "cluster.checkCalls=true"));

    private static string[] Memory(bool shared) => shared ? [] : ["--set", "cluster.sharedMemory=false"];
}
