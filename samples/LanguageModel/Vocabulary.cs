using System.Text.RegularExpressions;

namespace Dunlin.Samples.LanguageModel;

/// <summary>Words and their numbers. Words are in lower case, punctuation marks are words, and each verse ends with a word of its own.</summary>
public sealed partial class Vocabulary
{
    /// <summary>Stands for all words that are too rare to learn.</summary>
    public const string Unknown = "<unk>";

    /// <summary>Ends a verse.</summary>
    public const string End = "<eos>";

    private readonly Dictionary<string, long> _numbers;

    private Vocabulary(IReadOnlyList<string> words)
    {
        Words = words;
        _numbers = words.Select((word, i) => (word, (long)i)).ToDictionary();
    }

    /// <summary>All words, the most frequent first.</summary>
    public IReadOnlyList<string> Words { get; }

    /// <summary>The words that a text has at least twice.</summary>
    public static Vocabulary Of(IEnumerable<string> verses) => new(
    [
        Unknown,
        .. verses.SelectMany(Split).CountBy(word => word).Where(count => count.Value > 1)
            .OrderByDescending(count => count.Value).ThenBy(count => count.Key, StringComparer.Ordinal).Select(count => count.Key),
    ]);

    /// <summary>The numbers of a text's words.</summary>
    public long[] Encode(IEnumerable<string> verses) => [.. verses.SelectMany(Split).Select(word => _numbers.GetValueOrDefault(word, _numbers[Unknown]))];

    private static IEnumerable<string> Split(string verse) => Word().Matches(verse.ToLowerInvariant()).Select(match => match.Value).Append(End);

    [GeneratedRegex(@"[a-z]+(?:['-][a-z]+)*|[^\sa-z]")]
    private static partial Regex Word();
}
