using System.Globalization;

namespace Dunlin.Communication;

/// <summary>The processors of this host, whether or not this process may use them all.</summary>
internal static class HostProcessors
{
    private const string File = "/sys/devices/system/cpu/online";

    /// <summary>How many there are; those that this process may use where the system does not say.</summary>
    public static int Count { get; } = Read();

    /// <summary>Counts a list such as <c>0-3,8</c>; null where it is none.</summary>
    internal static int? CountOf(string list)
    {
        var count = 0;
        foreach (var range in list.Trim().Split(','))
        {
            var ends = range.Split('-');
            if (ends.Length > 2 || !int.TryParse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out var first) || !int.TryParse(ends[^1], NumberStyles.None, CultureInfo.InvariantCulture, out var last)) return null;
            count += last - first + 1;
        }
        return count;
    }

    private static int Read()
    {
        try { return CountOf(System.IO.File.ReadAllText(File)) ?? Environment.ProcessorCount; }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { return Environment.ProcessorCount; }
    }
}
