using Dunlin.Training.Data;

namespace Dunlin.Training.Tests.Data;

public class EspeakNgTests
{
    private const string Text = "The judge heard a question.";

    [EspeakFact]
    public void A_text_is_spoken_with_its_phonemes()
    {
        var speech = EspeakNg.Speak("She sees the sea.");
        Assert.Equal(22_050, speech.SampleRate);
        Assert.InRange(speech.Samples.Count, 22_050 / 2, 3 * 22_050);
        Assert.True(speech.Samples.Max() > 3000);
        Assert.Equal(["sh", "iy", "s", "iy", "z", "dh", "ax", "s", "iy", "sil"], speech.Phonemes.Select(p => PhonemeClasses.Names[PhonemeClasses.Of(p.Name)!.Value]).Where((name, i) => i < 10));
        Assert.All(speech.Phonemes.Zip(speech.Phonemes.Skip(1)), p => Assert.True(p.First.Begin <= p.Second.Begin && p.Second.Begin <= speech.Samples.Count));
    }

    /// <summary>The library's own state runs on from text to text.</summary>
    [EspeakFact]
    public void An_utterance_does_not_depend_on_those_before()
    {
        var first = EspeakNg.Speak(Text, new("en-us+f3", 160, 40));
        EspeakNg.Speak("Something else, by somebody else!", new("en-us+klatt", 300, 90));
        Same(first, EspeakNg.Speak(Text, new("en-us+f3", 160, 40)));
        Assert.NotEqual(first.Samples, EspeakNg.Speak(Text, new("en-us+m3", 160, 40)).Samples);
    }

    [EspeakFact]
    public void Many_threads_may_speak()
    {
        var alone = EspeakNg.Speak(Text);
        Parallel.For(0, 8, _ => Same(alone, EspeakNg.Speak(Text)));
    }

    [EspeakFact]
    public void Speed_changes_the_length() => Assert.True(EspeakNg.Speak(Text, new(WordsPerMinute: 300)).Samples.Count < 0.8 * EspeakNg.Speak(Text, new(WordsPerMinute: 120)).Samples.Count);

    [EspeakFact]
    public void An_unknown_voice_is_named() => Assert.Contains("\"xx-nobody\"", Assert.Throws<DunlinException>(() => EspeakNg.Speak(Text, new("xx-nobody"))).Message, StringComparison.Ordinal);

    [Fact]
    public void Numbers_of_a_voice_have_a_range()
    {
        Assert.Contains("WordsPerMinute", Assert.Throws<InvalidValueException>(() => new SpeechVoice(WordsPerMinute: 79)).Message, StringComparison.Ordinal);
        Assert.Contains("Pitch", Assert.Throws<InvalidValueException>(() => new SpeechVoice(Pitch: 101)).Message, StringComparison.Ordinal);
    }

    private static void Same(Speech expected, Speech given)
    {
        Assert.Equal(expected.Samples, given.Samples);
        Assert.Equal(expected.Phonemes, given.Phonemes);
    }
}
