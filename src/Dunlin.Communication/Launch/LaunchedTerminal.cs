namespace Dunlin.Communication;

/// <summary>The terminal of a process that a launcher has started.</summary>
public static class LaunchedTerminal
{
    /// <summary>
    /// mpirun gives ranks terminals of its own, whose text ends up in files: .NET would begin it with characters that switch the keypad. Without a terminal's name it does not. To be called before
    /// anything is written; <see cref="Cluster.Join(ClusterOptions?, LaunchOptions?)"/> does. Who was not started by a launcher keeps the terminal as it is.
    /// </summary>
    /// <param name="environment">All variables.</param>
    public static void Quieten(IReadOnlyDictionary<string, string> environment)
    {
        if (RankDiscovery.IsLaunched(environment)) Environment.SetEnvironmentVariable("TERM", "dumb");
    }
}
