using Dunlin.Cli.Configuration;
using Dunlin.Cli.Progress;
using Dunlin.Strategies;
using Dunlin.Training.Checkpoints;

namespace Dunlin.Cli.Commands.Launch;

/// <summary>What is known of a command that is <c>dunlin train …</c>: where its run lies, so that a later start goes on with it.</summary>
internal sealed class TrainedRun
{
    private readonly RunConfiguration _run;

    private TrainedRun(string directory, RunConfiguration run) => (Directory, _run) = (directory, run);

    /// <summary>The run's directory, the same for every start and rank.</summary>
    public string Directory { get; }

    /// <summary>What says so to the ranks.</summary>
    public (string Name, string Value) Variable => ("DUNLIN__Run__Directory", Directory);

    /// <summary>The checkpoint that a start would go on from, for people.</summary>
    public string From()
    {
        var checkpoints = Path.Combine(Directory, "checkpoints");
        var newest = System.IO.Directory.Exists(checkpoints) ? new CheckpointStore(checkpoints, new() { ReadOnly = true }).LoadLatest() : null;
        return newest is null ? $"from the beginning, as {Directory} holds no checkpoint yet" : $"from step {newest.State.Step} of {Directory}";
    }

    /// <summary>Reads the command as its processes will.</summary>
    /// <returns>Null where it is something else than <c>dunlin train</c>.</returns>
    /// <exception cref="ConfigurationException">Its configuration is wrong: every rank would say so.</exception>
    public static TrainedRun? Of(CliHost host, IReadOnlyList<string> command)
    {
        if (command is not ["dunlin", "train", ..]) return null;
        var flags = SettingOption.All.Where(option => option.IsFlag).Select(option => option.Name).ToHashSet();
        var parsed = TrainCommand.Create(host).Parse(Arguments.Normalize([.. command.Skip(2)], flags));
        var (subject, file) = (parsed.GetValue<string?>("config"), parsed.GetValue<string?>("--config"));
        // The ranks say what is wrong with the words themselves.
        if (parsed.Errors.Count > 0 || (subject ?? file) is not { } named) return null;
        var settings = ConfigurationSources.Join(host, subject, file, SettingOption.ValuesOf(parsed));
        return Failures.Preparing(() =>
        {
            var run = new RunConfiguration(settings, host, Path.GetFileNameWithoutExtension(named));
            return new TrainedRun(RunDirectory.Choose(host, run), run);
        });
    }

    /// <summary>Refuses a number of ranks that does not go with the parameter servers and workers that were asked for: each rank would say so, on a cluster after a night in the queue.</summary>
    /// <exception cref="ConfigurationException">It does not.</exception>
    public void Check(int ranks)
    {
        // Unless somebody says how many workers there are, all ranks that are no servers are.
        if (_run.Options.Strategy is not ParameterServer { Workers: var workers, Options.Servers: var servers } || ranks == 1 || ranks == workers + servers || _run.Root.Sources["strategy.workers"] == Section.Default) return;
        throw new ConfigurationException($"{Format.Count(workers, "worker")} and {Format.Count(servers, "server")} are {workers + servers} processes, but {ranks} ranks are to be started: say other numbers of ranks, workers or servers.");
    }

    /// <summary>What is started for the word <c>dunlin</c>: this very program.</summary>
    public static IReadOnlyList<string> Resolve(IReadOnlyList<string> command) => command is ["dunlin", ..] ? [.. Self, .. command.Skip(1)] : command;

    private static string[] Self => Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dunlin"
        ? [path]
        : [Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet", typeof(TrainedRun).Assembly.Location];
}
