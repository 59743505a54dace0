using System.CommandLine;
using System.Text.RegularExpressions;
using Dunlin.Cli.Configuration;

namespace Dunlin.Cli.Commands.Launch;

/// <summary><c>dunlin slurm</c>: a batch script for SLURM.</summary>
internal static partial class SlurmCommand
{
    public static Command Create(CliHost host)
    {
        var words = new Argument<string[]>("command") { Description = "what every rank runs, after --; dunlin is this very program", Arity = ArgumentArity.OneOrMore };
        var nodes = new Option<int>("--nodes") { Description = "machines", HelpName = "N", DefaultValueFactory = _ => 1 };
        var tasks = new Option<int>("--ntasks-per-node") { Description = "ranks on each", HelpName = "N", DefaultValueFactory = _ => 1 };
        var cpus = new Option<int?>("--cpus-per-task") { Description = "processors of each rank: its threads", HelpName = "N" };
        var time = new Option<string?>("--time") { Description = "the longest one start may take", HelpName = "HH:MM:SS" };
        var partition = new Option<string?>("--partition") { Description = "where it waits", HelpName = "name" };
        var account = new Option<string?>("--account") { Description = "who pays", HelpName = "name" };
        var name = new Option<string?>("--job-name") { Description = "as squeue shows it", HelpName = "name" };
        var signal = new Option<string>("--signal") { Description = "what ranks are sent before time is up, and how many seconds before", HelpName = "USR1@90", DefaultValueFactory = _ => "USR1@90" };
        var mpi = new Option<string>("--mpi") { Description = "how ranks find each other: pmix (Open MPI) or pmi2 (MPICH)", HelpName = "pmix|pmi2", DefaultValueFactory = _ => "pmix" };
        var requeues = new Option<int>("--max-requeues") { Description = "how many times the job goes back to the queue", HelpName = "K", DefaultValueFactory = _ => 20 };
        var log = new Option<string?>("--log") { Description = "where the output goes; NAME-%j.log unless given", HelpName = "pattern" };
        var more = new Option<string[]>("--sbatch") { Description = "a further line of #SBATCH, such as --exclusive", HelpName = "option" };
        var setup = new Option<string[]>("--setup") { Description = "a line to run first, such as \"module load openmpi\"", HelpName = "line" };
        var output = new Option<string?>("--output", "-o") { Description = "the script's file; stdout unless given", HelpName = "file" };
        var command = new Command("slurm", "Writes a batch script for SLURM that goes back to the queue when time is up: dunlin slurm --nodes 4 -- dunlin train tiny | sbatch")
        {
            words, nodes, tasks, cpus, time, partition, account, name, signal, mpi, requeues, log, more, setup, output,
        };
        command.SetAction(parsed =>
        {
            var asked = parsed.GetValue(words)!;
            var job = new SlurmJob(Shell.Join(TrainedRun.Resolve(WithDirectory(host, asked, parsed.GetValue(nodes) * parsed.GetValue(tasks)))))
            {
                Name = Word(parsed.GetValue(name), "--job-name") ?? "dunlin",
                Nodes = Number(parsed.GetValue(nodes), "--nodes", 1),
                TasksPerNode = Number(parsed.GetValue(tasks), "--ntasks-per-node", 1),
                CpusPerTask = parsed.GetValue(cpus) is { } each ? Number(each, "--cpus-per-task", 1) : null,
                Time = parsed.GetValue(time) is not { } limit || TimeLimit().IsMatch(limit) ? parsed.GetValue(time)
                    : throw new ConfigurationException($"--time {limit}: expected minutes, HH:MM:SS, D-HH or D-HH:MM:SS."),
                Partition = Word(parsed.GetValue(partition), "--partition"),
                Account = Word(parsed.GetValue(account), "--account"),
                Signal = SignalAhead().IsMatch(parsed.GetValue(signal)!) ? parsed.GetValue(signal)!
                    : throw new ConfigurationException($"--signal {parsed.GetValue(signal)}: expected a signal and seconds, such as USR1@90: long enough for a step and a checkpoint."),
                Mpi = parsed.GetValue(mpi) is "pmix" or "pmi2" ? parsed.GetValue(mpi)! : throw new ConfigurationException($"--mpi {parsed.GetValue(mpi)}: expected pmix or pmi2."),
                MaxRequeues = Number(parsed.GetValue(requeues), "--max-requeues", 0),
                Log = Word(parsed.GetValue(log), "--log"),
                More = [.. (parsed.GetValue(more) ?? []).Select(line => Word(line, "--sbatch")!)],
                Setup = parsed.GetValue(setup) ?? [],
            };
            var text = SlurmScript.Text(job);
            if (parsed.GetValue(output) is not { } file)
            {
                host.Out.Write(text);
                return ExitCode.Done;
            }
            File.WriteAllText(host.Resolve(file), text);
            host.Out.WriteLine($"{file}; start it with: sbatch {Shell.Join([file])}");
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>A run that is to be gone on with needs a directory that does not depend on what is there when the job starts.</summary>
    private static string[] WithDirectory(CliHost host, string[] command, int ranks)
    {
        if (TrainedRun.Of(host, command) is not { } run) return command;
        run.Check(ranks);
        return command.Any(word => word is "--run" || word.StartsWith("--run=", StringComparison.Ordinal)) ? command : [.. command, "--run", run.Directory];
    }

    private static int Number(int value, string option, int least) =>
        value >= least && value <= LaunchSettings.MostRanks ? value : throw new ConfigurationException($"{option} {value}: expected a whole number from {least} to {LaunchSettings.MostRanks}.");

    /// <summary>#SBATCH lines end at the line's end and at a space before #.</summary>
    private static string? Word(string? value, string option) => value is null || (value.Length > 0 && !value.Any(c => char.IsWhiteSpace(c) || char.IsControl(c) || c == '#'))
        ? value
        : throw new ConfigurationException($"{option} \"{value}\": expected one word without spaces and #.");

    [GeneratedRegex(@"^(?:\d+|(?:\d+:)?\d+:\d+|\d+-\d+(?::\d+(?::\d+)?)?)$")]
    private static partial Regex TimeLimit();

    [GeneratedRegex("^[A-Z0-9]+@[0-9]+$")]
    private static partial Regex SignalAhead();
}
