namespace Dunlin.Cli.Commands.Launch;

/// <summary>Words for a POSIX shell.</summary>
internal static class Shell
{
    /// <summary>A line that a shell takes apart into the same words.</summary>
    public static string Join(IEnumerable<string> words) => string.Join(' ', words.Select(Quote));

    private static string Quote(string word) => word.Length > 0 && word.All(c => char.IsAsciiLetterOrDigit(c) || "-_./:=,@%+".Contains(c, StringComparison.Ordinal))
        ? word
        : $"'{word.Replace("'", @"'\''", StringComparison.Ordinal)}'";
}
