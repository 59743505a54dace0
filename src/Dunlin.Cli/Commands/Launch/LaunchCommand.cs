using System.CommandLine;
using Dunlin.Cli.Configuration;
using Dunlin.Communication;

namespace Dunlin.Cli.Commands.Launch;

/// <summary><c>dunlin launch</c>: a program on several processes and machines, by MPI.</summary>
internal static class LaunchCommand
{
    public static Command Create(CliHost host)
    {
        var words = new Argument<string[]>("command") { Description = "what every rank runs, after --; dunlin is this very program", Arity = ArgumentArity.OneOrMore };
        var ranks = new Option<int?>("--ranks", "-n", "-np") { Description = "ranks in all", HelpName = "N" };
        var perHost = new Option<string?>("--nproc-per-node") { Description = "ranks on each host; auto, as without: what --hosts says, else one for each processor", HelpName = "N|auto" };
        var hosts = new Option<string?>("--hosts") { Description = "machines, and how many ranks they take; this machine unless given", HelpName = "a:2,b:2" };
        var hostFile = new Option<string?>("--hostfile") { Description = "the same as a file, one host a line: a slots=2, or a:2", HelpName = "file" };
        var counts = new Option<string?>("--nnodes") { Description = "with fewer hosts a run does not start, more are spare ones; all hosts unless given", HelpName = "MIN:MAX" };
        var restarts = new Option<int>("--max-restarts") { Description = "how many times to start again, with --resume, when a rank was lost", HelpName = "K" };
        var logs = new Option<string?>("--log-dir") { Description = "keep each rank's output there as well", HelpName = "directory" };
        var threads = new Option<int?>("--threads") { Description = "threads of each rank; an equal share of the processors unless given", HelpName = "T" };
        var bind = new Option<bool>("--bind") { Description = "bind ranks to processors where there are enough; --no-bind where other jobs share them", DefaultValueFactory = _ => true };
        var grace = new Option<double>("--grace") { Description = "seconds that the ranks may take to end after a signal", HelpName = "s", DefaultValueFactory = _ => 60 };
        var shell = new Option<string?>("--rsh") { Description = "the program that runs a command on another host; ssh unless MPI is set up otherwise", HelpName = "program" };
        var mpirun = new Option<string?>("--mpirun") { Description = "MPI's launcher; mpirun or mpiexec in PATH unless given", HelpName = "file" };
        var more = new Option<string?>("--mpirun-args") { Description = "more arguments for it", HelpName = "\"words\"" };
        var dryRun = new Option<bool>("--dry-run") { Description = "print what would be started, then stop" };
        var command = new Command("launch", "Runs a command on several processes and machines, by MPI, and again when a rank was lost: dunlin launch -n 4 -- dunlin train tiny")
        {
            words, ranks, perHost, hosts, hostFile, counts, restarts, logs, threads, bind, grace, shell, mpirun, more, dryRun,
        };
        command.SetAction(parsed =>
        {
            var all = HostsOf(host, parsed.GetValue(hosts), parsed.GetValue(hostFile));
            var (min, max) = LaunchSettings.ParseHostCounts(parsed.GetValue(counts), all.Count);
            var settings = new LaunchSettings
            {
                Hosts = all,
                Ranks = Checked(parsed.GetValue(ranks), "-n", 1, LaunchSettings.MostRanks),
                RanksPerHost = LaunchSettings.ParseRanksPerHost(parsed.GetValue(perHost)),
                MinHosts = min,
                MaxHosts = max,
                MaxRestarts = Checked(parsed.GetValue(restarts), "--max-restarts", 0, 1_000_000)!.Value,
                LogDirectory = parsed.GetValue(logs),
                Threads = Checked(parsed.GetValue(threads), "--threads", 1, 1024) ?? ThreadsSaid(host),
                Bind = parsed.GetValue(bind),
                Grace = parsed.GetValue(grace) is >= 0 and <= 86_400 and var seconds ? TimeSpan.FromSeconds(seconds) : throw new ConfigurationException($"--grace {parsed.GetValue(grace)}: expected from 0 to 86400 seconds."),
                Shell = parsed.GetValue(shell),
                MpiArguments = (parsed.GetValue(more) ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries),
                Command = parsed.GetValue(words)!,
            };
            var mpi = MpiLauncher.Find(host, parsed.GetValue(mpirun));
            return parsed.GetValue(dryRun) ? Print(host, settings, mpi) : new Supervisor(host, settings, mpi).Run();
        });
        return command;
    }

    private static IReadOnlyList<LaunchHost> HostsOf(CliHost host, string? list, string? file)
    {
        if (list is not null && file is not null) throw new ConfigurationException("--hosts and --hostfile say the same: give one of them.");
        if (file is not null && !File.Exists(host.Resolve(file))) throw new ConfigurationException($"--hostfile {file}: there is no such file.");
        return list is not null ? LaunchHost.ParseList(list) : file is not null ? LaunchHost.ParseFile(File.ReadLines(host.Resolve(file)), file) : [LaunchHost.Here];
    }

    /// <summary>What the environment of this command says of threads goes for all ranks.</summary>
    private static int? ThreadsSaid(CliHost host) =>
        (host.Variable("DUNLIN_NUM_THREADS") ?? host.Variable("OMP_NUM_THREADS")) is not null ? RankDiscovery.ThreadsPerRank(host.Environment, 1, 1) : null;

    private static int? Checked(int? value, string option, int least, int most) =>
        value is null || (value >= least && value <= most) ? value : throw new ConfigurationException($"{option} {value}: expected a whole number from {least} to {most}.");

    /// <summary>As if every host had the processors of this one.</summary>
    private static int Print(CliHost host, LaunchSettings settings, MpiLauncher mpi)
    {
        Placement.Check(settings);
        var placement = Placement.Of(settings, [.. settings.Hosts.Select(one => (one, Environment.ProcessorCount))]);
        var job = new Supervisor(host, settings with { LogDirectory = null }, mpi).Job(placement, TrainedRun.Of(host, settings.Command), 1) with { LogDirectory = settings.LogDirectory };
        host.Out.WriteLine($"# {mpi.Name}");
        host.Out.WriteLine(Shell.Join([mpi.Path, .. MpiCommandLine.Of(mpi.Family, job)]));
        return ExitCode.Done;
    }
}
