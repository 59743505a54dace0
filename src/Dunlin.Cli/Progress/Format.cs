namespace Dunlin.Cli.Progress;

/// <summary>How figures look in lines for people.</summary>
internal static class Format
{
    /// <summary>Such as 00:04:11; dashes where the time is not known.</summary>
    public static string Time(double seconds) => double.IsFinite(seconds) && seconds < 1e9
        ? $"{(long)seconds / 3600:00}:{(long)seconds / 60 % 60:00}:{(long)seconds % 60:00}"
        : "--:--:--";

    /// <summary>Four significant digits, however small: a loss of 3e-05 is not 0.</summary>
    public static string Metric(double value) => Math.Abs(value) is >= 0.001 and < 10_000 or 0 ? $"{value:0.0000}" : $"{value:0.000e+00}";

    /// <summary>Such as "1 step" or "12 steps".</summary>
    public static string Count(long count, string noun) => $"{count} {noun}{(count == 1 ? "" : "s")}";

    /// <summary>A length with a unit that fits it.</summary>
    public static string Bytes(long bytes) => bytes switch
    {
        >= 1 << 30 => $"{bytes / (double)(1 << 30):0.00} GiB",
        >= 1 << 20 => $"{bytes / (double)(1 << 20):0.00} MiB",
        >= 1 << 10 => $"{bytes / (double)(1 << 10):0.0} KiB",
        _ => $"{bytes} B",
    };
}
