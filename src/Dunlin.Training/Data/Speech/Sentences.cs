using Dunlin.Tensors;

namespace Dunlin.Training.Data;

/// <summary>
/// Different texts to speak, in an order chosen by a seed. Whether one is for training or for the test is decided by the text itself, so no text is in both,
/// whatever the seed and however many are taken.
/// </summary>
internal static class Sentences
{
    /// <summary>One text of so many is for the test.</summary>
    private const int TestShare = 8;

    private static readonly string[] Determiners = ["the", "a", "this", "that", "every", "his", "her", "our", "your", "another"];
    private static readonly string[] Adjectives =
        ["old", "young", "quiet", "heavy", "yellow", "cheerful", "narrow", "broken", "gentle", "foreign", "huge", "sharp", "thirsty", "unusual", "royal", "soft", "curious", "jealous"];
    private static readonly string[] Nouns =
        ["sailor", "teacher", "garden", "bridge", "journey", "village", "measure", "kitchen", "orchard", "thief", "question", "boy", "army", "shepherd", "weather", "judge", "fire", "lawyer", "bird", "cow", "treasure", "youth", "path", "shore"];
    private static readonly string[] Verbs =
        ["watched", "carried", "forgot", "praised", "followed", "reached", "divided", "enjoyed", "heard", "chose", "brought", "crossed", "understood", "left", "painted", "sought", "visited", "gave up", "looked for", "thought about"];
    private static readonly string[] Adverbs = ["slowly", "usually", "never", "at once", "with pleasure", "there", "before noon", "by chance", "together", "again", "in the north", "without a word"];
    private static readonly string[] Joints = ["; and", ", but", ", because", "while", ", for", "when", ": then"];

    /// <summary>The texts for training, or for the test.</summary>
    /// <param name="text">Where they come from.</param>
    /// <param name="seed">Chooses the order.</param>
    /// <param name="test">Whether for the test.</param>
    /// <exception cref="DunlinException">The text that is wanted is not installed.</exception>
    public static IEnumerable<string> Of(SpeechText text, ulong seed, bool test) =>
        (text == SpeechText.BuiltIn || (text == SpeechText.BibleIfInstalled && !KingJamesBible.IsInstalled()) ? Invented(seed) : Verses(seed))
        .Where(sentence => PhiloxKey.StreamOf(sentence) % TestShare == 0 == test);

    private static IEnumerable<string> Verses(ulong seed)
    {
        // Some verses occur again and again; brackets would be read as pauses.
        string[] verses = [.. KingJamesBible.Load().Select(v => v.Text.Replace("(", "", StringComparison.Ordinal).Replace(")", "", StringComparison.Ordinal)).Distinct(StringComparer.Ordinal)];
        var order = new int[verses.Length];
        Philox.Permutation(order, seed, 0);
        return order.Select(i => verses[i]);
    }

    /// <summary>Two clauses each, of some hundred million million possible.</summary>
    private static IEnumerable<string> Invented(ulong seed)
    {
        var stream = PhiloxKey.StreamOf("speech/sentences");
        for (var i = 0; ; i++)
        {
            var (key, draw) = (new PhiloxKey(seed, stream).At(i), 0ul);
            string One(string[] words) => words[Philox.Below((ulong)words.Length, key, draw++)];
            string Thing() => $"{One(Determiners)} {One(Adjectives)} {One(Nouns)}";
            string Clause() => $"{Thing()} {One(Verbs)} {Thing()} {One(Adverbs)}";
            yield return $"{Clause()} {One(Joints)} {Clause()}.".Replace(" ,", ",", StringComparison.Ordinal).Replace(" ;", ";", StringComparison.Ordinal).Replace(" :", ":", StringComparison.Ordinal);
        }
    }
}
