using Dunlin.Training.Data;

namespace Dunlin.Samples.Tagger;

/// <summary>Sentences to learn from and others to judge by, and the words that the first of them know.</summary>
public sealed class Corpus
{
    /// <summary>The number that fills sentences up to a batch's length.</summary>
    public const int Padding = 0;

    /// <summary>The number of words that are too rare to be known.</summary>
    private const int Unknown = 1;

    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);

    public Corpus(IReadOnlyList<TaggedSentence> train, IReadOnlyList<TaggedSentence> test, int leastCount)
    {
        (Train, Test) = (train, test);
        foreach (var (word, count) in train.SelectMany(s => s.Words).CountBy(w => w).OrderByDescending(p => p.Value).ThenBy(p => p.Key, StringComparer.Ordinal))
            if (count >= leastCount) _numbers[word] = _numbers.Count + 2;
    }

    public IReadOnlyList<TaggedSentence> Train { get; }

    public IReadOnlyList<TaggedSentence> Test { get; }

    /// <summary>How many word numbers there are.</summary>
    public int Words => _numbers.Count + 2;

    /// <summary>The King James Bible, of which every tenth verse is held back; words that occur once are unknown.</summary>
    public static Corpus Bible()
    {
        var sentences = KingJamesBible.Load().Select(v => TaggedSentence.Parse(v.Text)).Where(s => s.Words.Length > 0).ToList();
        return new([.. sentences.Where((_, i) => i % 10 != 9)], [.. sentences.Where((_, i) => i % 10 == 9)], leastCount: 2);
    }

    /// <summary>One chapter, to be learnt by heart in seconds: it is judged by what it was trained on.</summary>
    public static Corpus Chapter()
    {
        using var reader = new StreamReader(typeof(Corpus).Assembly.GetManifestResourceStream("genesis-1.txt")!);
        TaggedSentence[] sentences = [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(TaggedSentence.Parse)];
        return new(sentences, sentences, leastCount: 1);
    }

    public int NumberOf(string word) => _numbers.GetValueOrDefault(word, Unknown);
}
