using System.Globalization;

namespace Dunlin.Communication;

/// <summary>SLURM's short form of host names: <c>n1</c>, <c>n1,h2</c>, <c>n[001-015],h2</c>, <c>r[1-2]n[01,07-15]</c>.</summary>
public static class SlurmNodeList
{
    /// <summary>More hosts than any cluster has: a longer list is a mistake, and would fill the memory.</summary>
    private const int MostHosts = 1 << 20;

    /// <summary>The first host.</summary>
    /// <exception cref="LaunchException">The list can't be read.</exception>
    public static string First(string list) => Hosts(list).First();

    /// <summary>All hosts, in order.</summary>
    /// <exception cref="LaunchException">The list can't be read, or names more than 2^20 hosts.</exception>
    public static IReadOnlyList<string> Expand(string list)
    {
        var hosts = Hosts(list).Take(MostHosts + 1).ToArray();
        return hosts.Length <= MostHosts ? hosts : throw Unreadable(list, $"it names more than {MostHosts} hosts");
    }

    private static IEnumerable<string> Hosts(string list) => SplitOutside(list).SelectMany(item => ExpandItem(item, list));

    /// <summary>Cuts at the commas that stand in no brackets.</summary>
    private static IEnumerable<string> SplitOutside(string list)
    {
        var (begin, depth) = (0, 0);
        for (var i = 0; i < list.Length; i++)
        {
            if (list[i] == '[') depth++;
            if (list[i] == ']') depth--;
            if (depth is < 0 or > 1) throw Unreadable(list, $"the bracket at {i} has no partner");
            if (list[i] != ',' || depth > 0) continue;
            yield return list[begin..i];
            begin = i + 1;
        }
        if (depth != 0) throw Unreadable(list, "a bracket is not closed");
        yield return list[begin..];
    }

    private static IEnumerable<string> ExpandItem(string item, string list)
    {
        if (item.Length == 0) throw Unreadable(list, "a name is empty");
        var open = item.IndexOf('[');
        if (open < 0) return [item];
        var close = item.IndexOf(']', open);
        var (prefix, rest) = (item[..open], item[(close + 1)..]);
        var tails = rest.Length == 0 ? [""] : ExpandItem(rest, list);
        return item[(open + 1)..close].Split(',').SelectMany(range => Range(range, list)).SelectMany(_ => tails, (number, tail) => prefix + number + tail);
    }

    /// <summary>Numbers keep the width of the first: 007-015.</summary>
    private static IEnumerable<string> Range(string range, string list)
    {
        var ends = range.Split('-');
        if (ends.Length > 2 || !Parse(ends[0], out var first) || !Parse(ends[^1], out var last) || last < first)
            throw Unreadable(list, $"\"{range}\" is no range");
        for (var number = first; number <= last; number++) yield return number.ToString(CultureInfo.InvariantCulture).PadLeft(ends[0].Length, '0');
    }

    private static bool Parse(string digits, out long number) => long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out number) && digits.Length < 18;

    private static LaunchException Unreadable(string list, string why) => new($"The SLURM node list \"{list}\" can't be read: {why}.");
}
