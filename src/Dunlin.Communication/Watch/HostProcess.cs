namespace Dunlin.Communication;

/// <summary>What the system says of a process on this host.</summary>
internal enum Life
{
    /// <summary>It runs, or waits for something.</summary>
    Runs,
    /// <summary>A signal or a debugger has stopped it.</summary>
    Stopped,
    /// <summary>It has ended.</summary>
    Ended,
    /// <summary>The system does not say.</summary>
    Unknown,
}

/// <summary>Looks at processes of this host: those that give no sign may be slow, stopped or dead, and /proc knows which.</summary>
internal static class HostProcess
{
    public static Life LifeOf(int pid)
    {
        if (!OperatingSystem.IsLinux()) return Life.Unknown;
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            // "pid (name) state ...": the name may hold anything, brackets too.
            return stat[stat.LastIndexOf(')') + 2] switch
            {
                'T' or 't' => Life.Stopped,
                'Z' or 'X' => Life.Ended,
                _ => Life.Runs,
            };
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return Life.Ended;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Life.Unknown;
        }
    }
}
