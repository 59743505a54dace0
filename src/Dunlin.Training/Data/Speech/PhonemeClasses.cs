using System.Collections.Frozen;

namespace Dunlin.Training.Data;

/// <summary>
/// The sounds of American English that a frame of speech is told to be: 47 phonemes, named as in ARPABET and TIMIT (with <c>aar</c>, <c>aor</c>, <c>ehr</c>, <c>ihr</c> and <c>uhr</c> for
/// vowels that end in r, which espeak-ng speaks as one), and silence, number 0. Stress, length and variants of a sound are one class.
/// </summary>
public static class PhonemeClasses
{
    /// <summary>Each class and the mnemonics of espeak-ng's voice en-us that belong to it. A stop of the glottis counts as silence, as it does with TIMIT.</summary>
    private static readonly (string Class, string Mnemonics)[] Table =
    [
        ("sil", "_ _: _! _| ?"),
        ("aa", "0 A:"), ("aar", "A@"), ("ae", "a aa"), ("ah", "V"), ("ao", "O O: O2"), ("aor", "O@ o@"), ("aw", "aU"), ("ax", "@ @2 @- a#"), ("ay", "aI aI@ aI3"),
        ("b", "b"), ("ch", "tS"), ("d", "d"), ("dh", "D"), ("dx", "t#"), ("eh", "E"), ("ehr", "e@"), ("el", "@L"), ("er", "3 3:"), ("ey", "eI"),
        ("f", "f"), ("g", "g"), ("hh", "h"), ("ih", "I I# I2"), ("ihr", "i@ i@3"), ("iy", "i i:"), ("jh", "dZ"), ("k", "k"), ("l", "l"), ("m", "m"),
        ("n", "n n-"), ("ng", "N"), ("ow", "oU"), ("oy", "OI"), ("p", "p"), ("r", "r r-"), ("s", "s"), ("sh", "S"), ("t", "t t2"), ("th", "T"),
        ("uh", "U"), ("uhr", "U@"), ("uw", "u u:"), ("v", "v"), ("w", "w"), ("y", "j ;"), ("z", "z"), ("zh", "Z"),
    ];

    private static readonly FrozenDictionary<string, int> Classes =
        Table.SelectMany((row, i) => row.Mnemonics.Split(' ').Select(m => KeyValuePair.Create(m, i))).ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The number of silence.</summary>
    public const int Silence = 0;

    /// <summary>What the class numbers stand for.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Table.Select(row => row.Class)];

    /// <summary>The class of a mnemonic of espeak-ng, with or without marks of stress.</summary>
    /// <param name="mnemonic">As <see cref="SpokenPhoneme.Name"/>.</param>
    /// <returns>The class, or null where the sound is none of American English.</returns>
    public static int? Of(string mnemonic) => Classes.TryGetValue(mnemonic.Trim('\'', ',', '%', '='), out var number) ? number : null;
}
