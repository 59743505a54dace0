using System.Text;

namespace Dunlin.Cli.Commands.Launch;

/// <summary>What is asked of SLURM. Values that are not given are left to SLURM's own configuration.</summary>
/// <param name="Command">What every rank runs, quoted for a shell.</param>
internal sealed record SlurmJob(string Command)
{
    /// <summary>The job's name.</summary>
    public string Name { get; init; } = "dunlin";

    /// <summary>Machines, at least 1.</summary>
    public int Nodes { get; init; } = 1;

    /// <summary>Ranks on each machine, at least 1.</summary>
    public int TasksPerNode { get; init; } = 1;

    /// <summary>Processors of each rank, or null.</summary>
    public int? CpusPerTask { get; init; }

    /// <summary>The longest a run may take, as SLURM writes it (<c>HH:MM:SS</c>, <c>D-HH</c>), or null.</summary>
    public string? Time { get; init; }

    /// <summary>The partition, or null.</summary>
    public string? Partition { get; init; }

    /// <summary>Who pays, or null.</summary>
    public string? Account { get; init; }

    /// <summary>The signal that says that time is nearly up, and how many seconds before.</summary>
    public string Signal { get; init; } = "USR1@90";

    /// <summary>How srun introduces ranks to each other: pmix for Open MPI, pmi2 for MPICH.</summary>
    public string Mpi { get; init; } = "pmix";

    /// <summary>How many times the job is put in the queue again.</summary>
    public int MaxRequeues { get; init; } = 20;

    /// <summary>Where the output goes, in SLURM's pattern; null for <c>NAME-%j.log</c>.</summary>
    public string? Log { get; init; }

    /// <summary>Further lines of <c>#SBATCH</c>, without that word.</summary>
    public IReadOnlyList<string> More { get; init; } = [];

    /// <summary>Lines to run first, such as <c>module load openmpi</c>.</summary>
    public IReadOnlyList<string> Setup { get; init; } = [];
}

/// <summary>The batch script of <c>dunlin slurm</c>.</summary>
internal static class SlurmScript
{
    /// <summary>Writes it. Every line says why it is there.</summary>
    public static string Text(SlurmJob job)
    {
        var text = new StringBuilder("#!/bin/bash\n# Written by dunlin slurm; start it with: sbatch FILE\n");
        void Ask(string option, string why) => text.Append($"#SBATCH {option,-32} # {why}\n");
        Ask($"--job-name={job.Name}", "as squeue shows it");
        Ask($"--nodes={job.Nodes}", "machines");
        Ask($"--ntasks-per-node={job.TasksPerNode}", "ranks on each");
        if (job.CpusPerTask is { } cpus) Ask($"--cpus-per-task={cpus}", "processors of each rank: its threads");
        if (job.Time is { } time) Ask($"--time={time}", "SLURM ends the job after that");
        if (job.Partition is { } partition) Ask($"--partition={partition}", "where it waits");
        if (job.Account is { } account) Ask($"--account={account}", "who pays");
        foreach (var more in job.More) Ask(more, "as asked for");
        Ask($"--output={job.Log ?? $"{job.Name}-%j.log"}", "what all ranks print; %j is the job's number");
        Ask("--open-mode=append", "a later start adds to it");
        Ask("--requeue", "SLURM may start the job again when a machine fails");
        Ask($"--signal={job.Signal}", "to the ranks, before time is up: finish the step, save, leave with 75");
        text.Append('\n');
        foreach (var line in job.Setup) text.Append(line).Append('\n');
        text.Append($$"""
            # Threads of each rank, for kernels and for libraries with OpenMP. Without --cpus-per-task a rank has one processor.
            export DUNLIN_NUM_THREADS=${SLURM_CPUS_PER_TASK:-1}
            export OMP_NUM_THREADS=$DUNLIN_NUM_THREADS
            # Since SLURM 22.05 srun does not take this from the lines above by itself.
            export SRUN_CPUS_PER_TASK=${SLURM_CPUS_PER_TASK:-1}
            # A later start of this job goes on from the newest checkpoint.
            restarts=${SLURM_RESTART_COUNT:-0}
            [ "$restarts" = 0 ] || export DUNLIN__Run__Resume=true

            # Where ranks note what they ended with, the first in time first. srun's own code is the highest one, and so mostly that of a rank that srun itself has ended.
            # The directory is one that all machines see, as for the log.
            codes=$SLURM_SUBMIT_DIR/.$SLURM_JOB_NAME-$SLURM_JOB_ID.codes
            rm -f "$codes"

            # --kill-on-bad-exit: when one rank ends with an error, all end; without it the others would wait for it until time is up.
            # --mpi={{job.Mpi}}: how the ranks find each other; pmix for Open MPI, pmi2 for MPICH.
            # The shell around each rank outlives signals, which reach the rank as well, and notes how it ended.
            srun --kill-on-bad-exit=1 --mpi={{job.Mpi}} \
                sh -c '{{RankCodes.Script}}' "$codes" \
                {{job.Command}}
            code=$?
            [ $code = 0 ] || [ ! -s "$codes" ] || code=$(head -n 1 "$codes")
            rm -f "$codes"

            # 75: stopped by the signal, with a complete checkpoint. 3, or 128 and more: a rank was lost. In both cases the same job does better when it is started again.
            # 130 is a wish to stop, and all other codes would come again.
            if [ $code = 75 ] || [ $code = 3 ] || { [ $code -ge 128 ] && [ $code != 130 ]; }; then
                if [ "$restarts" -lt {{job.MaxRequeues}} ]; then
                    echo "exit code $code: back to the queue (start $((restarts + 1)) of {{job.MaxRequeues + 1}} is over)"
                    scontrol requeue "$SLURM_JOB_ID"
                    # The requeue ends this script; whoever gets here was refused it.
                    sleep 30
                else
                    echo "exit code $code, and {{job.MaxRequeues}} restarts did not help"
                fi
            fi
            exit $code

            """.ReplaceLineEndings("\n"));
        return text.ToString();
    }
}
