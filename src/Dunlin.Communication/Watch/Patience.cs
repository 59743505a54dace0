using System.Globalization;

namespace Dunlin.Communication;

/// <summary>When silence means that a process is lost.</summary>
/// <param name="Silence">How long a process of another host may give no sign.</param>
internal sealed record Patience(TimeSpan Silence)
{
    /// <summary>How often every process gives a sign.</summary>
    public static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(200);

    /// <summary>After this much silence a process of the same host is looked at.</summary>
    private static readonly TimeSpan Doubt = TimeSpan.FromSeconds(1);

    /// <summary>A process that runs but gives no sign for this many times <see cref="Silence"/> is given up: its machine does not let it run.</summary>
    private const int Overload = 10;

    /// <summary>What has become of a silent process: what can be said after its name, or null if it may be just slow.</summary>
    /// <param name="silent">Since when it has given no sign.</param>
    /// <param name="pid">Its number, if it is on this host.</param>
    public string? Judge(TimeSpan silent, int? pid)
    {
        if (pid is not { } own) return silent < Silence ? null : $"has given no sign for {Seconds(silent)}: it has stopped, or the network to it is cut";
        if (silent < Doubt) return null;
        return HostProcess.LifeOf(own) switch
        {
            Life.Stopped => $"is stopped (by a signal or a debugger), for {Seconds(silent)}",
            Life.Ended => "died",
            _ => silent < Overload * Silence ? null : $"runs, but has given no sign for {Seconds(silent)}: its machine is overloaded",
        };
    }

    private static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s");
}
