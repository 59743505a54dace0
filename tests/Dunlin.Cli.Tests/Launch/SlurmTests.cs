using Dunlin.Cli.Commands.Launch;

namespace Dunlin.Cli.Tests.Launch;

/// <summary>The script's text; <c>eng/slurm</c> runs scripts in a real SLURM.</summary>
public class SlurmTests
{
    [Fact]
    public void Options_become_lines_that_say_why()
    {
        var text = SlurmScript.Text(new("./prog")
        {
            Name = "mine",
            Nodes = 4,
            TasksPerNode = 2,
            CpusPerTask = 16,
            Time = "12:00:00",
            Partition = "long",
            Account = "physics",
            Signal = "USR2@300",
            Mpi = "pmi2",
            MaxRequeues = 5,
            More = ["--exclusive"],
            Setup = ["module load mpich"],
        });
        string[] lines = text.Split('\n');
        Assert.Equal("#!/bin/bash", lines[0]);
        var asked = lines.Where(line => line.StartsWith("#SBATCH", StringComparison.Ordinal)).ToList();
        Assert.All(asked, line => Assert.Matches(@"^#SBATCH --\S+ +# \S", line));
        Assert.Equal(
            [
                "--job-name=mine", "--nodes=4", "--ntasks-per-node=2", "--cpus-per-task=16", "--time=12:00:00", "--partition=long", "--account=physics", "--exclusive",
                "--output=mine-%j.log", "--open-mode=append", "--requeue", "--signal=USR2@300",
            ],
            asked.Select(line => line.Split(' ')[1]));
        // SLURM stops to look for #SBATCH at the first line of the shell.
        Assert.True(Array.FindLastIndex(lines, line => line.StartsWith("#SBATCH", StringComparison.Ordinal)) < Array.IndexOf(lines, "module load mpich"));
        Assert.Contains("srun --kill-on-bad-exit=1 --mpi=pmi2 \\", lines);
        Assert.Contains("    ./prog", lines);
        Assert.Contains("    if [ \"$restarts\" -lt 5 ]; then", lines);
        Assert.DoesNotContain('\r', text);
    }

    [Fact]
    public void What_is_not_said_is_left_to_SLURM()
    {
        using var dunlin = new CommandRunner();
        var text = dunlin.Succeed("slurm", "--nodes", "2", "--", "echo", "it's", "$HOME", "");
        Assert.Contains("\n    echo 'it'\\''s' '$HOME' ''\n", text, StringComparison.Ordinal);
        foreach (var option in new[] { "--time", "--partition", "--account", "#SBATCH --cpus-per-task" }) Assert.DoesNotContain($"{option}=", text, StringComparison.Ordinal);
        Assert.Contains("--signal=USR1@90 ", text, StringComparison.Ordinal);
        Assert.Contains("--mpi=pmix", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Training_gets_a_directory_that_all_starts_share()
    {
        using var dunlin = new CommandRunner();
        var text = dunlin.Succeed("slurm", "--", "dunlin", "train", "tiny", "--epochs", "3");
        Assert.Contains($"train tiny --epochs 3 --run {Path.Combine(dunlin.Directory, "runs", "tiny-1")}\n", text, StringComparison.Ordinal);
        Assert.Contains(" train tiny --run mine\n", dunlin.Succeed("slurm", "--", "dunlin", "train", "tiny", "--run", "mine"), StringComparison.Ordinal);
    }

    /// <summary>A fault in what is to be trained shows now and not after a night in the queue.</summary>
    [Fact]
    public void A_wrong_configuration_is_refused_at_once()
    {
        using var dunlin = new CommandRunner();
        Assert.Contains("batchSzie", dunlin.Fail(ExitCode.Usage, "slurm", "--", "dunlin", "train", "tiny", "--set", "training.batchSzie=3"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_is_written_on_request()
    {
        using var dunlin = new CommandRunner();
        Assert.Equal("job.sh; start it with: sbatch job.sh\n", dunlin.Succeed("slurm", "--output", "job.sh", "--", "true"));
        Assert.Equal(dunlin.Succeed("slurm", "--", "true"), File.ReadAllText(Path.Combine(dunlin.Directory, "job.sh")));
    }

    [Theory]
    [InlineData("--nodes 0: expected a whole number from 1", "--nodes", "0")]
    [InlineData("--signal USR1: expected a signal and seconds", "--signal", "USR1")]
    [InlineData("--time soon: expected minutes", "--time", "soon")]
    [InlineData("--mpi openmpi: expected pmix or pmi2", "--mpi", "openmpi")]
    [InlineData("expected one word", "--partition", "a b")]
    [InlineData("expected one word", "--job-name", "x\n#SBATCH --nodes=999")]
    public void What_SLURM_would_misread_is_refused(string message, params string[] arguments)
    {
        using var dunlin = new CommandRunner();
        Assert.Contains(message, dunlin.Fail(ExitCode.Usage, ["slurm", .. arguments, "--", "true"]), StringComparison.Ordinal);
    }
}
