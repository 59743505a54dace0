using System.Globalization;
using Dunlin.Cli.Configuration;
using Dunlin.Training.Checkpoints;

namespace Dunlin.Cli.Commands;

/// <summary>Finds the checkpoint that somebody means by a path: a run's newest good one, or the one of a <c>step-…</c> directory.</summary>
internal static class CheckpointPath
{
    private const string StepPrefix = "step-", Checkpoints = "checkpoints";

    /// <summary>The checkpoint, verified.</summary>
    /// <param name="host">Told about damaged checkpoints that an older one is taken for.</param>
    /// <param name="path">A full path.</param>
    /// <exception cref="ConfigurationException">There is none at this place.</exception>
    /// <exception cref="CheckpointException">It is damaged.</exception>
    public static Checkpoint Find(CliHost host, string path)
    {
        if (!Directory.Exists(path)) throw new ConfigurationException($"{path}: there is no such run or checkpoint.");
        var name = Path.GetFileName(Path.TrimEndingDirectorySeparator(path));
        if (name.StartsWith(StepPrefix, StringComparison.Ordinal) && long.TryParse(name[StepPrefix.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var step))
            return Store(host, Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(path))!).Load(step);
        var inner = Path.Combine(path, Checkpoints);
        return Store(host, Directory.Exists(inner) ? inner : path).LoadLatest()
            ?? throw new ConfigurationException($"{path}: holds no checkpoint; expected a run's directory or a step-… directory.");
    }

    /// <summary>The run that a run's or a checkpoint's path belongs to: the directory with the resolved configuration.</summary>
    /// <exception cref="ConfigurationException">There is none around.</exception>
    public static string RunOf(string path)
    {
        for (var directory = path; directory is not null; directory = Path.GetDirectoryName(directory))
            if (File.Exists(Path.Combine(directory, ResolvedFile.Name)))
                return directory;
        throw new ConfigurationException($"{path}: neither it nor a directory around it holds {ResolvedFile.Name}, which says what model and data it belongs to.");
    }

    private static CheckpointStore Store(CliHost host, string directory) =>
        new(directory, new() { ReadOnly = true, Warn = message => host.Error.WriteLine($"warning: {message}") });
}
