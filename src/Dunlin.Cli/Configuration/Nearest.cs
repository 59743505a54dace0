namespace Dunlin.Cli.Configuration;

/// <summary>Finds what somebody who mistyped a name probably meant.</summary>
internal static class Nearest
{
    /// <summary>The end of an error's sentence: the nearest candidate, or all of them where none is near.</summary>
    public static string Hint(string name, IEnumerable<string> candidates)
    {
        var all = candidates.ToList();
        return Find(name, all) is { } near ? $"did you mean \"{near}\"?"
            : all.Count == 0 ? "there are none here."
            : $"known: {string.Join(", ", all)}.";
    }

    /// <summary>The candidate with the least edit distance, or null where all are too far to be meant.</summary>
    public static string? Find(string name, IEnumerable<string> candidates)
    {
        var normal = Group.Normal(name);
        var best = candidates.Select(candidate => (Candidate: candidate, Distance: Distance(normal, Group.Normal(candidate)))).MinBy(pair => pair.Distance);
        return best.Candidate is not null && best.Distance <= Math.Max(2, normal.Length / 3) ? best.Candidate : null;
    }

    /// <summary>Insertions, deletions, substitutions and swaps of neighbours between two words (Damerau, 1964; optimal string alignment).</summary>
    public static int Distance(string a, string b)
    {
        var d = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++) d[i, 0] = i;
        for (var j = 0; j <= b.Length; j++) d[0, j] = j;
        for (var i = 1; i <= a.Length; i++)
            for (var j = 1; j <= b.Length; j++)
            {
                var cost = a[i - 1] == b[j - 1] ? 0 : 1;
                d[i, j] = Math.Min(Math.Min(d[i - 1, j] + 1, d[i, j - 1] + 1), d[i - 1, j - 1] + cost);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + 1);
            }
        return d[a.Length, b.Length];
    }
}
