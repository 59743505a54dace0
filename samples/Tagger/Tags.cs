namespace Dunlin.Samples.Tagger;

/// <summary>What is to be restored at a word: the mark that follows it, and whether it begins with a capital. Fourteen tags.</summary>
public static class Tags
{
    /// <summary>The marks, after the tag of no mark at all.</summary>
    private const string Marks = ",.:;?!";

    public static int Count => 2 * (Marks.Length + 1);

    /// <summary>The tag of a word as it stands in a text.</summary>
    public static int Of(char? mark, bool isCapital) => 2 * (mark is { } m ? Marks.IndexOf(m, StringComparison.Ordinal) + 1 : 0) + (isCapital ? 1 : 0);

    public static bool IsMark(char c) => Marks.Contains(c, StringComparison.Ordinal);

    /// <summary>The word with its mark and capital again.</summary>
    public static string Restore(string word, int tag) => (tag % 2 == 1 ? char.ToUpperInvariant(word[0]) + word[1..] : word) + (tag >= 2 ? Marks[tag / 2 - 1] : "");

    public static string Name(int tag) => (tag % 2 == 1 ? "Capital" : "small") + (tag >= 2 ? $" {Marks[tag / 2 - 1]}" : "");
}

/// <summary>A sentence without marks and capitals, and what was there.</summary>
public sealed record TaggedSentence(string[] Words, int[] Tags)
{
    /// <summary>Takes a text apart. Brackets and other signs are dropped.</summary>
    public static TaggedSentence Parse(string text)
    {
        var (words, tags) = (new List<string>(), new List<int>());
        foreach (var token in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var begin = Array.FindIndex(token.ToCharArray(), char.IsLetter);
            if (begin < 0) continue;
            var end = Array.FindLastIndex(token.ToCharArray(), char.IsLetter) + 1;
            char? mark = token[end..].FirstOrDefault(Samples.Tagger.Tags.IsMark) is var m and not '\0' ? m : null;
            words.Add(token[begin..end].ToLowerInvariant());
            tags.Add(Samples.Tagger.Tags.Of(mark, char.IsUpper(token[begin])));
        }
        return new([.. words], [.. tags]);
    }
}
