using System.CommandLine;
using Dunlin.Cli.Configuration;
using Dunlin.Cli.Progress;
using Dunlin.Graphs.Profiling;

namespace Dunlin.Cli.Commands;

/// <summary><c>dunlin merge-traces</c>: the traces of a run's workers as one, on one clock.</summary>
internal static class MergeTracesCommand
{
    public static Command Create(CliHost host)
    {
        var files = new Argument<string[]>("trace") { Description = $"files such as {TraceFile.NameOf(0)}, or a run's directory for all of its own", Arity = ArgumentArity.OneOrMore };
        var output = new Option<string>("--out", "-o") { Description = "the merged trace; compressed if it ends in .gz", HelpName = "file", DefaultValueFactory = _ => "trace.json.gz" };
        var command = new Command("merge-traces", "Makes one trace of those of several workers, to be opened in ui.perfetto.dev.") { files, output };
        command.SetAction(parsed =>
        {
            var path = host.Resolve(parsed.GetValue(output)!);
            var ranks = Failures.Preparing(() => TraceMerge.Write([.. parsed.GetValue(files)!.SelectMany(file => Traces(host, file))], path));
            host.Out.WriteLine($"{Format.Count(ranks.Count, "rank")} in {path}");
            return ExitCode.Done;
        });
        return command;
    }

    private static IEnumerable<string> Traces(CliHost host, string given)
    {
        var path = host.Resolve(given);
        if (!Directory.Exists(path)) return File.Exists(path) ? [path] : throw new ConfigurationException($"There is no trace {given}: give files such as {TraceFile.NameOf(0)}, or the directory of a run that had --profile.");
        var files = Directory.EnumerateFiles(path, "trace-rank-*.json.gz").Order(StringComparer.Ordinal).ToList();
        return files.Count > 0 ? files : throw new ConfigurationException($"The directory {given} holds no trace-rank-….json.gz: runs write them with dunlin train … --profile.");
    }
}
