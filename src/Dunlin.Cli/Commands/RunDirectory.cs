using System.Globalization;
using Dunlin.Cli.Configuration;

namespace Dunlin.Cli.Commands;

/// <summary>Where a run writes: the directory asked for, or <c>runs/&lt;name&gt;-&lt;n&gt;</c>.</summary>
internal static class RunDirectory
{
    private const string Home = "runs";

    /// <summary>Chooses and, where it is new, creates the directory; a run to resume without a directory is the newest of its name.</summary>
    /// <exception cref="ConfigurationException">It holds another run, which is not to be resumed.</exception>
    public static string Choose(CliHost host, RunConfiguration run)
    {
        if (run.RunDirectory is { } asked)
        {
            var directory = host.Resolve(asked);
            if (!run.Options.Resume && Directory.Exists(Path.Combine(directory, "checkpoints")) && Directory.EnumerateDirectories(Path.Combine(directory, "checkpoints"), "step-*").Any())
                throw new ConfigurationException($"{asked} holds a run already: go on with it by --resume, or give another directory by --run.");
            return directory;
        }
        var prefix = run.Name + "-";
        var home = host.Resolve(Home);
        var last = !Directory.Exists(home) ? 0 : Directory.EnumerateDirectories(home, prefix + "*")
            .Select(path => int.TryParse(Path.GetFileName(path)[prefix.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : 0)
            .DefaultIfEmpty(0).Max();
        return Path.Combine(home, $"{prefix}{(run.Options.Resume && last > 0 ? last : last + 1)}");
    }
}
