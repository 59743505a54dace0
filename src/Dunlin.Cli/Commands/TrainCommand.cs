using System.CommandLine;
using System.Globalization;
using Dunlin.Cli.Configuration;
using Dunlin.Cli.Progress;
using Dunlin.Communication;
using Dunlin.Graphs.Profiling;
using Dunlin.Strategies;
using Dunlin.Training;
using Dunlin.Training.Data;
using Spectre.Console;

namespace Dunlin.Cli.Commands;

/// <summary><c>dunlin train</c>: from a configuration to a trained model.</summary>
internal static class TrainCommand
{
    /// <summary>Operations that are printed at the end.</summary>
    private const int ProfileRows = 12;

    public static Command Create(CliHost host)
    {
        var subject = new Argument<string?>("config") { Description = $"a JSON file, or a recipe: {string.Join(", ", Recipe.Names)}", Arity = ArgumentArity.ZeroOrOne };
        var config = new Option<string?>("--config") { Description = "a JSON file whose values go over those of the recipe", HelpName = "file" };
        var dryRun = new Option<bool>("--dry-run") { Description = "resolve, build and print, then stop" };
        var json = new Option<bool>("--json") { Description = "events on stdout, one JSON object a line" };
        var command = new Command("train", "Trains a model. Options that are true or false are negated by --no-…") { subject, config, dryRun, json };
        var values = SettingOption.AddTo(command);
        command.SetAction(parsed =>
        {
            var launch = RankDiscovery.Discover(host.Environment);
            using var output = new RankOutput(host, launch);
            Cluster? cluster = null;
            StopSignals? signals = null;
            var code = ExitCode.Done;
            try
            {
                // A look at what would be trained needs no other process.
                var (run, data) = Failures.Preparing(() => Prepare(output.Host, parsed.GetValue(subject), parsed.GetValue(config), values(parsed),
                    options => cluster ??= parsed.GetValue(dryRun) ? Cluster.Alone(options) : Cluster.Join(host.Environment, options)));
                if (parsed.GetValue(dryRun)) return Print(output.Host, run, data);
                signals = new StopSignals(output.Host, run.Grace);
                return Train(output, run, data, cluster!, signals, parsed.GetValue(json));
            }
#pragma warning disable CA1031 // Told here, where it is known which process it is, and to the other processes.
            catch (Exception e) when (launch is { Size: > 1 })
#pragma warning restore CA1031
            {
                cluster?.Abort(e.Message);
                output.Report(e, debug: false);
                return code = Failures.ExitCodeOf(e);
            }
            finally
            {
                cluster?.Dispose();
                if (code == ExitCode.PeerFailed) RankOutput.LetOtherLeave();
                // Until here: when the first rank has left with 75, mpirun sends SIGTERM to those that are about to.
                signals?.Dispose();
            }
        });
        return command;
    }

    /// <summary>Reads a configuration and loads its data.</summary>
    internal static (RunConfiguration Run, TrainTest Data) Prepare(
        CliHost host, string? subject, string? configFile, IEnumerable<(string, string, string)> options, Func<ClusterOptions, Cluster> join, ServerProcesses? processes = null)
    {
        if (subject is null && configFile is null) throw new ConfigurationException($"Nothing to train: give a JSON file or a recipe ({string.Join(", ", Recipe.Names)}).");
        var name = Path.GetFileNameWithoutExtension(subject ?? configFile!);
        var settings = ConfigurationSources.Join(host, subject, configFile, options);
        var run = new RunConfiguration(settings, host, name, join, processes);
        if (run.Data.Replacement is { } replacement)
        {
            host.Error.WriteLine($"dunlin: the data set {run.Data.Name} is not installed, so this run trains on {replacement} instead: " +
                $"its accuracy says nothing about {run.Data.Name}. For the real one: apt-get install dataset-fashion-mnist, or --data DIR.");
            var why = $"replacement of {run.Data.Name}, which is not installed";
            var instead = new Group(why, ("data", new Group(why, (Group.Name, new Leaf(replacement, why))) { IsVariant = true }));
            run = new RunConfiguration(settings.Under(instead), host, name, join, processes);
        }
        return (run, run.Data.Load(host));
    }

    private static int Print(CliHost host, RunConfiguration run, TrainTest data)
    {
        host.Out.Write(ResolvedFile.Text(run.Root));
        foreach (var line in Failures.Preparing(() => ModelTable.Lines(run, data.Train))) host.Out.WriteLine(line);
        host.Out.WriteLine($"{data.Train.Count:N0} training and {data.Test.Count:N0} test examples; dry run: nothing was trained.");
        return ExitCode.Done;
    }

