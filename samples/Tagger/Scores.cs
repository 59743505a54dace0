namespace Dunlin.Samples.Tagger;

/// <summary>How well tags were found.</summary>
/// <param name="Name">By what.</param>
/// <param name="Accuracy">The share of words with the right tag.</param>
/// <param name="MacroF1">The mean of the F1 of all tags that occur.</param>
/// <param name="F1">2 · right / (found + there) for each tag; NaN for one that does not occur.</param>
public sealed record Scores(string Name, double Accuracy, double MacroF1, IReadOnlyList<double> F1)
{
    public static Scores Of(string name, IEnumerable<(TaggedSentence Sentence, int[] Tags)> tagged)
    {
        var (right, found, there) = (new int[Tags.Count], new int[Tags.Count], new int[Tags.Count]);
        foreach (var (sentence, tags) in tagged)
            for (var t = 0; t < tags.Length; t++)
            {
                found[tags[t]]++;
                there[sentence.Tags[t]]++;
                if (tags[t] == sentence.Tags[t]) right[tags[t]]++;
            }
        double[] f1 = [.. Enumerable.Range(0, Tags.Count).Select(k => there[k] == 0 ? double.NaN : 2.0 * right[k] / (found[k] + there[k]))];
        return new(name, (double)right.Sum() / there.Sum(), f1.Where(double.IsFinite).Average(), f1);
    }

    /// <summary>The most frequent tag for every word.</summary>
    public static Scores Majority(Corpus corpus)
    {
        var tag = corpus.Train.SelectMany(s => s.Tags).CountBy(t => t).MaxBy(p => p.Value).Key;
        return Of("the most frequent tag", corpus.Test.Select(s => (s, s.Tags.Select(_ => tag).ToArray())));
    }

    /// <summary>For each word the tag that it most often has.</summary>
    public static Scores WordByWord(Corpus corpus)
    {
        var tags = corpus.Train.SelectMany(s => s.Words.Zip(s.Tags)).GroupBy(p => p.First, p => p.Second).ToDictionary(g => g.Key, g => g.CountBy(t => t).MaxBy(p => p.Value).Key);
        return Of("each word's most frequent tag", corpus.Test.Select(s => (s, s.Words.Select(w => tags.GetValueOrDefault(w)).ToArray())));
    }
}
