using System.CommandLine;
using Dunlin.Cli.Commands;
using Dunlin.Cli.Commands.Launch;
using Dunlin.Communication;

namespace Dunlin.Cli;

/// <summary>The command <c>dunlin</c>.</summary>
internal static class DunlinCommand
{
    /// <summary>Runs it.</summary>
    /// <param name="arguments">As typed.</param>
    /// <param name="host">The world outside.</param>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public static int Run(IReadOnlyList<string> arguments, CliHost host)
    {
        var debug = new Option<bool>("--debug") { Description = "show where errors come from", Recursive = true, Hidden = true };
        var root = new RootCommand("Trains neural networks on threads, processes and machines.")
        {
            TrainCommand.Create(host),
            PsCommand.Create(host),
            LaunchCommand.Create(host),
            SlurmCommand.Create(host),
            EvaluateCommand.Create(host),
            PredictCommand.Create(host),
            SharpnessCommand.Create(host),
            SummaryCommand.Create(host),
            InspectCommand.Create(host),
            MergeTracesCommand.Create(host),
            InfoCommand.Create(host),
        };
        root.Options.Add(debug);
        // Who types nothing wants to know what there is.
        var parsed = root.Parse(arguments.Count == 0 ? ["--help"] : Arguments.Normalize(arguments, FlagsOf(root)));
        // The library's own code for a wrong command line is 1, which says here that training failed.
        if ((parsed.Errors.Count > 0 && parsed.Action is System.CommandLine.Invocation.ParseErrorAction) || UsageErrors.UnknownOptions(parsed).Any())
        {
            RankOutput.LetFirstSpeak(RankDiscovery.RankOf(host.Environment));
            foreach (var message in UsageErrors.Of(parsed)) host.Error.WriteLine($"dunlin: {message}");
            host.Error.WriteLine($"Try: dunlin {string.Join(' ', CommandPath(parsed))} --help".Replace("  ", " ", StringComparison.Ordinal));
            return ExitCode.Usage;
        }
        try
        {
            return parsed.Invoke(new InvocationConfiguration
            {
                Output = host.Out,
                Error = host.Error,
                EnableDefaultExceptionHandler = false,
                // Signals are for StopSignals.
                ProcessTerminationTimeout = null,
            });
        }
#pragma warning disable CA1031 // The last place where an error can become a message and an exit code.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Failures.Report(host.Error, e, parsed.GetValue(debug));
            return Failures.ExitCodeOf(e);
        }
    }

    /// <summary>Every option that is true or false, of all commands.</summary>
    private static HashSet<string> FlagsOf(Command root) =>
    [
        .. SettingOption.All.Where(option => option.IsFlag).Select(option => option.Name),
        .. root.Subcommands.SelectMany(command => command.Subcommands.Append(command)).Append(root).SelectMany(command => command.Options).Where(option => option.ValueType == typeof(bool)).Select(option => option.Name),
    ];

    private static IEnumerable<string> CommandPath(ParseResult parsed) => parsed.CommandResult.Command is RootCommand ? [] : parsed.CommandResult.Parent is System.CommandLine.Parsing.CommandResult { Command: not RootCommand and var group } ? [group.Name, parsed.CommandResult.Command.Name] : [parsed.CommandResult.Command.Name];
}
