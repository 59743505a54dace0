namespace Dunlin.Training.Data;

/// <summary>Who speaks, and how.</summary>
/// <param name="Name">A voice of espeak-ng, with a variant after a plus sign, such as <c>en-us+f2</c>.</param>
/// <param name="WordsPerMinute">The speed, from 80 to 450.</param>
/// <param name="Pitch">From 0 to 100; 50 is usual.</param>
public sealed record SpeechVoice(string Name = "en-us", int WordsPerMinute = 175, int Pitch = 50)
{
    /// <summary>The speed, from 80 to 450.</summary>
    public int WordsPerMinute { get; init => field = Speed(value); } = Speed(WordsPerMinute);

    /// <summary>From 0 to 100; 50 is usual.</summary>
    public int Pitch { get; init => field = Height(value); } = Height(Pitch);

    private static int Speed(int value) => Require.Between(nameof(SpeechVoice), value, 80, 450, nameof(WordsPerMinute));

    private static int Height(int value) => Require.Between(nameof(SpeechVoice), value, 0, 100, nameof(Pitch));
}

/// <summary>A sound within an utterance; it lasts until the next one begins.</summary>
/// <param name="Name">espeak-ng's mnemonic, such as <c>i:</c> or <c>tS</c>; see <see cref="PhonemeClasses"/>.</param>
/// <param name="Begin">Its first sample.</param>
public readonly record struct SpokenPhoneme(string Name, int Begin);

/// <summary>A spoken text.</summary>
/// <param name="SampleRate">Samples a second.</param>
/// <param name="Samples">The sound, from −32,768 to 32,767.</param>
/// <param name="Phonemes">The sounds in their order, pauses among them.</param>
public sealed record Speech(int SampleRate, IReadOnlyList<short> Samples, IReadOnlyList<SpokenPhoneme> Phonemes);

/// <summary>
/// The speech synthesiser espeak-ng, which says when each phoneme begins. From Debian's package espeak-ng (libespeak-ng.so.1, tested with 1.51). An utterance depends on text
/// and voice alone: not on what was spoken before.
/// </summary>
public static class EspeakNg
{
    private static readonly Lock Gate = new();

    /// <summary>Whether the library is there.</summary>
    public static bool IsInstalled()
    {
        lock (Gate) return EspeakLibrary.IsInstalled();
    }

    /// <summary>Speaks a text; one at a time, for the library has one state for the whole process.</summary>
    /// <param name="text">English, without markup.</param>
    /// <param name="voice">Who speaks; an American at usual speed and pitch unless given.</param>
    /// <exception cref="DunlinException">The library is not installed, has no such voice, or is in use by another part of this process.</exception>
    public static Speech Speak(string text, SpeechVoice? voice = null)
    {
        lock (Gate)
        {
            using var library = EspeakLibrary.Load();
            return library.Speak(text, voice ?? new SpeechVoice());
        }
    }
}
