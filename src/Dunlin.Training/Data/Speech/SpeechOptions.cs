namespace Dunlin.Training.Data;

/// <summary>What is spoken.</summary>
public enum SpeechText
{
    /// <summary>Verses of the <see cref="KingJamesBible"/> where it is installed, else sentences that are put together from a list of words.</summary>
    BibleIfInstalled,

    /// <summary>Verses of the <see cref="KingJamesBible"/>.</summary>
    Bible,

    /// <summary>Sentences that are put together from a list of words.</summary>
    BuiltIn,
}

/// <summary>How <see cref="GeneratedSpeech"/> is made.</summary>
public sealed record SpeechOptions
{
    /// <summary>Minutes of speech to learn from; the last sentence is spoken to its end.</summary>
    /// <value>Above 0; 15 unless set.</value>
    public double Minutes { get; init => field = Require.Above(nameof(SpeechOptions), value, 0); } = 15;

    /// <summary>Minutes of speech to hold back, of other sentences.</summary>
    /// <value>Above 0; 2 unless set.</value>
    public double TestMinutes { get; init => field = Require.Above(nameof(SpeechOptions), value, 0); } = 2;

    /// <summary>What is spoken.</summary>
    public SpeechText Text { get; init; }

    /// <summary>Chooses sentences, voices, speeds, pitches and noise.</summary>
    public ulong Seed { get; init; }

    /// <summary>The least ratio of speech to noise, in dB of their mean powers. An utterance's is uniform between this and <see cref="MostSignalToNoise"/>.</summary>
    /// <value>0 unless set.</value>
    public double LeastSignalToNoise { get; init => field = Require.Between(nameof(SpeechOptions), value, -100, 100); }

    /// <summary>The most, in dB.</summary>
    /// <value>20 unless set; at least <see cref="LeastSignalToNoise"/>.</value>
    public double MostSignalToNoise { get; init => field = Require.Between(nameof(SpeechOptions), value, -100, 100); } = 20;
}
