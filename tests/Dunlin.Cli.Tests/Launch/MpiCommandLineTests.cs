using Dunlin.Cli.Commands.Launch;

namespace Dunlin.Cli.Tests.Launch;

public class MpiCommandLineTests
{
    private static readonly MpiJob Two = new(new Placement([new(new("a"), 2, 8), new(new("b"), 2, 8)], Threads: 4), [("DUNLIN__Run__Directory", "/runs/x")], ["dunlin", "train", "tiny"]);

    private static readonly MpiJob Crowded = new(new Placement([new(LaunchHost.Here, 4, 2)], Threads: 1), [], ["hostname"]) { AsRoot = true, LogDirectory = "/logs", Shell = "/bin/reach", More = ["--tag-output"] };

    private static string Text(MpiFamily family, MpiJob job) => string.Join(' ', MpiCommandLine.Of(family, job));

    [Fact]
    public void Open_MPI_4()
    {
        const string keepalive = "--mca oob_tcp_keepalive_time 10 --mca oob_tcp_keepalive_intvl 2 --mca oob_tcp_keepalive_probes 5";
        Assert.Equal($"-n 4 --host a:2,b:2 --use-hwthread-cpus --map-by slot:PE=4 --bind-to hwthread {keepalive} " +
            "-x DUNLIN_NUM_THREADS=4 -x OMP_NUM_THREADS=4 -x DUNLIN__Run__Directory=/runs/x dunlin train tiny", Text(MpiFamily.OpenMpi4, Two));
        Assert.Equal("-n 4 --host localhost:4 --oversubscribe --bind-to none --mca mpi_yield_when_idle 1 --output-filename /logs --allow-run-as-root --mca plm_rsh_agent /bin/reach " +
            $"{keepalive} -x DUNLIN_NUM_THREADS=1 -x OMP_NUM_THREADS=1 --tag-output hostname", Text(MpiFamily.OpenMpi4, Crowded));
        Assert.Contains(" --host a:2,b:2 --bind-to none --mca oob", Text(MpiFamily.OpenMpi4, Two with { Bind = false }), StringComparison.Ordinal);
    }

    [Fact]
    public void Open_MPI_5()
    {
        const string keepalive = "--prtemca oob_tcp_keepalive_time 10 --prtemca oob_tcp_keepalive_intvl 2 --prtemca oob_tcp_keepalive_probes 5";
        Assert.Equal($"-n 4 --host a:2,b:2 --map-by slot:PE=4:HWTCPUS --bind-to hwthread {keepalive} " +
            "-x DUNLIN_NUM_THREADS=4 -x OMP_NUM_THREADS=4 -x DUNLIN__Run__Directory=/runs/x dunlin train tiny", Text(MpiFamily.OpenMpi5, Two));
        Assert.Equal("-n 4 --host localhost:4 --map-by slot:OVERSUBSCRIBE --bind-to none --mca mpi_yield_when_idle 1 --output dir=/logs --allow-run-as-root --prtemca plm_ssh_agent /bin/reach " +
            $"{keepalive} -x DUNLIN_NUM_THREADS=1 -x OMP_NUM_THREADS=1 --tag-output hostname", Text(MpiFamily.OpenMpi5, Crowded));
    }

    [Fact]
    public void Mpich()
    {
        Assert.Equal("-n 4 -hosts a:2,b:2 -bind-to hwthread:4 -genv DUNLIN_NUM_THREADS 4 -genv OMP_NUM_THREADS 4 -genv DUNLIN__Run__Directory /runs/x dunlin train tiny", Text(MpiFamily.Mpich, Two));
        Assert.Equal("-n 4 -hosts localhost:4 -bind-to none -genv MPIR_CVAR_POLLS_BEFORE_YIELD 1 -outfile-pattern /logs/rank-%r.out -errfile-pattern /logs/rank-%r.err " +
            "-launcher ssh -launcher-exec /bin/reach -genv DUNLIN_NUM_THREADS 1 -genv OMP_NUM_THREADS 1 --tag-output hostname", Text(MpiFamily.Mpich, Crowded));
    }

    [Theory]
    [InlineData("mpirun (Open MPI) 4.1.4\n\nReport bugs to …", MpiFamily.OpenMpi4, "4.1.4")]
    [InlineData("mpirun (Open MPI) 5.0.7", MpiFamily.OpenMpi5, "5.0.7")]
    [InlineData("mpiexec (Open MPI) 10.0.0rc1", MpiFamily.OpenMpi5, "10.0.0rc1")]
    [InlineData("HYDRA build details:\n    Version:                                 4.0.2\n    Release Date: …", MpiFamily.Mpich, "4.0.2")]
    public void Launchers_are_known_by_what_they_say(string text, object family, string version) => Assert.Equal(((MpiFamily)family, version), MpiLauncher.Read(text));

    [Fact]
    public void Other_launchers_are_not_taken_for_one_of_them() => Assert.Null(MpiLauncher.Read("srun: slurm 22.05.8"));
}
