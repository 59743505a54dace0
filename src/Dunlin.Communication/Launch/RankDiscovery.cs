namespace Dunlin.Communication;

/// <summary>Which rank this process is, from the variables that launchers set.</summary>
/// <remarks>
/// The first family of which rank and size are both set is taken; families never mix. MPI families stand before SLURM: mpirun inside
/// an allocation sets both, and SLURM's values are then those of MPI's daemons. Families behind the one taken are not looked at, but
/// for torchrun's values, which must not contradict those of an MPI family.
/// </remarks>
public static class RankDiscovery
{
    private sealed record Family(LaunchFamily Id, string Rank, string Size, string? LocalRank, string? LocalSize);

    private static readonly Family[] Families =
    [
        new(LaunchFamily.Own, "DUNLIN_RANK", "DUNLIN_WORLD_SIZE", "DUNLIN_LOCAL_RANK", "DUNLIN_LOCAL_WORLD_SIZE"),
        new(LaunchFamily.Torchrun, "RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE"),
        new(LaunchFamily.OpenMpi, "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_SIZE"),
        new(LaunchFamily.Mpich, "PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID", "MPI_LOCALNRANKS"),
        new(LaunchFamily.Mvapich, "MV2_COMM_WORLD_RANK", "MV2_COMM_WORLD_SIZE", "MV2_COMM_WORLD_LOCAL_RANK", "MV2_COMM_WORLD_LOCAL_SIZE"),
        new(LaunchFamily.Slurm, "SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID", null),
        new(LaunchFamily.Kubernetes, "JOB_COMPLETION_INDEX", "DUNLIN_JOB_COMPLETIONS", null, null),
    ];

    /// <summary>Finds the family that has started this process.</summary>
    /// <param name="environment">All variables; empty values count as unset.</param>
    /// <param name="options">What the command line says.</param>
    /// <returns>Null where no family is present: one process, whose ranks are threads.</returns>
    /// <exception cref="LaunchException">Only one of rank and size is set, families disagree, or a value is none.</exception>
    public static LaunchInfo? Discover(IReadOnlyDictionary<string, string> environment, LaunchOptions? options = null)
    {
        var variables = new LaunchVariables(environment, options ?? new());
        foreach (var family in Families)
        {
            if (Identify(variables, family) is not var (rank, size)) continue;
            if (family.Id == LaunchFamily.Torchrun) ExpectAgreement(variables, family, (rank, size));
            var localSize = variables.Number(family.LocalSize, 1, size);
            var localRank = variables.Number(family.LocalRank, 0, (localSize ?? size) - 1);
            return new(rank, size, localRank, localSize, family.Id, MeetingPoints.Of(family.Id, rank, variables));
        }
        return null;
    }

    /// <summary>Whether a launcher has started this process, as one of several or alone; also where what it says is not in order.</summary>
    /// <param name="environment">All variables; empty values count as unset.</param>
    public static bool IsLaunched(IReadOnlyDictionary<string, string> environment)
    {
        var variables = new LaunchVariables(environment, new());
        return Families.Any(family => variables.Get(family.Rank) is not null);
    }

    /// <summary>The rank, or 0 where there is none or what the launcher says is not in order: for those who have to say something before they know more.</summary>
    /// <inheritdoc cref="IsLaunched" path="/param"/>
    public static int RankOf(IReadOnlyDictionary<string, string> environment)
    {
        try { return Discover(environment)?.Rank ?? 0; }
        catch (LaunchException) { return 0; }
    }

    /// <summary>Threads of one rank: DUNLIN_NUM_THREADS, else OMP_NUM_THREADS, else SLURM_CPUS_PER_TASK, else an equal share of the processors.</summary>
    /// <param name="environment">All variables.</param>
    /// <param name="usableProcessors">Processors that this process may use, at least 1.</param>
    /// <param name="localSize">Ranks on this host, at least 1.</param>
    /// <returns>At least 1.</returns>
    /// <exception cref="LaunchException">A value is no number.</exception>
    public static int ThreadsPerRank(IReadOnlyDictionary<string, string> environment, int usableProcessors, int localSize)
    {
        var variables = new LaunchVariables(environment, new());
        return variables.Number("DUNLIN_NUM_THREADS", 1, int.MaxValue)
            ?? variables.Number("OMP_NUM_THREADS", 1, int.MaxValue, firstOfList: true)
            ?? variables.Number("SLURM_CPUS_PER_TASK", 1, int.MaxValue)
            ?? Math.Max(1, usableProcessors / Math.Max(1, localSize));
    }

    private static (int Rank, int Size)? Identify(LaunchVariables variables, Family family)
    {
        var (hasRank, hasSize) = (variables.Get(family.Rank) is not null, variables.Get(family.Size) is not null);
        if (!hasRank && !hasSize) return null;
        if (hasRank != hasSize)
        {
            var (given, lacking) = hasRank ? (family.Rank, family.Size) : (family.Size, family.Rank);
            throw new LaunchException($"{variables.Name(given)} is set but {variables.Name(lacking)} is not. Set both or neither.");
        }
        var size = variables.Number(family.Size, 1, int.MaxValue)!.Value;
        return (variables.Number(family.Rank, 0, size - 1)!.Value, size);
    }

    private static void ExpectAgreement(LaunchVariables variables, Family torchrun, (int Rank, int Size) values)
    {
        foreach (var mpi in Families.Where(f => f.Id is LaunchFamily.OpenMpi or LaunchFamily.Mpich or LaunchFamily.Mvapich))
        {
            if (variables.Get(mpi.Rank) is null || variables.Get(mpi.Size) is null || Identify(variables, mpi) is not { } other || other == values) continue;
            throw new LaunchException(
                $"{torchrun.Rank}={values.Rank} {torchrun.Size}={values.Size} contradict {mpi.Rank}={other.Item1} {mpi.Size}={other.Item2}. " +
                "Unset one pair, or say --rank and --world-size.");
        }
    }
}
