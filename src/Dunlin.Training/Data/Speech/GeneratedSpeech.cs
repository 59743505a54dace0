namespace Dunlin.Training.Data;

/// <summary>
/// Speech that <see cref="EspeakNg"/> synthesises, with noise: log-mel features (<see cref="LogMelSpectrum"/>) of frames, 100 a second, each with the phoneme that is spoken at its
/// centre (<see cref="PhonemeClasses"/>). Sentences of the test are others than those of the training; voices, speeds, pitches, loudness and noise differ from
/// sentence to sentence. Features have mean 0 and deviation 1 over the training frames. The same options give the same bytes, with the same synthesiser and text installed.
/// </summary>
public static class GeneratedSpeech
{
    /// <summary>The classes' names.</summary>
    public static IReadOnlyList<string> ClassNames => PhonemeClasses.Names;

    /// <summary>
    /// Frames by themselves, for convolutional and fully connected models. Fields: <c>frames</c> Float32 [1, context, 40], a frame in the middle of its neighbours (the first and the last frame of
    /// an utterance stand for those beyond), and <c>label</c> Int64 [], the middle frame's phoneme. No time derivatives: over several frames, they are linear functions of
    /// these features.
    /// </summary>
    /// <param name="options">How the speech is made.</param>
    /// <param name="context">How many frames a model sees: an odd number.</param>
    /// <exception cref="DunlinException">The synthesiser or the text is not installed, or a number is out of range.</exception>
    public static TrainTest Frames(SpeechOptions? options = null, int context = 11)
    {
        Require.That(nameof(GeneratedSpeech), context, context > 0 && context % 2 == 1, "an odd number above 0");
        return Make(options, corpus => new SpeechFrames(corpus, context));
    }

    /// <summary>
    /// Stretches of frames, for recurrent models. Fields: <c>frames</c> Float32 [steps, 40] and <c>label</c> Int64 [steps]. An utterance is cut into stretches one after the other;
    /// what is left at its end is left out.
    /// </summary>
    /// <param name="options">How the speech is made.</param>
    /// <param name="steps">Frames of a stretch, at least 1.</param>
    /// <exception cref="DunlinException">The synthesiser or the text is not installed, or a number is out of range.</exception>
    public static TrainTest Sequences(SpeechOptions? options = null, int steps = 20)
    {
        Require.AtLeast(nameof(GeneratedSpeech), steps, 1);
        return Make(options, corpus => new SpeechSequences(corpus, steps));
    }

    private static TrainTest Make(SpeechOptions? options, Func<SpeechCorpus, IDataset> view)
    {
        options ??= new();
        var (train, test) = (SpeechCorpus.Speak(options, options.Minutes, test: false), SpeechCorpus.Speak(options, options.TestMinutes, test: true));
        var (mean, deviation) = train.Moments();
        train.Normalize(mean, deviation);
        test.Normalize(mean, deviation);
        return new(view(train), view(test)) { ClassNames = ClassNames };
    }
}
