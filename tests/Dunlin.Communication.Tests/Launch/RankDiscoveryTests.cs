namespace Dunlin.Communication.Tests;

public sealed class RankDiscoveryTests
{
    [Theory]
    [InlineData("DUNLIN_RANK=1 DUNLIN_WORLD_SIZE=4 DUNLIN_LOCAL_RANK=0 DUNLIN_LOCAL_WORLD_SIZE=2 DUNLIN_RENDEZVOUS=h1:5000", LaunchFamily.Own, 1, 4, 0, 2, "h1:5000")]
    [InlineData("RANK=2 WORLD_SIZE=4 LOCAL_RANK=1 LOCAL_WORLD_SIZE=2 MASTER_ADDR=h MASTER_PORT=7", LaunchFamily.Torchrun, 2, 4, 1, 2, "h:7")]
    [InlineData("RANK=2 WORLD_SIZE=4 MASTER_ADDR=h", LaunchFamily.Torchrun, 2, 4, null, null, "h:29500")]
    [InlineData("OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=2 OMPI_COMM_WORLD_LOCAL_RANK=0 OMPI_COMM_WORLD_LOCAL_SIZE=2", LaunchFamily.OpenMpi, 0, 2, 0, 2, null)]
    [InlineData("PMI_RANK=1 PMI_SIZE=3 MPI_LOCALRANKID=1 MPI_LOCALNRANKS=3", LaunchFamily.Mpich, 1, 3, 1, 3, null)]
    [InlineData("MV2_COMM_WORLD_RANK=1 MV2_COMM_WORLD_SIZE=3", LaunchFamily.Mvapich, 1, 3, null, null, null)]
    [InlineData("SLURM_PROCID=5 SLURM_STEP_NUM_TASKS=8 SLURM_LOCALID=1 SLURM_STEP_NODELIST=n[001,007-015] SLURM_JOB_ID=8195", LaunchFamily.Slurm, 5, 8, 1, null, "n001:61443")]
    [InlineData("JOB_COMPLETION_INDEX=2 DUNLIN_JOB_COMPLETIONS=3 HOSTNAME=train-2", LaunchFamily.Kubernetes, 2, 3, null, null, "train-0.train:29500")]
    // MPI inside a SLURM allocation: SLURM's values are the daemons'.
    [InlineData("OMPI_COMM_WORLD_RANK=3 OMPI_COMM_WORLD_SIZE=4 SLURM_PROCID=0 SLURM_STEP_NUM_TASKS=2", LaunchFamily.OpenMpi, 3, 4, null, null, null)]
    // A Kubernetes job that starts torchrun has an index, and no count of ours.
    [InlineData("RANK=0 WORLD_SIZE=1 JOB_COMPLETION_INDEX=2", LaunchFamily.Torchrun, 0, 1, null, null, null)]
    [InlineData("RANK=1 WORLD_SIZE=2 PMI_RANK=1 PMI_SIZE=2", LaunchFamily.Torchrun, 1, 2, null, null, null)]
    public void The_first_complete_family_is_taken(string variables, LaunchFamily family, int rank, int size, int? localRank, int? localSize, string? place)
    {
        var info = RankDiscovery.Discover(Environment(variables));
        Assert.NotNull(info);
        Assert.Equal((family, rank, size, localRank, localSize), (info.Family, info.Rank, info.Size, info.LocalRank, info.LocalSize));
        Assert.Equal(place, info.MeetingPoint?.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("SLURM_NTASKS=4")]
    [InlineData("PMIX_RANK=1")]
    [InlineData("RANK= WORLD_SIZE=")]
    public void Without_a_family_there_is_one_process(string variables) => Assert.Null(RankDiscovery.Discover(Environment(variables)));

    [Theory]
    [InlineData("RANK=1", "RANK is set but WORLD_SIZE is not")]
    [InlineData("PMI_SIZE=2", "PMI_SIZE is set but PMI_RANK is not")]
    [InlineData("JOB_COMPLETION_INDEX=2", "JOB_COMPLETION_INDEX is set but DUNLIN_JOB_COMPLETIONS is not")]
    [InlineData("RANK=1 OMPI_COMM_WORLD_RANK=1 OMPI_COMM_WORLD_SIZE=2", "RANK is set but WORLD_SIZE is not")]
    [InlineData("RANK=0 WORLD_SIZE=2 PMI_RANK=1 PMI_SIZE=2", "RANK=0 WORLD_SIZE=2 contradict PMI_RANK=1 PMI_SIZE=2")]
    [InlineData("RANK=2 WORLD_SIZE=2", "RANK=2: expected a whole number from 0 to 1")]
    [InlineData("RANK=0 WORLD_SIZE=two", "WORLD_SIZE=two: expected a whole number of at least 1")]
    [InlineData("DUNLIN_RANK=0 DUNLIN_WORLD_SIZE=1 DUNLIN_RENDEZVOUS=here", "DUNLIN_RENDEZVOUS=here: expected host:port")]
    public void A_contradictory_environment_is_an_error_that_names_the_variables(string variables, string message) =>
        Assert.Contains(message, Assert.Throws<LaunchException>(() => RankDiscovery.Discover(Environment(variables))).Message);

    [Fact]
    public void Options_come_before_every_variable()
    {
        var environment = Environment("DUNLIN_RANK=0 DUNLIN_WORLD_SIZE=2 RANK=0 WORLD_SIZE=1");
        Assert.Equal((3, 4), RankDiscovery.Discover(environment, new("3", "4")) is { } info ? (info.Rank, info.Size) : default);
        Assert.Contains("--rank is set but DUNLIN_WORLD_SIZE is not",
            Assert.Throws<LaunchException>(() => RankDiscovery.Discover(Environment(""), new(Rank: "3"))).Message);
    }

    [Theory]
    [InlineData("DUNLIN_NUM_THREADS=3 OMP_NUM_THREADS=4 SLURM_CPUS_PER_TASK=5", 3)]
    [InlineData("OMP_NUM_THREADS=4,2 SLURM_CPUS_PER_TASK=5", 4)]
    [InlineData("SLURM_CPUS_PER_TASK=5", 5)]
    [InlineData("", 2)]
    public void Threads_are_what_was_asked_for_or_an_equal_share(string variables, int threads) =>
        Assert.Equal(threads, RankDiscovery.ThreadsPerRank(Environment(variables), usableProcessors: 8, localSize: 3));

    private static Dictionary<string, string> Environment(string variables) =>
        variables.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(v => v.Split('=')).ToDictionary(v => v[0], v => v[1]);
}