    /// <summary>Trains, reports and saves.</summary>
    internal static int Train(RankOutput output, RunConfiguration run, TrainTest data, Cluster cluster, StopSignals signals, bool asJson)
    {
        var host = output.Host;
        _ = Failures.Preparing(() => ModelTable.Lines(run, data.Train));
        WarnOfSlowness(host, run.Options);
        var directory = cluster.FromFirst(() => RunDirectory.Choose(host, run));
        output.OpenLog(directory);
        // What a run was started with stays as it is until it is known that the run goes on with other values.
        var goesOn = run.Options.Resume && File.Exists(Path.Combine(directory, ResolvedFile.Name));
        if (!goesOn && cluster.Rank == 0) ResolvedFile.Write(directory, run.Root);
        var meter = new StepMeter(host.Clock) { MaxSteps = run.Options.MaxSteps };
        TrainingResult result;
        var live = host.ErrorIsTerminal ? new LiveProgress(Terminal(host), meter) : null;
        try
        {
            var options = run.Options with
            {
                RunDirectory = directory,
                Observers =
                [
                    meter,
                    live ?? (ITrainingObserver)new PlainProgress(host.Error, host.Clock, meter),
                    new SignalObserver(signals),
                    .. goesOn ? [new ResolvedObserver(directory, run.Root)] : (ITrainingObserver[])[],
                    .. asJson ? [new JsonEvents(host.Out, host.Clock)] : (ITrainingObserver[])[],
                ],
            };
            result = new Trainer(run.Recipe(data.Train.Count), options).Fit(data.Train, data.Test.Count > 0 ? data.Test : null, signals.Token);
        }
        finally
        {
            live?.Dispose();
        }
        if (!asJson) Report(host, run, result, directory);
        // Only the first process knows what it has saved.
        return int.Parse(cluster.FromFirst(() => ExitCodeOf(host, result, directory).ToString(CultureInfo.InvariantCulture)), CultureInfo.InvariantCulture);
    }

    /// <summary>What was asked for is done, but it is not what it is asked for: faster.</summary>
    private static void WarnOfSlowness(CliHost host, TrainerOptions options)
    {
        if (!options.Kernels.Multiplies(options.Precision))
            host.Error.WriteLine($"dunlin: the kernel set {options.Kernels.Name} does not multiply {options.Precision} on this processor: products are computed in Float32, so that training in this " +
                "precision is slower than without --precision. dunlin info says what this machine has.");
    }

    private static IAnsiConsole Terminal(CliHost host) => AnsiConsole.Create(new AnsiConsoleSettings
    {
        Out = new AnsiConsoleOutput(host.Error),
        ColorSystem = host.Variable("NO_COLOR") is null ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
    });

    private static void Report(CliHost host, RunConfiguration run, TrainingResult result, string directory)
    {
        var reason = result.Reason switch
        {
            EndReason.Completed => "done",
            EndReason.Converged => "done: no step lowers the loss any more",
            EndReason.EarlyStop => "stopped early: no longer getting better",
            _ => "stopped on request",
        };
        host.Out.WriteLine($"{reason} after {Format.Count(result.Steps, "step")}");
        var measuredOn = result.Epochs is [.., { Validation.Count: > 0 }] ? "test" : "training";
        foreach (var (name, value) in result.Metrics) host.Out.WriteLine($"{measuredOn} {name}: {Format.Metric(value)}");
        host.Out.WriteLine($"run: {directory}");
        if (result.LastCheckpoint is not null) host.Out.WriteLine($"checkpoint: {result.LastCheckpoint}");
        if (result.BestCheckpoint is not null && result.BestCheckpoint != result.LastCheckpoint) host.Out.WriteLine($"best checkpoint: {result.BestCheckpoint}");
        host.Out.WriteLine($"curves: {Path.Combine(directory, "curves.svg")}");
        if (result.Profile is { } profile) Report(host, profile);
        else if (run.Options.Profile is not null) host.Out.WriteLine("profile: none, since the run ended before a step could be profiled");
    }

    /// <summary>What takes longest; the files tell the rest.</summary>
    private static void Report(CliHost host, RunProfile profile)
    {
        host.Out.WriteLine();
        host.Out.WriteLine(profile.Operations.Title);
        foreach (var line in profile.Operations.Lines(profile.Operations.Operations, ProfileRows)) host.Out.WriteLine(line);
        host.Out.WriteLine(PeakMemoryTable.Title(profile.Memory));
        foreach (var file in profile.Files) host.Out.WriteLine($"profile: {file}");
        if (profile.Files.Count > 2) host.Out.WriteLine($"one trace of all workers: dunlin merge-traces {Path.GetDirectoryName(profile.Files[0])}");
    }

    /// <summary>0 and 75 promise that nothing is lost: the last step is in the last checkpoint.</summary>
    private static int ExitCodeOf(CliHost host, TrainingResult result, string directory)
    {
        var isSaved = result.LastCheckpoint is { } saved && Path.GetFileName(saved) == $"step-{result.Steps:00000000}";
        if (result.Reason != EndReason.Stopped && isSaved) return ExitCode.Done;
        if (isSaved)
        {
            host.Error.WriteLine($"dunlin: saved; go on with the same command and --run {directory} --resume");
            return ExitCode.StartAgain;
        }
        host.Error.WriteLine($"dunlin: the checkpoint of the last step, {result.Steps}, could not be saved: " +
            $"{(result.LastCheckpoint is null ? "there is none" : $"the newest one is {result.LastCheckpoint}")}. Make room, and repeat what is missing with --run {directory} --resume.");
        return ExitCode.Failed;
    }

    private sealed class ResolvedObserver(string directory, Section root) : ITrainingObserver
    {
        public void Started(TrainingPlan plan) => ResolvedFile.Write(directory, root);
    }

    private sealed class SignalObserver(StopSignals signals) : ITrainingObserver
    {
        public void CheckpointSaved(string directory, long step) => signals.CheckpointSaved();
    }
}
