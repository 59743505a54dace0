namespace Dunlin;

/// <summary>The one place that reads the process's environment; everything else is told what it needs by its caller.</summary>
public static class StartupEnvironment
{
#pragma warning disable RS0030 // This is the home of that call.
    /// <summary>An environment variable's value, or null where it is unset or empty.</summary>
    public static string? Get(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    /// <summary>All environment variables, for configuration.</summary>
    public static IReadOnlyDictionary<string, string> All() => Environment.GetEnvironmentVariables()
        .Cast<System.Collections.DictionaryEntry>()
        .ToDictionary(e => (string)e.Key, e => (string?)e.Value ?? "", StringComparer.Ordinal);
#pragma warning restore RS0030
}
