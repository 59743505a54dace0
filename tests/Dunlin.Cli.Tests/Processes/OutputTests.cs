using System.Globalization;

namespace Dunlin.Cli.Tests;

/// <summary>What a job of several ranks prints and leaves, also where it can't begin.</summary>
[Collection(nameof(Processes))]
public sealed class OutputTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("dunlin-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [MpiFact]
    public async Task Rank_0_alone_prints_and_the_others_write_logs()
    {
        using var run = new Child(_directory, RankedCommand.Start(3, "train", "tiny", "--threads", "1", "--epochs", "1"));
        Assert.True(await run.ExitCode() == ExitCode.Done, run.Output);
        foreach (var once in new[] { "3 workers of 1 thread", "epoch=1/1 loss=", "done after 16 steps", "curves: " }) Assert.Equal(2, run.Output.Split(once).Length);
        // mpirun gives ranks a terminal; they do not write to it as to one.
        Assert.DoesNotContain('\u001b', run.Output);
        var logs = Path.Combine(_directory, "runs", "tiny-1", "logs");
        Assert.Equal(["rank-0001.log", "rank-0002.log"], Directory.EnumerateFiles(logs).Select(Path.GetFileName).Order());
        Assert.Single(Directory.EnumerateDirectories(Path.Combine(_directory, "runs")));
    }

    [MpiTheory]
    [InlineData("--optimizer adem", "adem")]
    [InlineData("--epoch 3", "\"--epochs\"")]
    [InlineData("--strategy single", "The strategy \"single\" is one worker's, but this run has 2 processes ({0}): start one, or choose another strategy.")]
    public async Task What_does_not_fit_is_said_once_with_exit_code_2(string options, string message)
    {
        using var run = new Child(_directory, RankedCommand.Start(2, ["train", "tiny", .. options.Split(' ')]));
        Assert.True(Mpirun.IsCode(ExitCode.Usage, await run.ExitCode()), run.Output);
        // MPICH's launcher lets a rank go on when another one has ended before both have met: after a while it says the same.
        Assert.InRange(run.Output.Split(string.Format(CultureInfo.InvariantCulture, message, Mpirun.IsMpich ? "Mpich" : "OpenMpi")).Length, 2, Mpirun.IsMpich ? 3 : 2);
    }

    /// <summary>Each of its processes would take itself for the only one.</summary>
    [MpiTheory]
    [InlineData("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OpenMpi")]
    [InlineData("PMI_RANK", "PMI_SIZE", "Mpich")]
    [InlineData("SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "Slurm")]
    public async Task A_launcher_of_another_MPI_is_an_error_and_nobody_trains_alone(string rank, string size, string family)
    {
        var start = Mpirun.Clean(new(RankedCommand.Dunlin[0], [RankedCommand.Dunlin[1], "train", "tiny", "--epochs", "1"]));
        (start.Environment[rank], start.Environment[size]) = ("0", "2");
        using var run = new Child(_directory, start);
        Assert.Equal(ExitCode.Usage, await run.ExitCode());
        Assert.Matches(family == "Mpich" ? "dunlin: .*(MPICH|The launcher)" : $"dunlin: The launcher \\({family}\\) says that this is rank 0 of 2, but .* says rank 0 of 1: the launcher belongs to another MPI", run.Output);
        Assert.False(Directory.Exists(Path.Combine(_directory, "runs")));
    }
}
