namespace Dunlin.Cli;

/// <summary>The spellings of options that we accept besides our own.</summary>
internal static class Arguments
{
    /// <summary>Turns <c>--batch_size</c> into <c>--batch-size</c> and <c>--no-resume</c> into <c>--resume=false</c>; after <c>--</c> nothing is touched.</summary>
    /// <param name="arguments">As typed.</param>
    /// <param name="flags">The options that are true or false.</param>
    public static string[] Normalize(IReadOnlyList<string> arguments, IReadOnlySet<string> flags)
    {
        var result = arguments.ToArray();
        for (var i = 0; i < result.Length && result[i] != "--"; i++)
        {
            if (!result[i].StartsWith("--", StringComparison.Ordinal)) continue;
            var end = result[i].IndexOf('=', StringComparison.Ordinal) is >= 0 and var equals ? equals : result[i].Length;
            var name = result[i][..end].Replace('_', '-');
            result[i] = end == result[i].Length && name.StartsWith("--no-", StringComparison.Ordinal) && flags.Contains("--" + name[5..])
                ? $"--{name[5..]}=false"
                : name + result[i][end..];
        }
        return result;
    }
}
