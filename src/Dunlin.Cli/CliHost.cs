using Dunlin.Communication;

namespace Dunlin.Cli;

/// <summary>What the command sees of the world outside, so that tests can give it another one.</summary>
internal sealed record CliHost
{
    /// <summary>Results go here.</summary>
    public required TextWriter Out { get; init; }

    /// <summary>Progress, notes and errors go here.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>What ends the process where its program can't say it any more; <see cref="Error"/> unless set.</summary>
    public TextWriter LastWords { get => field ?? Error; init; }

    /// <summary>All environment variables.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    /// <summary>Relative paths and <c>appsettings.json</c> are looked up here.</summary>
    public required string Directory { get; init; }

    /// <summary>Whether a person watches <see cref="Error"/>.</summary>
    public bool ErrorIsTerminal { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Ends the process at once.</summary>
    public Action<int> Exit { get; init; } = System.Environment.Exit;

    /// <summary>The process's own.</summary>
    public static CliHost OfProcess()
    {
        var environment = StartupEnvironment.All();
        LaunchedTerminal.Quieten(environment);
        return new()
        {
            Out = Console.Out,
            Error = Console.Error,
            Environment = environment,
            Directory = System.Environment.CurrentDirectory,
            ErrorIsTerminal = !Console.IsErrorRedirected,
        };
    }

    /// <summary>A variable's value, or null where it is unset or empty.</summary>
    public string? Variable(string name) => Environment.TryGetValue(name, out var value) && value.Length > 0 ? value : null;

    /// <summary>A path as seen from <see cref="Directory"/>.</summary>
    public string Resolve(string path) => Path.GetFullPath(path, Directory);
}
